"""One row per agent: what it is, what it did, what it costs. Folded from the facts alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct, field

from devmesh.audit.columns import Count, Figure, Moment, Prose, Span, Word
from devmesh.errors import Code
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.terms import AgentState


class AgentRow(Struct):
    """Durations are mesh time. `ram_gb`, `vram_gb`: declared for one task; `used_*`: what was last measured."""

    agent: Word
    tool: Word
    model: Word
    badge: Word
    state: Word = None
    joined: Moment = None
    left: Moment = None
    "When it went, in whatever way."
    awards: Count = 0
    completed: Count = 0
    failed: Count = 0
    abandoned: Count = 0
    bids: Count = 0
    declined: Count = 0
    refusals: Count = 0
    landed: Count = 0
    conflicts: Count = 0
    locks: Count = 0
    worked: Span = 0.0
    lock_wait: Span = 0.0
    ram_gb: Figure = 0.0
    vram_gb: Figure = 0.0
    used_ram_gb: Figure = None
    used_vram_gb: Figure = None
    input_tokens: Count = 0
    output_tokens: Count = 0
    dollars: Figure = None
    "Spent; missing where its tool names no price."
    parked: Count = 0
    "How often its service would not serve."
    host: Word = None
    pid: Count = None
    confined: Word = None
    "What its tool is kept within; missing where it did not say."
    reason: Prose = None
    "Why it went."
    session: int = 0
    going: dict[int, float] = field(default_factory=dict)
    "Tasks whose tool runs, and since when."
    has: set[int] = field(default_factory=set)
    "Tasks it has."
    paused: bool = False
    is_parked: bool = False
    away: bool = False
    gone: bool = False


def fold_agents(recorded: Iterable[Recorded], until: float) -> list[AgentRow]:
    """Every agent that ever joined, in that order. `until`: mesh time up to which running work is counted."""
    table = _Agents()
    for one in recorded:
        table.take(one)
    for row in table.rows.values():
        for task in list(row.going):
            _stop(row, task, until)
        row.state = _state(row).value
    return list(table.rows.values())


class _Agents:
    def __init__(self) -> None:
        self.rows: dict[str, AgentRow] = {}
        self.by_session: dict[int, AgentRow] = {}
        self.counted: set[int] = set()
        "Tickets whose wait is in a row already: a request for several targets waits once."

    def take(self, one: Recorded) -> None:
        fact: Any = one.fact
        if isinstance(fact, facts.AgentJoined):
            self.rows[fact.agent] = self.by_session[fact.session] = _joined(one, fact)
        elif isinstance(fact, facts.CoordinatorStarted):
            for each in self.rows.values():
                each.away = True
        elif isinstance(fact, facts.SessionDropped | facts.SessionResumed):
            if (known := self.by_session.get(fact.session)) is not None:
                known.away = isinstance(fact, facts.SessionDropped)
        elif isinstance(fact, facts.HardwareSampled):
            self._sampled(fact)
        elif isinstance(fact, facts.TaskRequeued):
            for holder in self.rows.values():
                _ended(holder, one, fact)
        elif (row := self.rows.get(fact.agent or "")) is not None:
            self._about(row, one, fact)

    def _about(self, row: AgentRow, one: Recorded, fact: Any) -> None:
        if (counter := COUNTERS.get(type(fact))) is not None:
            setattr(row, counter, getattr(row, counter) + 1)
        if isinstance(fact, facts.LockGranted | facts.LockWaitEnded) and fact.ticket not in self.counted:
            row.lock_wait = (row.lock_wait or 0.0) + fact.waited
            if fact.ticket is not None:
                self.counted.add(fact.ticket)
        if (change := _CHANGES.get(type(fact))) is not None:
            change(row, one, fact)

    def _sampled(self, fact: facts.HardwareSampled) -> None:
        for usage in fact.agents:
            if (row := self.rows.get(usage.agent)) is not None:
                row.used_ram_gb, row.used_vram_gb = usage.used.ram_gb, usage.used.vram_gb


COUNTERS: Final[dict[type[Any], str]] = {
    facts.TaskAwarded: "awards",
    facts.TaskCompleted: "completed",
    facts.TaskFailed: "failed",
    facts.TaskAbandoned: "abandoned",
    facts.BidPlaced: "bids",
    facts.BidDeclined: "declined",
    facts.RequestRefused: "refusals",
    facts.ChangeApplied: "landed",
    facts.LockGranted: "locks",
    facts.AgentParked: "parked",
}
"Which column counts which fact."


def _joined(one: Recorded, fact: facts.AgentJoined) -> AgentRow:
    return AgentRow(
        agent=fact.agent,
        tool=fact.tool,
        model=fact.model or None,
        badge=fact.badge.value,
        joined=one.at,
        ram_gb=fact.declared.ram_gb,
        vram_gb=fact.declared.vram_gb,
        host=fact.host or None,
        pid=fact.pid or None,
        confined=fact.confined or None,
        session=fact.session,
    )


def _awarded(row: AgentRow, _: Recorded, fact: facts.TaskAwarded) -> None:
    row.has.add(fact.task)


def _started(row: AgentRow, one: Recorded, fact: facts.TaskStarted | facts.TaskResumed) -> None:
    row.going[fact.task] = one.now


def _task_paused(row: AgentRow, one: Recorded, fact: facts.TaskPaused) -> None:
    _stop(row, fact.task, one.now)


def _ended(row: AgentRow, one: Recorded, fact: Any) -> None:
    _stop(row, fact.task, one.now)
    row.has.discard(fact.task)


def _returned(row: AgentRow, _: Recorded, fact: facts.ChangeReturned) -> None:
    row.conflicts = (row.conflicts or 0) + (fact.code == Code.CONFLICT)


def _agent_paused(row: AgentRow, _: Recorded, fact: facts.AgentPaused | facts.AgentResumed) -> None:
    row.paused = isinstance(fact, facts.AgentPaused)


def _parked(row: AgentRow, _: Recorded, fact: facts.AgentParked | facts.AgentUnparked) -> None:
    row.is_parked = isinstance(fact, facts.AgentParked)


def _spent(row: AgentRow, _: Recorded, fact: facts.UsageReported) -> None:
    row.input_tokens = (row.input_tokens or 0) + fact.input_tokens
    row.output_tokens = (row.output_tokens or 0) + fact.output_tokens
    if fact.dollars is not None:
        row.dollars = (row.dollars or 0.0) + fact.dollars


def _gone(row: AgentRow, one: Recorded, fact: facts.AgentLeft | facts.AgentLost) -> None:
    row.gone, row.left, row.reason = True, one.at, fact.reason
    for task in list(row.going):
        _stop(row, task, one.now)
    row.has.clear()


def _stop(row: AgentRow, task: int, now: float) -> None:
    if (since := row.going.pop(task, None)) is not None:
        row.worked = (row.worked or 0.0) + max(0.0, now - since)


def _state(row: AgentRow) -> AgentState:
    if row.gone:
        return AgentState.GONE
    if row.away:
        return AgentState.AWAY
    if row.paused:
        return AgentState.PAUSED
    if row.is_parked:
        return AgentState.PARKED
    return AgentState.WORKING if row.has else AgentState.IDLE


_CHANGES: Final[dict[type[Any], Any]] = {
    facts.TaskAwarded: _awarded,
    facts.TaskStarted: _started,
    facts.TaskPaused: _task_paused,
    facts.TaskResumed: _started,
    facts.TaskCompleted: _ended,
    facts.TaskFailed: _ended,
    facts.TaskCancelled: _ended,
    facts.TaskAbandoned: _ended,
    facts.ChangeReturned: _returned,
    facts.AgentPaused: _agent_paused,
    facts.AgentResumed: _agent_paused,
    facts.AgentParked: _parked,
    facts.AgentUnparked: _parked,
    facts.UsageReported: _spent,
    facts.AgentLeft: _gone,
    facts.AgentLost: _gone,
}

AGENT_FACTS: Final[tuple[type[Any], ...]] = (
    facts.AgentJoined,
    facts.CoordinatorStarted,
    facts.SessionDropped,
    facts.SessionResumed,
    facts.HardwareSampled,
    facts.LockWaitEnded,
    facts.TaskRequeued,
    *dict.fromkeys((*COUNTERS, *_CHANGES)),
)
"All that an agent's row is made of."
