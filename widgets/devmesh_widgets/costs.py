"""The panel of costs: what the tools say they spent, by task."""

from __future__ import annotations

from devmesh_widgets.panel import Panel
from devmesh_widgets.picture import Column, Table, Tables
from devmesh_widgets.wording import DASH

TABLES: Tables = {
    "costs": Table(
        "Costs",
        "Nothing was spent yet, or no tool said so.",
        (
            Column("Task", lambda row, _: f"#{row.task} {row.title}"),
            Column("Agent", lambda row, _: row.agent or DASH),
            Column("Tokens", lambda row, _: f"{row.tokens:,}"),
            Column("Cost", lambda row, _: f"${row.dollars:.2f}" if row.dollars else DASH),
        ),
    )
}


class CostsPanel(Panel):
    """Live table of what tasks spent."""

    shows = ("header", "costs")
    sections = ("header", "costs")
    columns = TABLES
