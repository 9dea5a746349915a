"""The panel of tasks: what is open, who is at it, what it waits for, and how it ended."""

from __future__ import annotations

from devmesh.vocabulary.terms import TaskState
from devmesh_widgets.panel import Panel
from devmesh_widgets.picture import Column, Table, Tables
from devmesh_widgets.rows import TaskRow, View
from devmesh_widgets.wording import DASH, age, listed, span

_OVER = (TaskState.COMPLETED, TaskState.FAILED, TaskState.CANCELLED)


def _time(row: TaskRow, view: View) -> str:
    """How long it took, once it is over; until then, how long it has been in its state."""
    if row.state not in _OVER:
        return age(view.now - row.since)
    return DASH if row.began is None else span(row.since - row.began)


TABLES: Tables = {
    "tasks": Table(
        "Tasks",
        'No tasks yet. Post one: %devmesh task "Fix the failing tests"',
        (
            Column("Task", lambda row, _: f"#{row.task} {row.title}"),
            Column("State", lambda row, _: f"{row.state}: {row.held_up}" if row.held_up else row.state),
            Column("Priority", lambda row, _: row.priority),
            Column("Agent", lambda row, _: row.agent or DASH),
            Column("Attempt", lambda row, _: row.attempt or DASH),
            Column("Time", _time),
            Column("Waits for", lambda row, _: listed([f"#{task}" for task in row.waits_for])),
            Column("Files", lambda row, _: listed(row.files)),
        ),
    )
}


class TasksPanel(Panel):
    """Live table of the tasks, with pause, resume, cancel and retry."""

    shows = ("tasks",)
    sections = ("tasks", "tally")
    columns = TABLES
