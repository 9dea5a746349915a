"""From the command line to a running server: who it speaks for, and that it says why when it cannot."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from devmesh.bridge.desk import SOCKET
from devmesh.bridge.mcp import TASK


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until standard input ends; returns 0."""
    parser = argparse.ArgumentParser(
        prog="python -m devmesh.bridge.mcp", description="Speak MCP on standard input and output for a mesh."
    )
    parser.add_argument("--project", type=Path, default=Path(), help="the project's folder (default: here)")
    run(parser.parse_args(arguments).project)
    return 0


def run(project: Path) -> None:
    """Serve for the agent whose desk the surroundings name; without one, as an agent of its own."""
    try:
        asyncio.run(_serve(project))
    except KeyboardInterrupt:
        sys.stderr.write("devmesh: stopped\n")


async def _serve(project: Path) -> None:
    gc.disable()  # the package makes thousands of classes, and none of them is garbage: a seventh of the start
    from devmesh.bridge.mcp.server import serve

    gc.freeze()
    gc.enable()
    desk = os.environ.get(SOCKET)
    if desk:
        from devmesh.bridge.mcp.client import DeskClient

        await serve(DeskClient(Path(desk), _task()))
        return
    from devmesh.bridge.mcp.standalone import Guest

    async with Guest(project) as guest:
        await serve(guest)


def _task() -> int | None:
    """The task the tool was started for, as its bridge says."""
    said = os.environ.get(TASK, "")
    return int(said) if said.isdecimal() else None
