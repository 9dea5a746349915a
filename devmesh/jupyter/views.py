"""The rows that panels show, kept up to date from the replica: work grows with what changed, not with history.

Knows the state's fields and the panels' rows, and nothing of how either comes about.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from operator import itemgetter
from typing import TYPE_CHECKING

from devmesh.core.costs import budget_of
from devmesh.core.questions import open_questions
from devmesh.core.state import MeshState
from devmesh.jupyter import rows
from devmesh.jupyter.deciding import conflict_rows, question_rows, rule_rows
from devmesh.vocabulary.facts import (
    AnyFact,
    ChangeApplied,
    CoordinatorStarted,
    HardwareReleased,
    HardwareReserved,
    HardwareSampled,
    OutputReported,
    WriteFound,
)
from devmesh.vocabulary.terms import AgentState, Resources, TaskState
from devmesh_widgets.rows import (
    ConflictRow,
    EventRow,
    HeaderRow,
    Health,
    LockRow,
    SampleRow,
    TaskRow,
    View,
)

if TYPE_CHECKING:
    from devmesh.mesh.door import Door
    from devmesh.vocabulary.codec import Recorded

EVENTS = 200
SAMPLES = 300
WRITES = 20
"Writes behind the gate that are shown, the latest."

_RUNNING = (TaskState.CLAIMED, TaskState.WORKING, TaskState.REVIEW, TaskState.PAUSED)


class Views:
    """Makes a View whenever asked; remembers the rows of tasks that did not change, and the last events."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._guard = threading.RLock()
        self._tasks: dict[int, TaskRow] = {}
        self._touched: set[int] = set()
        self._anew = True
        self._stirred = True
        self._locks: dict[int, LockRow] = {}
        self._events: deque[Recorded] = deque(maxlen=EVENTS)
        "The last facts: made into rows when they are looked at, as most never are."
        self._event_rows: dict[int, EventRow] = {}
        self._samples: deque[SampleRow] = deque(maxlen=SAMPLES)
        self._writes: dict[int, tuple[float, WriteFound]] = {}
        self._reserved: dict[int, Resources] = {}
        "What is set aside for each task, as far as heard."
        self._health, self._since, self._changed_at = Health.LIVE, 0.0, time.monotonic()
        self._started = 0.0
        self._unsubscribe = door.replica.subscribe(self._heard)

    def close(self) -> None:
        """Stop following the mesh."""
        self._unsubscribe()

    # ---- following ----

    def remember(self, recorded: tuple[Recorded, ...]) -> None:
        """Take in facts of before this began, oldest first, for the list of events."""
        with self._guard:
            since = list(self._events)
            self._events.clear()
            for one in recorded:
                self._note(one)
            known = {event.sequence for event in self._events}
            self._events.extend(event for event in since if event.sequence not in known)

    def remember_writes(self, recorded: Iterable[Recorded]) -> None:
        """Take in writes behind the gate of before this began."""
        with self._guard:
            self._writes |= {
                one.fact.write: (one.now, one.fact) for one in recorded if isinstance(one.fact, WriteFound)
            }

    def settle(self, write: int) -> None:
        """That write behind the gate needs nobody any more."""
        with self._guard:
            self._writes.pop(write, None)

    def _heard(self, facts: tuple[Recorded, ...]) -> None:
        with self._guard:
            self._anew = self._anew or not facts
            for recorded in facts:
                self._stirred = self._stirred or recorded.sequence > 0
                task = getattr(recorded.fact, "task", None)
                if isinstance(task, int):
                    self._touched.add(task)
                self._note(recorded)

    def _note(self, recorded: Recorded) -> None:
        fact = recorded.fact
        if isinstance(fact, CoordinatorStarted):
            self._started = recorded.now
        if isinstance(fact, WriteFound):
            self._writes[fact.write] = (recorded.now, fact)
        if isinstance(fact, ChangeApplied):  # what landed since has taken the write into account
            self._writes = {write: found for write, found in self._writes.items() if found[1].path not in fact.files}
        self._set_aside(fact)
        if isinstance(fact, HardwareSampled):
            self._samples.append(self._sample(recorded.now, fact))
        elif recorded.sequence and not isinstance(fact, OutputReported):
            self._events.append(recorded)

    def _set_aside(self, fact: AnyFact) -> None:
        if isinstance(fact, HardwareReserved):
            self._reserved[fact.task] = fact.amount
        elif isinstance(fact, HardwareReleased):
            self._reserved.pop(fact.task, None)

    def _sample(self, now: float, fact: HardwareSampled) -> SampleRow:
        used, reserved = rows.sum_of(usage.used for usage in fact.agents), rows.sum_of(self._reserved.values())
        return SampleRow(
            at=now,
            ram_used_gb=used.ram_gb,
            ram_reserved_gb=reserved.ram_gb,
            vram_used_gb=used.vram_gb,
            vram_reserved_gb=reserved.vram_gb,
        )

    # ---- making rows ----

    def view(self) -> View:
        """The rows as they are now."""
        with self._door.replica.reading() as state, self._guard:
            now = self._door.replica.now
            self._renew_tasks(state)
            conflicts = conflict_rows(state, sorted(self._writes.values(), key=itemgetter(0))[-WRITES:])
            held = Counter(lock.agent for lock in state.locks.locks.values())
            return View(
                now=now,
                header=self._header(state, now, conflicts),
                agents=tuple(rows.agent_row(state, agent, held[agent.name]) for agent in state.present),
                tasks=tuple(self._tasks.values()),
                locks=self._lock_rows(state),
                waits=tuple(rows.wait_row(state, waiting) for waiting in state.locks.waiting.values()),
                hardware=rows.hardware_row(state),
                samples=tuple(self._samples),
                events=self._rows_of_events(),
                questions=question_rows(state),
                rules=rule_rows(state),
                conflicts=conflicts,
            )

    def _lock_rows(self, state: MeshState) -> tuple[LockRow, ...]:
        """A lock changes in nothing but its deadline: whatever else would change makes it another, with a new token."""
        known, held = self._locks, state.locks.locks
        self._locks = {
            token: row if (row := known.get(token)) is not None and row.until == lock.deadline else rows.lock_row(lock)
            for token, lock in held.items()
        }
        return tuple(self._locks.values())

    def _rows_of_events(self) -> tuple[EventRow, ...]:
        known = self._event_rows
        self._event_rows = {one.sequence: known.get(one.sequence) or rows.event_row(one) for one in self._events}
        return tuple(self._event_rows.values())

    def _renew_tasks(self, state: MeshState) -> None:
        touched = set(state.tasks) if self._anew else self._touched & state.tasks.keys()
        if self._anew:
            self._reserved = {task: held.amount for task, held in state.reserved.items()}
            self._tasks = {number: row for number, row in self._tasks.items() if number in state.tasks}
        if self._stirred:  # what a queued task waits for changes with other tasks, and with the agents there are
            touched |= {number for number in state.open_tasks if state.tasks[number].state is TaskState.QUEUED}
        for number in sorted(touched):
            before = self._tasks.get(number)
            row = rows.task_row(state, state.tasks[number], before)
            self._tasks[number] = before if before == row else row
        self._touched, self._anew, self._stirred = set(), False, False

    def _header(self, state: MeshState, now: float, conflicts: tuple[ConflictRow, ...]) -> HeaderRow:
        health = self._door_health(state)
        if health is not self._health:
            self._health, self._since, self._changed_at = health, now, time.monotonic()
        states = Counter(row.state for row in self._tasks.values())
        present, budget = state.present, budget_of(state)
        return HeaderRow(
            project=str(self._door.project),
            epoch=max(1, state.epoch),
            started=self._started,
            health=health,
            since=self._since - self._standing_still(),
            agents=len(present),
            working=sum(agent.state is AgentState.WORKING for agent in present),
            queued=states[TaskState.QUEUED],
            running=sum(states[each] for each in _RUNNING),
            completed=states[TaskState.COMPLETED],
            failed=states[TaskState.FAILED],
            cancelled=states[TaskState.CANCELLED],
            locks=len(state.locks.locks),
            waiting=len(state.locks.waiting),
            questions=len(open_questions(state)),
            conflicts=len(conflicts),
            tokens=state.spent.tokens,
            dollars=state.spent.dollars,
            budget_tokens=budget.tokens,
            budget_dollars=budget.dollars,
            discoveries=state.counted.get("discovery", 0),
        )

    def _standing_still(self) -> float:
        """Seconds, by fives, for which mesh time has not run on: it does not while the coordinator is away."""
        return 0.0 if self._health is Health.LIVE else (time.monotonic() - self._changed_at) // 5 * 5

    def _door_health(self, state: MeshState) -> Health:
        if self._door.is_closed or not state.running:
            return Health.STOPPED
        return Health.LIVE if self._door.is_open else Health.LOST
