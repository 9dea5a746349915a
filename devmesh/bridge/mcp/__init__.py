"""The MCP server that a bridge gives its tool: locks, board, knowledge, events, questions. Light until it serves."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devmesh.bridge.tools.tool import Program

NAME = "devmesh"
"What the server is called where a tool lists its servers; models see it before the names of its tools."
TASK = "DEVMESH_TASK_ID"
"The variable that says for which task a server was started."


def program(desk: Path) -> Program:
    """What a tool is told to start, to speak as the agent of that desk."""
    from devmesh.bridge.desk import SOCKET
    from devmesh.bridge.tools.catalogue import packages
    from devmesh.bridge.tools.tool import Program

    env = {SOCKET: str(desk)}
    if folder := packages():
        env["PYTHONPATH"] = folder
    return Program(argv=(sys.executable, "-P", "-m", "devmesh.bridge.mcp"), env=env)


def about(server: Program, task: int) -> Program:
    """The same for one run: what its tool locks, shares and asks belongs to that task. 0: to none."""
    from devmesh.bridge.tools.tool import Program

    return Program(server.argv, {**server.env, TASK: str(task)}) if task else server
