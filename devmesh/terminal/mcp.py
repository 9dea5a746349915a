"""`devmesh mcp`: the mesh's tools for a coding CLI that a person runs by hand."""

from __future__ import annotations

from pathlib import Path

from devmesh.terminal import exits
from devmesh.terminal.options import Project


def mcp(project: Project = Path()) -> int:
    """Speak MCP on standard input and output, for a tool that you run yourself: locks, board, knowledge, questions.

    It joins the mesh with its first call, as an agent that is given no work. Agents of the mesh have it already.
    """
    from devmesh.bridge.mcp.starting import run

    run(project)
    return exits.DONE
