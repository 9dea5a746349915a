"""What happened: the facts in SQLite, their mirror as JSON lines, and both read back as state and as DataFrames.

Knows no socket, task or rule. The database is the only truth; everything else here is derived from it.
"""
