"""The panel of events: the last facts, newest first."""

from __future__ import annotations

from datetime import UTC, datetime

from devmesh_widgets.panel import Panel
from devmesh_widgets.picture import Column, Table, Tables
from devmesh_widgets.wording import DASH

TABLES: Tables = {
    "events": Table(
        "Events",
        "Nothing has happened yet.",
        (
            Column("Time (UTC)", lambda row, _: datetime.fromtimestamp(row.at, UTC).strftime("%H:%M:%S")),
            Column("Event", lambda row, _: row.kind.replace("_", " ")),
            Column("Agent", lambda row, _: row.agent or DASH),
            Column("Task", lambda row, _: DASH if row.task is None else f"#{row.task}"),
            Column("What", lambda row, _: row.text),
        ),
    )
}


class EventsPanel(Panel):
    """Live list of the last facts; the whole record is in `mesh.audit`."""

    shows = ("events",)
    sections = ("events",)
    columns = TABLES
