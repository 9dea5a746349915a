"""Which CLIs there are, which of them are on this machine, and how to get the others. A table to show or to read."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

from devmesh.bridge.guarding.dialects import hooked
from devmesh.bridge.tools.catalogue import Entry, Installed, installed, load
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
    seen: str = ""
    "With which version its row in our registry was run (V), or that it was only read about (D)."
    asks: str = ""
    "How it can be made to ask before an edit: `protocol`, `acp`, `hook`; empty: it cannot."
    mesh_tools: bool = False
    "Whether it takes the mesh's own tools, by MCP."


COLUMNS: Final = ("name", "tool", "here", "version", "asks by", "mesh tools", "where it is, or how to get it")


class Tools(tuple[ToolStanding, ...]):
    """All of them, those that are here first."""

    __slots__ = ()

    @property
    def rows(self) -> list[tuple[object, ...]]:
        """A row for each, under `COLUMNS`."""
        return [
            (
                tool.name,
                tool.title,
                "yes" if tool.installed else "no",
                tool.version or "-",
                tool.asks or "-",
                "yes" if tool.mesh_tools else "no",
                tool.path or tool.install,
            )
            for tool in self
        ]

    def _bundle(self) -> dict[str, str]:
        return table("tools", COLUMNS, self.rows)

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
    entries = load(home).tools
    rows = [_standing(each, entries[each.name]) for each in found]
    return Tools(sorted(rows, key=lambda tool: not tool.installed))


def _standing(found: Installed, entry: Entry) -> ToolStanding:
    by_protocol = "" if entry.talk is None else "acp" if entry.talk.protocol == "acp" else "protocol"
    return ToolStanding(
        found.name,
        found.title,
        found.executable is not None,
        found.version,
        found.executable or "",
        found.install,
        entry.seen,
        by_protocol or ("hook" if hooked(entry) else ""),
        entry.mcp is not None or by_protocol == "acp",
    )
