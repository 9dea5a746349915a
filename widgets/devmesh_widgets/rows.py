"""The rows a panel shows: frozen plain values, built by whoever owns the state. Knows no widget and no connection.

Times are mesh time in seconds; a panel turns them into ages against `View.now`, so that a row at rest never changes.
The first field of a row is its key.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from devmesh.vocabulary.terms import AgentState, Badge, LockMode, QuestionKind, TaskState


class Health(StrEnum):
    """What is known of the coordinator."""

    LIVE = "live"
    LOST = "lost"
    "It cannot be reached; the rows are the last ones heard."
    STOPPED = "stopped"
    "It was stopped on purpose."
    PAST = "past"
    "Nothing: the rows are of a moment that is over, read from the record."


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of a panel. Two rows are equal when they would look the same. Never part of a circle: not collected."""


class HeaderRow(Row, frozen=True, kw_only=True):
    """The mesh as a whole."""

    project: str
    url: str = ""
    epoch: int = 1
    started: float = 0.0
    health: Health = Health.LIVE
    since: float = 0.0
    "When `health` became what it is."
    note: str = ""
    "Why, in one line, where there is a reason to say."
    agents: int = 0
    working: int = 0
    queued: int = 0
    running: int = 0
    "Tasks claimed, at work or in review."
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    locks: int = 0
    waiting: int = 0
    questions: int = 0
    "Open in the inbox."
    conflicts: int = 0
    "What the person has to look at: changes in review or in conflict, writes behind the gate."
    tokens: int = 0
    "Spent so far, read and written."
    dollars: float = 0.0
    budget_tokens: int | None = None
    budget_dollars: float | None = None
    discoveries: int = 0
    "Shared so far."


class AgentRow(Row, frozen=True, kw_only=True):
    """One agent that is in the mesh."""

    agent: str
    tool: str
    model: str = ""
    architect: bool = False
    badge: Badge = Badge.ISOLATED
    state: AgentState = AgentState.IDLE
    task: int | None = None
    title: str = ""
    "The title of that task."
    locks: int = 0
    ram_gb: float = 0.0
    vram_gb: float = 0.0
    declared_ram_gb: float = 0.0
    declared_vram_gb: float = 0.0
    heard: float = 0.0
    "When it was last heard of."
    tokens: int = 0
    dollars: float = 0.0
    parked: str = ""
    "Why its tool's service would not serve."
    retry_at: float | None = None
    "When a parked one is tried again."
    probes: tuple[str, ...] = ()
    "What the canary found when it joined, a line for each way of editing."


class TaskRow(Row, frozen=True, kw_only=True):
    """One task, whatever became of it."""

    task: int
    title: str
    state: TaskState = TaskState.QUEUED
    priority: int = 3
    agent: str = ""
    attempt: int = 0
    posted: float = 0.0
    began: float | None = None
    "When its latest attempt began, if one did."
    since: float = 0.0
    "When it came into this state."
    waits_for: tuple[int, ...] = ()
    "Tasks that must complete first and have not."
    held_up: str = ""
    "Why no agent can have it as things are, in a few words."
    tokens: int = 0
    dollars: float = 0.0
    contest: int | None = None
    "The first of the tasks that ask the same of several agents."
    change: int | None = None
    "Its latest change."
    judged: bool = False
    "Whether that change waits for the person or another agent to approve it."
    files: tuple[str, ...] = ()


class TallyRow(Row, frozen=True, kw_only=True):
    """How many tasks are in one state, where there are too many to tell them all."""

    state: str
    count: int


class LockRow(Row, frozen=True, kw_only=True):
    """One target that is held."""

    token: int
    target: str
    mode: LockMode
    agent: str
    since: float = 0.0
    until: float = 0.0
    "When its lease ends unless it is renewed."
    task: int | None = None


class WaitRow(Row, frozen=True, kw_only=True):
    """One request for locks that has to wait."""

    ticket: int
    targets: tuple[str, ...]
    mode: LockMode
    agent: str
    behind: tuple[str, ...] = ()
    since: float = 0.0
    task: int | None = None


class HardwareRow(Row, frozen=True, kw_only=True):
    """Memory of the machine, in gigabytes (10^9 bytes)."""

    gpu: str = ""
    "Its name; empty where there is none."
    ram_total_gb: float = 0.0
    ram_used_gb: float = 0.0
    "Measured over the process trees of all agents."
    ram_other_gb: float = 0.0
    "Measured: used by everything else on the machine."
    ram_reserved_gb: float = 0.0
    "Declared and granted by the ledger."
    vram_total_gb: float = 0.0
    vram_used_gb: float = 0.0
    vram_other_gb: float = 0.0
    vram_reserved_gb: float = 0.0


class SampleRow(Row, frozen=True, kw_only=True):
    """One measurement, for the picture over time."""

    at: float
    ram_used_gb: float = 0.0
    ram_reserved_gb: float = 0.0
    vram_used_gb: float = 0.0
    vram_reserved_gb: float = 0.0


class EventRow(Row, frozen=True, kw_only=True):
    """One fact, as a line."""

    sequence: int
    at: float
    "Wall clock, seconds since 1970."
    kind: str
    agent: str = ""
    task: int | None = None
    text: str = ""


class QuestionRow(Row, frozen=True, kw_only=True):
    """One open question of the inbox."""

    question: int
    agent: str
    kind: QuestionKind = QuestionKind.QUESTION
    text: str = ""
    "Its beginning; the whole text is looked up."
    long: bool = False
    "Whether there is more of it."
    options: tuple[str, ...] = ()
    default: str = ""
    task: int | None = None
    asked: float = 0.0
    until: float | None = None
    "When the default counts."


class RuleRow(Row, frozen=True, kw_only=True):
    """One rule that answers questions by itself."""

    rule: int
    pattern: str
    answer: str = ""
    kind: str = ""
    "Of which questions; empty: of all."


class ConflictRow(Row, frozen=True, kw_only=True):
    """Something of two versions that the person may have to choose between."""

    conflict: str
    "`change 3` or `write 2`."
    sort: str = "review"
    "review, returned or write."
    title: str = ""
    agent: str = ""
    task: int | None = None
    change: int | None = None
    since: float = 0.0
    message: str = ""
    copies: int = 1
    "How many agents were asked the same; approving one change ends the others."
    files: tuple[str, ...] = ()


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the panels show, at one moment. Rows that did not change may be the same objects as before."""

    now: float
    "Mesh time of this view."
    header: HeaderRow
    agents: tuple[AgentRow, ...] = ()
    tasks: tuple[TaskRow, ...] = ()
    locks: tuple[LockRow, ...] = ()
    waits: tuple[WaitRow, ...] = ()
    hardware: HardwareRow = HardwareRow()
    samples: tuple[SampleRow, ...] = ()
    events: tuple[EventRow, ...] = ()
    "The last few, oldest first."
    questions: tuple[QuestionRow, ...] = ()
    rules: tuple[RuleRow, ...] = ()
    conflicts: tuple[ConflictRow, ...] = ()
