"""The panel of agents: who is here, what it does, what it holds and uses."""

from __future__ import annotations

from devmesh_widgets.panel import Panel
from devmesh_widgets.picture import Column, Table, Tables
from devmesh_widgets.rows import AgentRow
from devmesh_widgets.wording import DASH, age, share

TABLES: Tables = {
    "agents": Table(
        "Agents",
        "No agents yet. Start some: %devmesh launch claude",
        (
            Column("Agent", lambda row, _: row.agent + (" (architect)" if row.architect else "")),
            Column("Tool", lambda row, _: f"{row.tool} {row.model}".strip()),
            Column("State", lambda row, _: row.state),
            Column("Guard", lambda row, _: row.badge),
            Column("Task", lambda row, _: _task(row)),
            Column("Locks", lambda row, _: row.locks),
            Column("RAM", lambda row, _: share(row.ram_gb, row.declared_ram_gb)),
            Column("Heard", lambda row, view: f"{age(view.now - row.heard)} ago"),
        ),
    )
}


def _task(row: AgentRow) -> str:
    return DASH if row.task is None else f"#{row.task} {row.title}"


class AgentsPanel(Panel):
    """Live table of the agents, with pause, resume and stop."""

    shows = ("agents",)
    sections = ("agents",)
    columns = TABLES
