"""The annexe: a process of its own per agent, which wraps one CLI, and the client's end of the wire.

Knows the words of the mesh, its address, git workspaces and processes; never the rules, and never the record.
"""
