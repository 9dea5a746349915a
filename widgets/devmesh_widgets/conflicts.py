"""The panel of what there are two versions of: side by side, to approve or to send back."""

from __future__ import annotations

from devmesh_widgets.panel import Panel
from devmesh_widgets.picture import Column, Table, Tables
from devmesh_widgets.wording import DASH, age, listed

TABLES: Tables = {
    "conflicts": Table(
        "To decide",
        "Nothing to decide.",
        (
            Column("What", lambda row, _: row.conflict),
            Column("Sort", lambda row, _: row.sort),
            Column("Agent", lambda row, _: row.agent or DASH),
            Column("Task", lambda row, _: DASH if row.task is None else f"#{row.task} {row.title}"),
            Column("Files", lambda row, _: listed(row.files)),
            Column("Said", lambda row, _: row.message or DASH),
            Column("Since", lambda row, view: age(view.now - row.since)),
        ),
    )
}


class ConflictsPanel(Panel):
    """Live cards of changes in review and in conflict, and of writes behind the gate."""

    shows = ("conflicts",)
    sections = ("conflicts",)
    columns = TABLES
