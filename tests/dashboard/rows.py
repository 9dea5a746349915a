"""Views made for a test: as many rows of a kind as it wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from devmesh.vocabulary.record import Request
from devmesh.vocabulary.terms import LockMode
from devmesh_widgets.rows import AgentRow, EventRow, HeaderRow, Health, LockRow, View


def view(*, now: float = 1.0, health: Health = Health.LIVE, **sections: tuple[Any, ...]) -> View:
    """A view of the project `shop` with these sections."""
    return View(now=now, header=HeaderRow(project="shop", health=health), **sections)  # type: ignore[arg-type]


def agents(*names: str, **fields: Any) -> tuple[AgentRow, ...]:
    """A row for each name."""
    return tuple(AgentRow(agent=name, tool="claude", **fields) for name in names)


def locks(count: int, *, until: float = 30.0) -> tuple[LockRow, ...]:
    """Locks with the tokens 1 to `count`."""
    rows = range(1, count + 1)
    return tuple(LockRow(token=n, target=f"src/{n}.py", mode=LockMode.READ, agent="a", until=until) for n in rows)


def events(first: int, last: int, text: str = "") -> tuple[EventRow, ...]:
    """Facts with these sequence numbers."""
    return tuple(EventRow(sequence=n, at=float(n), kind="task_posted", text=text) for n in range(first, last + 1))


class Still:
    """A source that shows what it is given."""

    project = "shop"

    def __init__(self, shown: View) -> None:
        self.shown = shown
        self.read = 0
        self.asked: list[Request] = []
        self.refusal = ""

    def view(self) -> View:
        """What it was given."""
        self.read += 1
        return self.shown

    def ask(self, request: Request, refused: Callable[[str], None], /) -> None:
        """Keep it; refuse when there is a refusal."""
        self.asked.append(request)
        if self.refusal:
            refused(self.refusal)


class FrontEnd:
    """What a browser would hold after the updates it was sent: the twin of `static/store.js`, for one section."""

    def __init__(self) -> None:
        self.rows: dict[Any, list[Any]] = {}
        self.version: int | None = None
        self.skipped = 0
        self.total: int | None = None
        self.places: dict[int, Any] = {}
        self._told: set[Any] | None = None

    def take(self, update: dict[str, Any] | None, section: str) -> None:
        """Fold one update in; an update that is missing is an error."""
        if update is None:
            return
        assert update.get("fresh") or update["v"] == (self.version or 0) + 1, "an update is missing"
        self.version = update["v"]
        delta = update["sections"].get(section, {})
        if delta.get("begin"):
            self._told, self.skipped = set(), 0
        if delta.get("begin") or "total" in delta:
            self.total = delta.get("total")
            self.places = {first + at: key for first, keys in delta.get("places", ()) for at, key in enumerate(keys)}
        for cells in delta.get("rows", ()):
            self.rows[cells[0]] = list(cells)
            if self._told is not None:
                self._told.add(cells[0])
        for key, *pairs in delta.get("edits", ()):
            for index, value in zip(pairs[::2], pairs[1::2], strict=True):
                self.rows[key][index] = value
        for key in delta.get("gone", ()):
            del self.rows[key]
        if delta.get("end") and self._told is not None:
            self.rows = {key: cells for key, cells in self.rows.items() if key in self._told}
            self._told = None
        self.skipped += delta.get("skipped", 0)
