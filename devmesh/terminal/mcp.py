"""`devmesh mcp`: the mesh's tools for a coding CLI that a person runs by hand."""

from __future__ import annotations

from pathlib import Path

from devmesh.terminal import exits
from devmesh.terminal.options import Project


def mcp(project: Project = Path()) -> int:
    """Serve a coding CLI that you run yourself, over MCP.

    Locks, board, knowledge, file events and questions, on standard input and output. It joins the mesh with its first
    call, as an agent that is given no work. Agents of the mesh have it already.
    """
    from devmesh.bridge.mcp.starting import run

    run(project)
    return exits.DONE
