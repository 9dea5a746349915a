"""All panels together, in one widget with one comm: a mesh as the last line of a cell."""

from __future__ import annotations

from devmesh_widgets import agents, conflicts, events, hardware, inbox, locks, tasks
from devmesh_widgets.panel import Panel


class Dashboard(Panel):
    """Everything, from 600 px to a wide screen: what waits for the person comes first, and only while it does."""

    shows = (
        "header", "command", "inbox", "conflicts", "agents", "tasks", "locks",
        "events", "hardware", "tools", "knowledge",
    )  # fmt: skip
    sections = (
        "header", "inbox", "rules", "conflicts", "agents", "tasks", "tally", "locks", "waits", "hardware", "samples",
        "events",
    )  # fmt: skip
    columns = {
        **inbox.TABLES,
        **conflicts.TABLES,
        **agents.TABLES,
        **tasks.TABLES,
        **locks.TABLES,
        **hardware.TABLES,
        **events.TABLES,
    }
