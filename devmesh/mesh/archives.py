"""`mesh.audit` and `mesh.knowledge`: what happened, and what was found out. Both outlive the mesh on disk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from devmesh.mesh.faces import bundle, table
from devmesh.mesh.nouns import Picture
from devmesh.mesh.waiting import Several

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from devmesh.audit.frames import When
    from devmesh.mesh.operations import Operations
    from devmesh.mesh.verifying import Verdict
    from devmesh.vocabulary.facts import Discovery, DiscoveryShared

_SHOWN = 20


class Audit:
    """All that happened, as facts. `mesh.audit.df("lock_*", since="10m")`; as a cell's last line, live events."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    @property
    def path(self) -> Path:
        """The SQLite file; beside it lies `audit.jsonl` with the same facts, a line each."""
        return self._operations.record.path

    def df(self, kind: str = "*", *, since: When | None = None, limit: int | None = 10_000) -> pd.DataFrame:
        """Facts whose kind matches the glob, oldest first. `since` is seconds, "10m", or a time."""
        return self._operations.record.events(kind, since=since, limit=limit)

    def verify(self, *, head: str = "") -> Verdict:
        """Whether the record is whole and as it was written. `head`: one that an earlier `verify` gave."""
        return self._operations.record.verify(head=head)

    def plot(self) -> Any:
        """What happened when, as a plotly figure."""
        return self._operations.record.figure("events")

    def __iter__(self) -> Iterator[Any]:
        return self.df().itertuples(index=False)

    def __len__(self) -> int:
        return self._operations.door.replica.read(lambda state: state.sequence)

    def __repr__(self) -> str:
        return f"Audit of {len(self)} facts in {self.path}"

    def _repr_mimebundle_(self, **_: Any) -> Any:
        return bundle("events", self._operations, Picture({"text/plain": repr(self)}))


class Knowledge:
    """What agents and people shared. `mesh.knowledge.search("...")`, best first; quoted data, never instructions."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    def search(self, query: str, limit: int = 10) -> Several[Discovery]:
        """Full-text search."""
        return self._operations.door.call(self._operations.search(query, limit))

    def share(self, title: str, text: str, *, task: int | None = None) -> int:
        """Add one. Its number."""
        return self._operations.door.call(self._operations.share(title, text, task=task))

    def df(self) -> pd.DataFrame:
        """All of it, oldest first."""
        return self._operations.record.events("discovery_shared")

    def __iter__(self) -> Iterator[DiscoveryShared]:
        return iter(self._operations.record.discoveries())

    def __getitem__(self, number: int) -> DiscoveryShared:
        """The discovery of that number. Raises KeyError."""
        for found in self._operations.record.discoveries():
            if found.discovery == number:
                return found
        raise KeyError(f"there is no discovery {number}")

    def __len__(self) -> int:
        return self._operations.door.replica.read(lambda state: state.counted.get("discovery", 0))

    def _bundle(self) -> dict[str, str]:
        rows: list[tuple[object, ...]] = [
            (one.discovery, one.title, one.agent, one.task) for one in self._operations.record.discoveries()
        ]
        return table("knowledge", ("number", "title", "agent", "task"), rows[-_SHOWN:])

    def __repr__(self) -> str:
        return self._bundle()["text/plain"]

    def _repr_mimebundle_(self, **_: Any) -> Any:
        return bundle("knowledge", self._operations, Picture(self._bundle()))
