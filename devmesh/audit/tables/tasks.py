"""One row per task: where it is, who has it, how long it waited and worked. Folded from the facts alone."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from msgspec import Struct

from devmesh.audit.columns import Count, Figure, Moment, Prose, Span, Word
from devmesh.core.transitions import TASK_TRANSITIONS, next_task_state
from devmesh.errors import Code, IllegalTransition
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.terms import TaskState


class TaskRow(Struct):
    """Durations are mesh time: they do not run while no coordinator runs."""

    task: Count
    title: Prose
    kind: Word
    state: Word
    priority: Count
    agent: Word = None
    "Who has it, or had it last."
    attempts: Count = 0
    bids: Count = 0
    conflicts: Count = 0
    "How often its change came back because it could not be merged."
    posted: Moment = None
    awarded: Moment = None
    "The latest award."
    started: Moment = None
    "The latest start."
    ended: Moment = None
    waited: Span = None
    "From its posting to its first start."
    worked: Span = 0.0
    "With its tool running, all attempts together, pauses left out."
    lock_wait: Span = 0.0
    files: Count = 0
    "Files it landed."
    locks: Count = 0
    landing: Word = None
    "How its latest change landed: exact, merged, empty or duplicate."
    outcome: Word = None
    "completed, failed, poison or cancelled; missing while it has none."
    reason: Prose = None
    "What it came to, or why it failed, was cancelled or came back."
    input_tokens: Count = 0
    output_tokens: Count = 0
    dollars: Figure = None
    "Spent, all attempts together; missing where no tool named a price."
    posted_now: float = 0.0
    since: float | None = None
    "Mesh time at which its tool was last set going, while it goes."
    paused_from: str | None = None


def fold_tasks(recorded: Iterable[Recorded], until: float) -> list[TaskRow]:
    """Every task, oldest first. `until`: mesh time up to which a task now at work is counted."""
    table = _Tasks()
    for one in recorded:
        table.take(one)
    for row in table.rows.values():
        _stop(row, until)
    return list(table.rows.values())


class _Tasks:
    def __init__(self) -> None:
        self.rows: dict[int, TaskRow] = {}
        self.tickets: dict[int, int | None] = {}
        "Lock requests in line, and the tasks they are for."

    def take(self, one: Recorded) -> None:
        fact: Any = one.fact
        if isinstance(fact, facts.TaskPosted):
            self.rows[fact.task] = _posted(one, fact)
        elif isinstance(fact, facts.LockQueued):
            self.tickets[fact.ticket] = fact.task
        elif isinstance(fact, facts.LockWaitEnded):
            self._waited(self.tickets.pop(fact.ticket, None), fact.waited)
        elif isinstance(fact, facts.LockGranted):
            self._granted(fact)
        elif (row := self.rows.get(fact.task)) is not None:
            if type(fact) in _MOVING:
                _move(row, fact)
            if (change := _CHANGES.get(type(fact))) is not None:
                change(row, one, fact)

    def _granted(self, fact: facts.LockGranted) -> None:
        if fact.ticket is not None and fact.ticket in self.tickets:
            self._waited(self.tickets.pop(fact.ticket), fact.waited)
        if (row := self.rows.get(fact.task or 0)) is not None and fact.replaces is None:
            row.locks = (row.locks or 0) + 1

    def _waited(self, task: int | None, seconds: float) -> None:
        """A request for several targets waits once."""
        if (row := self.rows.get(task or 0)) is not None:
            row.lock_wait = (row.lock_wait or 0.0) + seconds


def _posted(one: Recorded, fact: facts.TaskPosted) -> TaskRow:
    return TaskRow(
        task=fact.task,
        title=fact.title or fact.prompt.strip().partition("\n")[0][:80],
        kind=fact.task_kind.value,
        state=TaskState.QUEUED.value,
        priority=fact.priority,
        posted=one.at,
        posted_now=one.now,
    )


def _move(row: TaskRow, fact: Any) -> None:
    """By the core's own table; a paused task keeps in mind where it will go on."""
    paused = row.state == TaskState.PAUSED.value
    before = TaskState(row.paused_from if paused and row.paused_from else row.state or TaskState.QUEUED)
    if isinstance(fact, facts.TaskResumed):
        row.state, row.paused_from = before.value, None
        return
    with suppress(IllegalTransition):
        after = next_task_state(before, fact)
        if after is TaskState.PAUSED:
            row.paused_from = before.value
        elif paused and after in _BENEATH:
            row.paused_from = after.value
            return
        row.state = after.value


