"""The panel of locks: who holds what, in which mode and until when; who waits, and behind whom."""

from __future__ import annotations

from devmesh_widgets.panel import Panel
from devmesh_widgets.picture import Column, Table, Tables
from devmesh_widgets.wording import DASH, age, listed


def _task(task: int | None) -> str:
    return DASH if task is None else f"#{task}"


TABLES: Tables = {
    "locks": Table(
        "Locks held",
        "Nothing is locked. Agents take locks as they work.",
        (
            Column("Target", lambda row, _: row.target),
            Column("Mode", lambda row, _: row.mode),
            Column("Agent", lambda row, _: row.agent),
            Column("Task", lambda row, _: _task(row.task)),
            Column("Held for", lambda row, view: age(view.now - row.since)),
            Column("Lease left", lambda row, view: age(row.until - view.now)),
            Column("Token", lambda row, _: row.token),
        ),
    ),
    "waits": Table(
        "Waiting for locks",
        "Nobody waits.",
        (
            Column("Targets", lambda row, _: listed(row.targets)),
            Column("Mode", lambda row, _: row.mode),
            Column("Agent", lambda row, _: row.agent),
            Column("Behind", lambda row, _: listed(row.behind)),
            Column("Task", lambda row, _: _task(row.task)),
            Column("Waited", lambda row, view: age(view.now - row.since)),
        ),
    ),
}


class LocksPanel(Panel):
    """Live tables of locks held and waited for, with a release by force that asks for a reason."""

    shows = ("locks",)
    sections = ("locks", "waits")
    columns = TABLES
