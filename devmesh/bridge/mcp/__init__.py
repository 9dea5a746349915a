"""The MCP server that a bridge gives its tool: locks, board, knowledge, events, questions. Light until it serves."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devmesh.bridge.tools.tool import Program

NAME = "devmesh"
"What the server is called where a tool lists its servers; models see it before the names of its tools."


def program(desk: Path, task: int | None = None) -> Program:
    """What a tool is told to start, to speak as the agent of that desk; about that task, where one is named."""
    from devmesh.bridge.desk import SOCKET
    from devmesh.bridge.tools.catalogue import packages
    from devmesh.bridge.tools.tool import Program

    env = {SOCKET: str(desk)}
    if task is not None:
        env["DEVMESH_TASK_ID"] = str(task)
    if folder := packages():
        env["PYTHONPATH"] = folder
    return Program(argv=(sys.executable, "-P", "-m", "devmesh.bridge.mcp"), env=env)
