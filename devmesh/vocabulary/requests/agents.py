"""Joining, being heard, leaving, and what everybody may know."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from devmesh.vocabulary.record import Request
from devmesh.vocabulary.requests.sizes import PROTOCOL, Tokens
from devmesh.vocabulary.terms import (
    Badge,
    Line,
    Name,
    Number,
    PlannedTask,
    Probe,
    Resources,
    Text,
    Tool,
    WorkspaceKind,
)


class Join(Request):
    """Become an agent of the mesh. Answered by `AgentJoined`, or the same again when the session is resumed."""

    tool: Tool
    protocol: int = PROTOCOL
    model: Line = ""
    capabilities: Annotated[tuple[Name, ...], Meta(max_length=50)] = ()
    host: Line = ""
    pid: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    badge: Badge = Badge.WATCHED
    declared: Resources = Resources()
    "What one task of this agent takes while it runs."
    workspace: WorkspaceKind = WorkspaceKind.OWN
    probes: Annotated[tuple[Probe, ...], Meta(max_length=20)] = ()
    "What the canary found: the badge is what was measured."
    works: bool = True
    "False: it holds locks and talks with the others, and is never asked to work, to review or to plan."
    confined: Line = ""
    "What its tool is kept within, as was tried: `landlock 4, rlimits AS`, or `nothing`. Empty: it does not say."


class Leave(Request):
    """Go, cleanly: locks are freed and unfinished work is requeued at once."""

    reason: Line = ""


class Heartbeat(Request):
    """Renew the session and the listed locks. The answer lists what was renewed; anything missing is gone."""

    tokens: Tokens = ()
    used: Resources = Resources()
    "RAM and GPU memory of the agent's process tree, measured."


class ReadFramework(Request):
    """Confirm that a version of the framework was given to the tool (Rule 7)."""

    version: Number


class ProposeFramework(Request):
    """The architect's plan for the goal (Rule 1): an overview and a task graph."""

    overview: Text
    tasks: Annotated[tuple[PlannedTask, ...], Meta(max_length=200)] = ()


class ShareDiscovery(Request):
    """Leave something found out for the others. Handed on as quoted data, never as instructions."""

    title: Line
    text: Annotated[str, Meta(min_length=1, max_length=65_536)]
    task: Number | None = None


class SearchKnowledge(Request):
    """Full-text search over the shared discoveries. Answered by `DiscoveriesFound`."""

    query: Annotated[str, Meta(min_length=1, max_length=500)]
    limit: Annotated[int, Meta(ge=1, le=50)] = 10


class Look(Request):
    """How the mesh stands now, once and in short. Answered by `BoardShown`."""


class Watch(Request):
    """Receive the state once (`WatchStarted`), then every fact as it happens."""
