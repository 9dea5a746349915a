"""The sections an update is made of: which rows of a view, with which fields. A table, and how a row becomes JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from devmesh.vocabulary.plain import plain
from devmesh_widgets.rows import (
    AgentRow,
    EventRow,
    HardwareRow,
    HeaderRow,
    LockRow,
    Row,
    SampleRow,
    TaskRow,
    View,
    WaitRow,
)

TEXT_LIMIT = 300
"Characters of one cell that reach the browser; the whole text stays in the audit."
LIST_LIMIT = 20
"Items of one cell that reach the browser."

Key = str | int | float


class Section(msgspec.Struct, frozen=True):
    """One kind of row: its type, and where a view holds them."""

    row: type[Row]
    take: Callable[[View], Sequence[Row]]

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of a row's cells, in order."""
        return self.row.__struct_fields__


SECTIONS: dict[str, Section] = {
    "header": Section(HeaderRow, lambda view: (view.header,)),
    "agents": Section(AgentRow, lambda view: view.agents),
    "tasks": Section(TaskRow, lambda view: view.tasks),
    "locks": Section(LockRow, lambda view: view.locks),
    "waits": Section(WaitRow, lambda view: view.waits),
    "hardware": Section(HardwareRow, lambda view: (view.hardware,)),
    "samples": Section(SampleRow, lambda view: view.samples),
    "events": Section(EventRow, lambda view: view.events),
}


def key_of(row: Row) -> Key:
    """The first field of a row."""
    key: Key = getattr(row, row.__struct_fields__[0])
    return key


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
    line = " ".join(plain(text[: 4 * TEXT_LIMIT]).split())
    return line if len(line) <= TEXT_LIMIT else line[: TEXT_LIMIT - 1] + "…"
