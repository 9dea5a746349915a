"""One row per task, agent, lock, change or measurement, folded from the facts. One file per noun, all strangers.

Knows no DataFrame: a row class says what its columns are, `devmesh.audit.columns` makes them.
"""
