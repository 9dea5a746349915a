"""Facts about agents, the architect's framework and shared knowledge."""

from __future__ import annotations

from typing import ClassVar

from devmesh.vocabulary.record import Fact, Record
from devmesh.vocabulary.terms import (
    Badge,
    Blockage,
    Line,
    Name,
    Number,
    PlannedTask,
    Probe,
    Resources,
    Seconds,
    Text,
    WorkspaceKind,
)


class AgentJoined(Fact):
    agent: Name
    session: Number
    tool: Name
    model: Line = ""
    capabilities: tuple[Name, ...] = ()
    host: Line = ""
    pid: int = 0
    badge: Badge = Badge.WATCHED
    declared: Resources = Resources()
    limits_heartbeat: float = 5.0
    "How often the agent is to be heard, in seconds (Rule 4)."
    lease: float = 30.0
    margin: float = 3.0
    rulebook: str = ""
    "The ten rules, whole."
    workspace: WorkspaceKind = WorkspaceKind.OWN
    probes: tuple[Probe, ...] = ()
    works: bool = True
    "False: it is never asked to work, to review or to plan."
    confined: Line = ""
    "What its tool is kept within, as it was tried by the bridge that joined. Empty: it does not say."


class AgentLeft(Fact):
    agent: Name
    reason: Line = ""


class AgentLost(Fact):
    """Its lease ended without a word. Its tasks are abandoned; its locks end with their own leases."""

    agent: Name
    reason: Line = ""


class AgentPaused(Fact):
    agent: Name


class AgentResumed(Fact):
    agent: Name


class AgentDismissed(Fact):
    """Told to stop its tool and leave."""

    agent: Name
    reason: Line = ""


class AgentParked(Fact):
    """Its tool's service would not serve. It is asked again after `retry_in` seconds, or when the person resumes it."""

    agent: Name
    blockage: Blockage
    reason: Line = ""
    retry_in: Seconds = 0.0


class AgentUnparked(Fact):
    agent: Name


class ArchitectNamed(Fact):
    """The first agent, and after its loss the longest joined one, plans for the others (Rule 1)."""

    agent: Name


class GoalSet(Fact):
    text: Text


class FrameworkRequested(Fact):
    agent: Name
    goal: Text


class FrameworkProposed(Fact):
    """The plan in force. Agents read it before they start (Rule 7)."""

    version: Number
    agent: Name
    goal: Text
    overview: Text
    tasks: tuple[PlannedTask, ...] = ()


class FrameworkRead(Fact):
    agent: Name
    version: Number


class DiscoveryShared(Fact):
    discovery: Number
    agent: Name
    title: Line
    text: Text
    task: Number | None = None


class Discovery(Record):
    """A search hit, quoted with its source."""

    discovery: Number
    agent: Name
    title: Line
    text: Text
    task: Number | None = None
    score: float = 0.0
    "BM25 as SQLite gives it: lower is better."


class DiscoveriesFound(Fact):
    recorded: ClassVar[bool] = False

    query: str
    found: tuple[Discovery, ...] = ()
