"""The state as bytes and back: for quick recovery, for those who begin to watch, and for time travel."""

from __future__ import annotations

import msgspec

from devmesh.core.alarms import Alarms
from devmesh.core.locks import Lock, LockTable, Waiting
from devmesh.core.state import Agent, Change, MeshState, Question, Session, SetAside, Task
from devmesh.vocabulary.facts import AnswerRuleSet, CredentialIssued, FrameworkProposed
from devmesh.vocabulary.terms import Budget, Limits, Resources, Spending


class Snapshot(msgspec.Struct, frozen=True):
    """Everything a `MeshState` is, without what can be derived from it."""

    epoch: int
    project: str
    version: str
    limits: Limits
    sequence: int
    now: float
    running: bool
    no_expiry_before: float
    sessions: list[Session]
    agents: list[Agent]
    names: dict[str, int]
    architect: str | None
    goal: str
    framework: FrameworkProposed | None
    locks: list[Lock]
    waiting: list[Waiting]
    pinned: list[int]
    tasks: list[Task]
    changes: list[Change]
    gate: int | None
    gate_queue: list[int]
    reserved: dict[int, SetAside]
    measured_total: Resources
    measured_used: Resources
    counted: dict[str, int]
    alarms: list[tuple[str, str, float]]
    watchers: list[int]
    budget: Budget | None = None
    spent: Spending = Spending()
    dearest_run: Spending = Spending()
    short_of_money: bool = False
    questions: list[Question] = []
    answer_rules: list[AnswerRuleSet] = []
    credentials: list[CredentialIssued] = []
    contests: dict[int, list[int]] = {}


_SAME = (
    "epoch",
    "project",
    "version",
    "limits",
    "sequence",
    "now",
    "running",
    "no_expiry_before",
    "names",
    "architect",
    "goal",
    "framework",
    "gate",
    "gate_queue",
    "reserved",
    "measured_total",
    "measured_used",
    "counted",
    "budget",
    "spent",
    "dearest_run",
    "short_of_money",
    "contests",
)
"Attributes that a snapshot and a state have alike."

_decoder = msgspec.json.Decoder(Snapshot)


def freeze(state: MeshState) -> bytes:
    """The whole state as JSON; `thaw` makes an equal one. Costs time in proportion to what is live, not to history."""
    snapshot = Snapshot(
        **{name: getattr(state, name) for name in _SAME},
        sessions=list(state.sessions.values()),
        agents=list(state.agents.values()),
        locks=list(state.locks.locks.values()),
        waiting=list(state.locks.waiting.values()),
        pinned=sorted(state.locks.pinned),
        tasks=list(state.tasks.values()),
        changes=list(state.changes.values()),
        alarms=[(kind, name, time) for (kind, name), time in state.alarms.times.items()],
        watchers=list(state.watchers),
        questions=list(state.questions.values()),
        answer_rules=list(state.answer_rules.values()),
        credentials=list(state.credentials.values()),
    )
    return msgspec.json.encode(snapshot)


def thaw(data: bytes) -> MeshState:
    """The state those bytes were made from. Raises msgspec.ValidationError when they are not a snapshot."""
    snapshot = _decoder.decode(data)
    state = MeshState()
    for name in _SAME:
        setattr(state, name, getattr(snapshot, name))
    state.sessions = {session.number: session for session in snapshot.sessions}
    state.agents = {agent.name: agent for agent in snapshot.agents}
    state.locks = LockTable.rebuild(
        {lock.token: lock for lock in snapshot.locks},
        {waiting.ticket: waiting for waiting in snapshot.waiting},
    )
    state.locks.pin(tuple(snapshot.pinned))
    state.tasks = {task.number: task for task in snapshot.tasks}
    state.open_tasks = {task.number: None for task in snapshot.tasks if not task.ended}
    state.changes = {change.number: change for change in snapshot.changes}
    state.questions = {question.number: question for question in snapshot.questions}
    state.answer_rules = {rule.rule: rule for rule in snapshot.answer_rules}
    state.credentials = {issued.credential: issued for issued in snapshot.credentials}
    state.alarms = Alarms({(kind, name): time for kind, name, time in snapshot.alarms})
    state.watchers = dict.fromkeys(snapshot.watchers)
    state.by_key = {session.key: session.number for session in snapshot.sessions}
    state.by_connection = {
        session.connection: session.number for session in snapshot.sessions if session.connection is not None
    }
    return state
