"""What one front end still has to be told: deltas of rows by key, never more than a budget. Knows no comm, no thread.

Rows beyond the budget are owed and follow in the order in which they changed. Events are never owed: the oldest of a
burst are skipped and counted. After `restart` everything is told again between `begin` and `end`, and the front end
drops what was not told, so that it never flickers. Of a long table only the places in sight are told (`windows`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from devmesh_widgets.rows import Row, View
from devmesh_widgets.sections import SECTIONS, WHOLE, Key, by_key, cells_of, key_of
from devmesh_widgets.windows import ORDERS, Order, Place, Windows

BUDGET = 80_000
"Bytes of compact JSON in one update; as Jupyter sends it, with spaces and escapes, it stays below 100,000."
ENVELOPE = 2_000
"Bytes of it kept for what surrounds the rows."
EVENT_SHARE = 30_000
"Bytes that events may take first, so that a table never starves them."

_size = msgspec.json.Encoder().encode


class Allowance:
    """What is left of a budget, in bytes."""

    def __init__(self, left: int) -> None:
        self.left = left

    def covers(self, piece: Any) -> bool:
        """Whether the piece still fits. If so it is paid for."""
        cost = len(_size(piece)) + 1
        if cost > self.left:
            return False
        self.left -= cost
        return True


class TableFeed:
    """One section whose rows come, change and go."""

    def __init__(self, section: str, windows: Windows) -> None:
        self._section = section
        self._windows = windows
        self._order = Order(section) if section in ORDERS else None
        self.restart()

    def restart(self) -> None:
        """Tell every row again."""
        self._told: dict[Key, Row] = {}
        self._owed: dict[Key, None] = {}
        self._leaving: dict[Key, None] = {}
        self._places: tuple[int, list[Place]] | None = None
        "How many rows there are, and what stands where, while only some are told."
        self._restarting = self._open = True

    @property
    def rows(self) -> int:
        """How many rows the front end holds."""
        return len(self._told)

    def take(self, rows: Sequence[Row], allowance: Allowance) -> dict[str, Any]:
        """The delta from what was told towards `rows`; empty when there is none."""
        current = by_key(rows)
        delta: dict[str, Any] = {"begin": True} if self._restarting else {}
        if self._order is not None and len(rows) > WHOLE:
            places = self._in_sight(self._order.of(current))
            if places != self._places:
                if not allowance.covers(places):
                    return {}
                delta["total"], delta["places"] = self._places = places
            current = {key: current[key] for _, keys in places[1] for key in keys}
        elif self._places is not None:
            delta["total"] = self._places = None
        self._restarting = False
        self._notice(current)
        self._tell_gone(delta, allowance)
        self._tell_changed(delta, current, allowance)
        if self._open and not self._owed:
            delta["end"] = True
            self._open = False
        return delta

    def _in_sight(self, keys: list[Key]) -> tuple[int, list[Place]]:
        spans = self._windows.spans(self._section)
        return len(keys), [[span.first, keys[span.first : span.end]] for span in spans if span.first < len(keys)]

    def _notice(self, current: dict[Key, Row]) -> None:
        told, owed = self._told, self._owed
        for key, row in current.items():
            known = told.get(key)
            if known is not row and known != row:
                owed.setdefault(key)
        for key in [key for key in told if key not in current]:
            self._leaving.setdefault(key)
        for key in [key for key in owed if key not in current]:
            del owed[key]
        for key in [key for key in self._leaving if key in current]:
            del self._leaving[key]

    def _tell_gone(self, delta: dict[str, Any], allowance: Allowance) -> None:
        gone = []
        for key in list(self._leaving):
            if not allowance.covers(key):
                break
            del self._leaving[key], self._told[key]
            gone.append(key)
        if gone:
            delta["gone"] = gone

    def _tell_changed(self, delta: dict[str, Any], current: dict[Key, Row], allowance: Allowance) -> None:
        whole: list[list[Any]] = []
        edits: list[list[Any]] = []
        for key in list(self._owed):
            row, known = current[key], self._told.get(key)
            piece = cells_of(row) if known is None else _edit(key, known, row)
            if not allowance.covers(piece):
                break
            del self._owed[key]
            self._told[key] = row
            (whole if known is None else edits).append(piece)
        if whole:
            delta["rows"] = whole
        if edits:
            delta["edits"] = edits


def _edit(key: Key, before: Row, after: Row) -> list[Any]:
    """`[key, index, value, index, value, ...]` of the cells that differ."""
    pairs = zip(cells_of(before), cells_of(after), strict=True)
    changed = [part for index, (old, new) in enumerate(pairs) if old != new for part in (index, new)]
    return [key, *changed]


class EventFeed:
    """The stream of facts: only ever grows, and says what it left out."""

    def __init__(self) -> None:
        self._last = 0.0
        self._restarting = True

    def restart(self) -> None:
        """Tell the newest again."""
        self._last, self._restarting = 0.0, True

    rows = 0

    def take(self, rows: Sequence[Row], allowance: Allowance) -> dict[str, Any]:
        """The newest of what is new, oldest first; `skipped` counts what is missing before them."""
        delta: dict[str, Any] = {"begin": True, "end": True} if self._restarting else {}
        unheard = [row for row in rows if float(key_of(row)) > self._last]
        told: list[list[Any]] = []
        for row in reversed(unheard):
            if not allowance.covers(cells := cells_of(row)):
                break
            told.append(cells)
        if told:
            rolled_away = max(0, int(float(key_of(unheard[0])) - self._last) - 1) if len(unheard) == len(rows) else 0
            skipped = len(unheard) - len(told) + rolled_away
            if skipped and not self._restarting:
                delta["skipped"] = skipped
            self._last = told[0][0]
            delta["rows"] = told[::-1]
        self._restarting = False
        return delta


class Feed:
    """Everything one panel is told, as numbered updates."""

    def __init__(self, sections: Sequence[str], budget: int = BUDGET) -> None:
        self.windows = Windows()
        self._feeds: dict[str, TableFeed | EventFeed] = {
            name: EventFeed() if name == "events" else TableFeed(name, self.windows) for name in sections
        }
        self._budget = budget
        self._turn = 0
        self._fresh = True
        self._mood: tuple[str, float] | None = None
        self.version = 0

    @property
    def rows(self) -> int:
        """How many rows the front end holds, events aside."""
        return sum(feed.rows for feed in self._feeds.values())

    def restart(self) -> None:
        """Tell everything again: somebody has missed something, or has just come."""
        for feed in self._feeds.values():
            feed.restart()
        self._fresh = True

    def advance(self, view: View, *, even_if_empty: bool = False) -> dict[str, Any] | None:
        """The next update for this view, or None when there is nothing to tell."""
        sections = self._sections(view)
        mood = (view.header.health.value, view.header.since)
        if not (sections or even_if_empty or mood != self._mood):
            return None
        self.version += 1
        update = {"kind": "update", "v": self.version, "now": round(view.now, 3), "health": mood, "sections": sections}
        if self._fresh:
            update["fresh"] = True
        self._fresh, self._mood = False, mood
        return update

    def _sections(self, view: View) -> dict[str, Any]:
        names = list(self._feeds)
        self._turn = (self._turn + 1) % len(names)  # whoever came last this time comes first in a later one
        order = sorted(names[self._turn :] + names[: self._turn], key=lambda name: name != "events")
        left, told = self._budget - ENVELOPE, {}
        for name in order:
            allowance = Allowance(min(left, EVENT_SHARE) if name == "events" else left)
            before = allowance.left
            told[name] = self._feeds[name].take(SECTIONS[name].take(view), allowance)
            left -= before - allowance.left
        return {name: told[name] for name in names if told[name]}
