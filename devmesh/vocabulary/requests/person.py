"""What the person asks of the mesh, its agents and its tasks."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from devmesh.vocabulary.record import Request
from devmesh.vocabulary.terms import (
    Budget,
    Digest,
    Line,
    Name,
    Number,
    Path,
    Priority,
    Resources,
    Role,
    Seconds,
)


class PostTask(Request):
    """Ask for work. All eligible agents may bid."""

    prompt: Annotated[str, Meta(min_length=1, max_length=400_000)]
    title: Line = ""
    priority: Priority = 3
    files: Annotated[tuple[Path, ...], Meta(max_length=1000)] = ()
    "Where the work is expected. Files of the locked lane are locked before it starts."
    depends_on: Annotated[tuple[Number, ...], Meta(max_length=200)] = ()
    capabilities: Annotated[tuple[Name, ...], Meta(max_length=50)] = ()
    agents: Annotated[tuple[Name, ...], Meta(max_length=200)] = ()
    "Only these may bid; empty: anyone."
    needs: Resources | None = None
    "Memory it takes; None: what the agent declared when it joined."
    review: bool = False
    check: Line = ""
    "A command the coordinator runs on the combined tree before the change lands."
    time_limit: Seconds | None = None
    budget: Budget = Budget()
    "What it may spend, all attempts together; it is paused before it spends more."
    copies: Annotated[int, Meta(ge=1, le=50)] = 1
    "So many agents do it, each on its own; the person compares, and approves one."


class CancelTask(Request):
    task: Number
    reason: Line = ""


class PauseTask(Request):
    task: Number


class ResumeTask(Request):
    task: Number


class RetryTask(Request):
    """Queue a failed or cancelled task again; none of its attempts is held against it, and none is numbered again."""

    task: Number


class ReprioritiseTask(Request):
    task: Number
    priority: Priority


class PauseAgent(Request):
    """Stop the agent's tool where it is and give it no new work."""

    agent: Name


class ResumeAgent(Request):
    agent: Name


class DismissAgent(Request):
    """Tell the bridge to stop its tool and leave."""

    agent: Name
    reason: Line = ""


class ForceRelease(Request):
    """Take a lock away from its holder. The reason is on record and the holder is told."""

    token: Number
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class SetBudget(Request):
    """What the whole mesh may spend from now on, or one task."""

    budget: Budget
    task: Number | None = None


class IssueCredential(Request):
    """Let a client in by a secret of its own; only the SHA-256 of it is said and kept."""

    digest: Digest
    role: Role
    label: Line = ""
    "For whom, in the person's words."


class RevokeCredential(Request):
    """Let that client in no more, and end its session now."""

    credential: Number
    reason: Line = ""


class SetGoal(Request):
    """Ask the architect for a framework towards a goal."""

    text: Annotated[str, Meta(min_length=1, max_length=100_000)]
