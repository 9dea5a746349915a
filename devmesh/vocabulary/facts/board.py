"""How the mesh stands, in short: what an agent is told that asks, and what nobody keeps."""

from __future__ import annotations

from typing import ClassVar

from devmesh.vocabulary.facts.questions import QuestionAsked
from devmesh.vocabulary.record import Fact, Record
from devmesh.vocabulary.terms import (
    AgentState,
    Badge,
    Line,
    LockMode,
    Name,
    Number,
    Path,
    Priority,
    Remarks,
    Seconds,
    TaskKind,
    TaskState,
    Text,
)


class AgentOnBoard(Record):
    """One agent of the mesh, and what it is at."""

    agent: Name
    tool: Name
    state: AgentState
    badge: Badge
    task: Number | None = None
    reviewing: Number | None = None


class TaskOnBoard(Record):
    """One task: those not ended, and the latest of those that are."""

    task: Number
    title: Line
    state: TaskState
    task_kind: TaskKind
    priority: Priority
    agent: Name | None = None
    files: tuple[Path, ...] = ()
    "The first of those it is expected in."
    depends_on: tuple[Number, ...] = ()
    summary: Line = ""
    "The beginning of its result, or of why it failed."


class LockOnBoard(Record):
    """One lock, and for how long it lasts unless its holder renews it."""

    token: Number
    agent: Name
    target: Path
    mode: LockMode
    left: Seconds
    task: Number | None = None


class WaitOnBoard(Record):
    """A request for locks that waits in the queue."""

    ticket: Number
    agent: Name
    targets: tuple[Path, ...]
    mode: LockMode


class BoardShown(Fact):
    """The answer to `Look`. Bounded, whatever the mesh has grown to: `left_out` counts what did not fit."""

    recorded: ClassVar[bool] = False

    goal: Remarks = ""
    architect: Name | None = None
    framework: Number | None = None
    overview: Text = ""
    agents: tuple[AgentOnBoard, ...] = ()
    tasks: tuple[TaskOnBoard, ...] = ()
    locks: tuple[LockOnBoard, ...] = ()
    waiting: tuple[WaitOnBoard, ...] = ()
    questions: tuple[QuestionAsked, ...] = ()
    "Those still open that other agents may answer."
    left_out: int = 0
