"""All panels together, in one widget with one comm: a mesh as the last line of a cell."""

from __future__ import annotations

from devmesh_widgets import agents, events, hardware, locks, tasks
from devmesh_widgets.panel import Panel


class Dashboard(Panel):
    """The mesh at a glance: header, agents, tasks, locks, hardware and events, from 600 px to a wide screen."""

    shows = ("header", "agents", "tasks", "locks", "hardware", "events")
    sections = ("header", "agents", "tasks", "locks", "waits", "hardware", "samples", "events")
    columns = {**agents.TABLES, **tasks.TABLES, **locks.TABLES, **hardware.TABLES, **events.TABLES}
