"""Which rows of a long table a front end is told: those its views show, in the table's own order. Knows no comm.

A short table is told whole and the browser puts it in order. Beyond `sections.WHOLE` rows a view says which places it
shows, and is told what stands there, so that ten thousand rows cost as much as those in sight. `ORDERS` are the twins
of `order` in `static/*.js`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from devmesh.vocabulary.terms import TaskState
from devmesh_widgets.rows import Row, TaskRow
from devmesh_widgets.sections import Key

WINDOW_LIMIT = 16
"Windows kept for one table, whatever the views ask for; the oldest goes first."
SPAN_LIMIT = 400
"Rows of one window."

Place = list[Any]
"`[first, [key, key, ...]]`: what stands from that place on."


class Span(NamedTuple):
    """Places `first` to `end`, without `end`."""

    first: int
    end: int


BEGINNING = Span(0, 100)
"What is told while no view has said what it shows."

_TASKS = {
    state: place
    for place, state in enumerate(
        (
            TaskState.WORKING, TaskState.CLAIMED, TaskState.REVIEW, TaskState.PAUSED, TaskState.ABANDONED,
            TaskState.QUEUED, TaskState.FAILED, TaskState.CANCELLED, TaskState.COMPLETED,
        )
    )
}  # fmt: skip
_OVER = frozenset({TaskState.FAILED, TaskState.COMPLETED, TaskState.CANCELLED})


def _task_place(row: TaskRow) -> tuple[float, ...]:
    return (_TASKS.get(row.state, len(_TASKS)), -row.since if row.state in _OVER else row.priority, row.task)


@cache
def _natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """`claude-2` before `claude-10`."""
    parts = re.findall(r"\d+|\D+", name[:200])
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part.casefold()) for part in parts)


ORDERS: dict[str, Callable[[Any], Any]] = {
    "agents": lambda row: (not row.architect, _natural(row.agent)),
    "tasks": _task_place,
    "locks": attrgetter("target"),  # those of one target stay as they came: by token
    "waits": attrgetter("since", "ticket"),
}


class Windows:
    """What the views of one panel show: places of long tables."""

    def __init__(self) -> None:
        self._asked: dict[str, dict[tuple[str, str], Span]] = {}

    def ask(self, view: str, table: str, section: str, first: int, count: int) -> None:
        """A table of a view shows these places from now on; none, if `count` is 0."""
        if section not in ORDERS:
            return
        spans = self._asked.setdefault(section, {})
        spans.pop((view, table), None)
        if count:
            spans[view, table] = Span(first, first + min(count, SPAN_LIMIT))
        while len(spans) > WINDOW_LIMIT:
            del spans[next(iter(spans))]

    def closed(self, view: str) -> None:
        """The view is gone."""
        for section, spans in self._asked.items():
            self._asked[section] = {asked: span for asked, span in spans.items() if asked[0] != view}

    def spans(self, section: str) -> Iterator[Span]:
        """What is shown of a section, without overlaps, in order."""
        end = 0
        for span in sorted(self._asked.get(section, {}).values()) or [BEGINNING]:
            if span.end > end:
                yield Span(max(end, span.first), span.end)
                end = span.end


class Order:
    """The rows of a long table in their order, kept from one moment to the next: little changes in between."""

    def __init__(self, section: str) -> None:
        self._place = ORDERS[section]
        self._rows: Mapping[Key, Row] = {}
        self._places: dict[Key, Any] = {}
        self._keys: list[Key] = []

    def of(self, rows: Mapping[Key, Row]) -> list[Key]:
        """The keys in order. Looks only at rows that are not the very same as before; keeps `rows`."""
        before, places = self._rows, self._places
        changed = [key for key, row in rows.items() if before.get(key) is not row]
        gone = before.keys() - rows.keys() if len(rows) != len(before) or changed else ()
        for key in changed:
            places[key] = self._place(rows[key])
        for key in gone:
            del places[key]
        if changed or gone:
            self._keys = [key for key in self._keys if key in rows] + [key for key in changed if key not in before]
            self._keys.sort(key=places.__getitem__)  # two runs, nearly: as quick as reading it
        self._rows = rows
        return self._keys
