"""Live panels of a mesh for notebooks. They read a `Source` and speak requests; they never touch the state itself."""

from __future__ import annotations

from devmesh_widgets.agents import AgentsPanel
from devmesh_widgets.dashboard import Dashboard
from devmesh_widgets.events import EventsPanel
from devmesh_widgets.hardware import HardwarePanel
from devmesh_widgets.locks import LocksPanel
from devmesh_widgets.panel import Panel
from devmesh_widgets.rows import (
    AgentRow,
    EventRow,
    HardwareRow,
    HeaderRow,
    Health,
    LockRow,
    SampleRow,
    TaskRow,
    View,
    WaitRow,
)
from devmesh_widgets.source import Source
from devmesh_widgets.tasks import TasksPanel

__all__ = [
    "AgentRow",
    "AgentsPanel",
    "Dashboard",
    "EventRow",
    "EventsPanel",
    "HardwarePanel",
    "HardwareRow",
    "HeaderRow",
    "Health",
    "LockRow",
    "LocksPanel",
    "Panel",
    "SampleRow",
    "Source",
    "TaskRow",
    "TasksPanel",
    "View",
    "WaitRow",
]
