"""Facts about tasks: posted, bid for, awarded, worked on, ended."""

from __future__ import annotations

from devmesh.vocabulary.record import Fact
from devmesh.vocabulary.terms import (
    Budget,
    Line,
    Name,
    Number,
    Path,
    Priority,
    Remarks,
    Resources,
    Seconds,
    Stream,
    TaskKind,
    Text,
)


class TaskPosted(Fact):
    task: Number
    prompt: Text
    title: Line = ""
    task_kind: TaskKind = TaskKind.WORK
    priority: Priority = 3
    files: tuple[Path, ...] = ()
    depends_on: tuple[Number, ...] = ()
    capabilities: tuple[Name, ...] = ()
    agents: tuple[Name, ...] = ()
    needs: Resources | None = None
    review: bool = False
    check: Line = ""
    time_limit: Seconds | None = None
    posted_by: Line = ""
    framework: Number | None = None
    "The framework this task is part of."
    reviews: Number | None = None
    "For a review: the change to judge."
    excludes: tuple[Name, ...] = ()
    "Agents that may not bid: a change is not reviewed by its author."
    budget: Budget = Budget()
    contest: Number | None = None
    "The first of the tasks that ask the same of several agents, to be compared."


class BiddingOpened(Fact):
    """These agents may bid, until `window` seconds have passed or all have spoken."""

    task: Number
    attempt: Number
    agents: tuple[Name, ...]
    window: Seconds
    title: Line = ""
    priority: Priority = 3
    files: tuple[Path, ...] = ()
    capabilities: tuple[Name, ...] = ()
    needs: Resources | None = None
    task_kind: TaskKind = TaskKind.WORK


class BidPlaced(Fact):
    """`fitness` is the coordinator's figure, by the stated table; `confidence` is the bidder's own."""

    task: Number
    attempt: Number
    agent: Name
    confidence: float
    fitness: float
    served: Seconds = 0.0
    "Seconds of work this agent has been given so far: the tie-breaker."
    reason: Line = ""


class BidDeclined(Fact):
    task: Number
    attempt: Number
    agent: Name
    reason: Line = ""


class TaskAwarded(Fact):
    """The agent has the task, for this attempt. Carries all it needs to begin."""

    task: Number
    attempt: Number
    agent: Name
    prompt: Text
    title: Line = ""
    task_kind: TaskKind = TaskKind.WORK
    fitness: float = 0.0
    bids: int = 0
    why: Line = ""
    "Why this bidder: fitness, or least served among equals."
    files: tuple[Path, ...] = ()
    locked: tuple[Path, ...] = ()
    "Those of `files` to be held in WRITE before work starts; the rest may be worked on optimistically."
    lock_globs: tuple[Path, ...] = ()
    "Files matching these must be offered under WRITE, whenever they turn up."
    needs: Resources = Resources()
    review: bool = False
    check: Line = ""
    time_limit: Seconds = 3600.0
    framework: Number | None = None
    "The framework version to read first (Rule 7)."
    overview: Text = ""
    reviews: Number | None = None
    base: str | None = None
    head: str | None = None
    "For a review: the commits of the change to judge."
    budget_left: Budget = Budget()
    "What this attempt may spend, for tools that can be told."


class TaskStarted(Fact):
    task: Number
    attempt: Number
    agent: Name
    workspace: str | None = None


class OutputReported(Fact):
    task: Number
    attempt: Number
    agent: Name
    stream: Stream
    text: Text


class TaskPaused(Fact):
    task: Number
    agent: Name | None = None


class TaskResumed(Fact):
    task: Number
    agent: Name | None = None


class TaskReprioritised(Fact):
    task: Number
    priority: Priority


class TaskCancelled(Fact):
    task: Number
    agent: Name | None = None
    reason: Line = ""


class TaskCompleted(Fact):
    """Recorded once, from the current assignee and attempt."""

    task: Number
    attempt: Number
    agent: Name
    summary: Remarks = ""
    change: Number | None = None
    seconds: Seconds = 0.0


class TaskFailed(Fact):
    """`agent` and `attempt` are None when it failed without anyone trying: a dependency failed."""

    task: Number
    reason: Remarks
    attempt: Number | None = None
    agent: Name | None = None
    poison: bool = False
    "It cost too many attempts or agents; only the person can queue it again."


class TaskAbandoned(Fact):
    """Its agent was lost, left, or never began."""

    task: Number
    attempt: Number
    agent: Name
    reason: Line = ""
    death: bool = False
    "Whether the agent was lost while it worked, rather than left or late."


class TaskRequeued(Fact):
    task: Number
    delay: Seconds = 0.0
    reason: Line = ""
    blameless: bool = False
    "The attempt does not count: it ended through no fault of the task."
