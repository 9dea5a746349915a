"""The sections an update is made of: which rows of a view, with which fields. A table, and how a row becomes JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from devmesh.vocabulary.plain import plain
from devmesh.vocabulary.terms import TaskState
from devmesh_widgets.rows import (
    AgentRow,
    ConflictRow,
    EventRow,
    HardwareRow,
    HeaderRow,
    LockRow,
    QuestionRow,
    Row,
    RuleRow,
    SampleRow,
    TallyRow,
    TaskRow,
    View,
    WaitRow,
)

TEXT_LIMIT = 300
"Characters of one cell that reach the browser; the whole text stays in the audit."
LIST_LIMIT = 20
"Items of one cell that reach the browser."

WHOLE = 300
"Rows up to which a table is told whole."

Key = str | int | float


class Section(msgspec.Struct, frozen=True):
    """One kind of row: its type, and where a view holds them."""

    row: type[Row]
    take: Callable[[View], Sequence[Row]]

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of a row's cells, in order."""
        return self.row.__struct_fields__


def _tally(view: View) -> tuple[TallyRow, ...]:
    """How many tasks are in each state: told only where the browser cannot count them itself."""
    if len(view.tasks) <= WHOLE:
        return ()
    counted = Counter(map(attrgetter("state"), view.tasks))
    return tuple(TallyRow(state=str(state), count=counted[state]) for state in TaskState)


SECTIONS: dict[str, Section] = {
    "header": Section(HeaderRow, lambda view: (view.header,)),
    "agents": Section(AgentRow, lambda view: view.agents),
    "tasks": Section(TaskRow, lambda view: view.tasks),
    "tally": Section(TallyRow, _tally),
    "locks": Section(LockRow, lambda view: view.locks),
    "waits": Section(WaitRow, lambda view: view.waits),
    "hardware": Section(HardwareRow, lambda view: (view.hardware,)),
    "samples": Section(SampleRow, lambda view: view.samples),
    "events": Section(EventRow, lambda view: view.events),
    "costs": Section(TaskRow, lambda view: [row for row in view.tasks if row.tokens or row.dollars]),
    "inbox": Section(QuestionRow, lambda view: view.questions),
    "rules": Section(RuleRow, lambda view: view.rules),
    "conflicts": Section(ConflictRow, lambda view: view.conflicts),
}


def key_of(row: Row) -> Key:
    """The first field of a row."""
    key: Key = getattr(row, row.__struct_fields__[0])
    return key


def by_key(rows: Sequence[Row]) -> dict[Key, Row]:
    """The rows of one kind by their keys. Called with ten thousand rows four times a second."""
    if not rows:
        return {}
    return dict(zip(map(attrgetter(rows[0].__struct_fields__[0]), rows), rows, strict=True))


def cells_of(row: Row) -> list[Any]:
    """The row as JSON values in field order: text plain and cut, lists cut, figures rounded to what is shown."""
    return [_cell(value) for value in msgspec.structs.astuple(row)]


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return short(value)
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, tuple):
        kept = [_cell(item) for item in value[:LIST_LIMIT]]
        return [*kept, f"and {len(value) - LIST_LIMIT} more"] if len(value) > LIST_LIMIT else kept
    return value


def short(text: str) -> str:
    """One line of harmless text, at most `TEXT_LIMIT` characters."""
    if len(text) <= TEXT_LIMIT and text.isascii() and text.isprintable() and "  " not in text and text == text.strip():
        return text  # as nearly all text is; the rest takes ten times as long
    line = " ".join(plain(text[: 4 * TEXT_LIMIT]).split())
    return line if len(line) <= TEXT_LIMIT else line[: TEXT_LIMIT - 1] + "…"