_MOVING: Final = frozenset({facts.TaskResumed}.union(*TASK_TRANSITIONS.values()))
"Facts that move a task."

_BENEATH: Final = frozenset({TaskState.CLAIMED, TaskState.WORKING, TaskState.REVIEW})
"Where a paused task can get to without leaving its pause."


def _awarded(row: TaskRow, one: Recorded, fact: facts.TaskAwarded) -> None:
    row.agent, row.awarded, row.attempts = fact.agent, one.at, (row.attempts or 0) + 1


def _started(row: TaskRow, one: Recorded, _: facts.TaskStarted) -> None:
    row.started, row.since = one.at, one.now
    if row.waited is None:
        row.waited = one.now - row.posted_now


def _bid(row: TaskRow, _: Recorded, __: facts.BidPlaced) -> None:
    row.bids = (row.bids or 0) + 1


def _reprioritised(row: TaskRow, _: Recorded, fact: facts.TaskReprioritised) -> None:
    row.priority = fact.priority


def _paused(row: TaskRow, one: Recorded, _: facts.TaskPaused) -> None:
    _stop(row, one.now)


def _resumed(row: TaskRow, one: Recorded, _: facts.TaskResumed) -> None:
    if row.state == TaskState.WORKING.value:
        row.since = one.now


def _applied(row: TaskRow, _: Recorded, fact: facts.ChangeApplied) -> None:
    row.files, row.landing = (row.files or 0) + len(fact.files), fact.kind_of_landing


def _returned(row: TaskRow, _: Recorded, fact: facts.ChangeReturned) -> None:
    row.conflicts = (row.conflicts or 0) + (fact.code == Code.CONFLICT)


def _spent(row: TaskRow, _: Recorded, fact: facts.UsageReported) -> None:
    row.input_tokens = (row.input_tokens or 0) + fact.input_tokens
    row.output_tokens = (row.output_tokens or 0) + fact.output_tokens
    if fact.dollars is not None:
        row.dollars = (row.dollars or 0.0) + fact.dollars


def _completed(row: TaskRow, one: Recorded, fact: facts.TaskCompleted) -> None:
    _end(row, one, "completed", fact.summary)


def _failed(row: TaskRow, one: Recorded, fact: facts.TaskFailed) -> None:
    _end(row, one, "poison" if fact.poison else "failed", fact.reason)


def _cancelled(row: TaskRow, one: Recorded, fact: facts.TaskCancelled) -> None:
    _end(row, one, "cancelled", fact.reason)


def _interrupted(row: TaskRow, one: Recorded, fact: facts.TaskAbandoned | facts.TaskRequeued) -> None:
    _stop(row, one.now)
    row.ended = row.outcome = None
    row.reason = fact.reason or row.reason


def _end(row: TaskRow, one: Recorded, outcome: str, reason: str) -> None:
    _stop(row, one.now)
    row.ended, row.outcome, row.reason = one.at, outcome, reason


def _stop(row: TaskRow, now: float) -> None:
    if row.since is not None:
        row.worked, row.since = (row.worked or 0.0) + max(0.0, now - row.since), None


_CHANGES: Final[dict[type[Any], Any]] = {
    facts.TaskAwarded: _awarded,
    facts.TaskStarted: _started,
    facts.BidPlaced: _bid,
    facts.TaskReprioritised: _reprioritised,
    facts.TaskPaused: _paused,
    facts.TaskResumed: _resumed,
    facts.ReviewRequested: None,
    facts.ReviewGiven: None,
    facts.ChangeApplied: _applied,
    facts.ChangeReturned: _returned,
    facts.TaskCompleted: _completed,
    facts.TaskFailed: _failed,
    facts.TaskCancelled: _cancelled,
    facts.UsageReported: _spent,
    facts.TaskAbandoned: _interrupted,
    facts.TaskRequeued: _interrupted,
}

TASK_FACTS: Final[tuple[type[Any], ...]] = (
    facts.TaskPosted,
    facts.LockQueued,
    facts.LockWaitEnded,
    facts.LockGranted,
    *_CHANGES,
)
"All that a task's row is made of."
