"""Which CLIs there are, which of them are on this machine, and how to get the others. A table to show or to read."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from devmesh.bridge.tools.catalogue import installed
from devmesh.mesh.faces import table


class ToolStanding(NamedTuple):
    """One CLI."""

    name: str
    title: str
    installed: bool
    version: str
    "As it says itself; empty when it is missing or did not say."
    path: str
    install: str
    "How to get it."


class Tools(tuple[ToolStanding, ...]):
    """All of them, those that are here first."""

    __slots__ = ()

    def _bundle(self) -> dict[str, str]:
        rows: list[tuple[object, ...]] = [
            (tool.name, tool.title, "yes" if tool.installed else "no", tool.version, tool.path or tool.install)
            for tool in self
        ]
        return table("tools", ("name", "tool", "here", "version", "where it is, or how to get it"), rows)

    def __repr__(self) -> str:
        return self._bundle()["text/plain"]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self._bundle()


def survey(home: Path) -> Tools:
    """Ask every CLI on PATH for its version, all at once; none may take longer than 10 s. `home`: that of all meshes.

    On a thread of its own, so that it can be called where a loop runs already.
    """
    with ThreadPoolExecutor(1) as worker:
        found = worker.submit(asyncio.run, installed(home)).result()
    rows = [
        ToolStanding(
            each.name, each.title, each.executable is not None, each.version, each.executable or "", each.install
        )
        for each in found
    ]
    return Tools(sorted(rows, key=lambda tool: not tool.installed))
