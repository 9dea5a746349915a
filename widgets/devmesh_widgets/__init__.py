"""Live panels of a mesh for notebooks. They read a `Source` and speak requests; they never touch the state itself."""

from __future__ import annotations

from devmesh_widgets.agents import AgentsPanel
from devmesh_widgets.command import CommandPanel
from devmesh_widgets.conflicts import ConflictsPanel
from devmesh_widgets.costs import CostsPanel
from devmesh_widgets.dashboard import Dashboard
from devmesh_widgets.events import EventsPanel
from devmesh_widgets.hardware import HardwarePanel
from devmesh_widgets.inbox import InboxPanel
from devmesh_widgets.knowledge import KnowledgePanel
from devmesh_widgets.locks import LocksPanel
from devmesh_widgets.panel import Panel
from devmesh_widgets.rows import (
    AgentRow,
    ConflictRow,
    EventRow,
    HardwareRow,
    HeaderRow,
    Health,
    LockRow,
    QuestionRow,
    RuleRow,
    SampleRow,
    TaskRow,
    View,
    WaitRow,
)
from devmesh_widgets.source import Finder, Source
from devmesh_widgets.tasks import TasksPanel
from devmesh_widgets.tools import ToolsPanel

__all__ = [
    "AgentRow",
    "AgentsPanel",
    "CommandPanel",
    "ConflictRow",
    "ConflictsPanel",
    "CostsPanel",
    "Dashboard",
    "EventRow",
    "EventsPanel",
    "Finder",
    "HardwarePanel",
    "HardwareRow",
    "HeaderRow",
    "Health",
    "InboxPanel",
    "KnowledgePanel",
    "LockRow",
    "LocksPanel",
    "Panel",
    "QuestionRow",
    "RuleRow",
    "SampleRow",
    "Source",
    "TaskRow",
    "TasksPanel",
    "ToolsPanel",
    "View",
    "WaitRow",
]
