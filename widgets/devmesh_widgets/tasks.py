"""The panel of tasks: what is open, who is at it, what it waits for, and how it ended."""

from __future__ import annotations

from devmesh_widgets.panel import Panel
from devmesh_widgets.picture import Column, Table, Tables
from devmesh_widgets.wording import DASH, age, listed

TABLES: Tables = {
    "tasks": Table(
        "Tasks",
        'No tasks yet. Post one: %devmesh task "Fix the failing tests"',
        (
            Column("Task", lambda row, _: f"#{row.task} {row.title}"),
            Column("State", lambda row, _: row.state),
            Column("Priority", lambda row, _: row.priority),
            Column("Agent", lambda row, _: row.agent or DASH),
            Column("Attempt", lambda row, _: row.attempt or DASH),
            Column("For", lambda row, view: age(view.now - row.since)),
            Column("Waits for", lambda row, _: listed([f"#{task}" for task in row.waits_for])),
            Column("Files", lambda row, _: listed(row.files)),
        ),
    )
}


class TasksPanel(Panel):
    """Live table of the tasks, with pause, resume, cancel and retry."""

    shows = ("tasks",)
    sections = ("tasks",)
    columns = TABLES
