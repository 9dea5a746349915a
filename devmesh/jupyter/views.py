"""The rows that panels show, kept up to date from the replica: work grows with what changed, not with history.

Knows the state's fields and the panels' rows, and nothing of how either comes about.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from devmesh.core.locks import Lock, Waiting
from devmesh.core.state import Agent, MeshState, Task
from devmesh.mesh.prospects import held_up
from devmesh.mesh.sentences import sentence
from devmesh.mesh.task import title_of
from devmesh.vocabulary.facts import (
    AnyFact,
    CoordinatorStarted,
    HardwareReleased,
    HardwareReserved,
    HardwareSampled,
    OutputReported,
)
from devmesh.vocabulary.record import kind_of
from devmesh.vocabulary.terms import AgentState, Resources, TaskState
from devmesh_widgets.rows import (
    AgentRow,
    EventRow,
    HardwareRow,
    HeaderRow,
    Health,
    LockRow,
    SampleRow,
    TaskRow,
    View,
    WaitRow,
)

if TYPE_CHECKING:
    from devmesh.mesh.door import Door
    from devmesh.vocabulary.codec import Recorded

EVENTS = 200
SAMPLES = 300

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
        self._events: deque[EventRow] = deque(maxlen=EVENTS)
        self._samples: deque[SampleRow] = deque(maxlen=SAMPLES)
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
        self._set_aside(fact)
        if isinstance(fact, HardwareSampled):
            self._samples.append(self._sample(recorded.now, fact))
        elif recorded.sequence and not isinstance(fact, OutputReported):
            self._events.append(
                EventRow(
                    sequence=recorded.sequence,
                    at=recorded.at or time.time(),
                    kind=kind_of(fact),
                    agent=getattr(fact, "agent", None) or "",
                    task=getattr(fact, "task", None),
                    text=sentence(fact),
                )
            )

    def _set_aside(self, fact: AnyFact) -> None:
        if isinstance(fact, HardwareReserved):
            self._reserved[fact.task] = fact.amount
        elif isinstance(fact, HardwareReleased):
            self._reserved.pop(fact.task, None)

    def _sample(self, now: float, fact: HardwareSampled) -> SampleRow:
        used, reserved = _total(usage.used for usage in fact.agents), _total(self._reserved.values())
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
            return View(
                now=now,
                header=self._header(state, now),
                agents=tuple(_agent_row(state, agent) for agent in state.present),
                tasks=tuple(self._tasks.values()),
                locks=tuple(_lock_row(lock) for lock in state.locks.locks.values()),
                waits=tuple(_wait_row(state, waiting) for waiting in state.locks.waiting.values()),
                hardware=_hardware_row(state),
                samples=tuple(self._samples),
                events=tuple(self._events),
            )

    def _renew_tasks(self, state: MeshState) -> None:
        touched = set(state.tasks) if self._anew else self._touched & state.tasks.keys()
        if self._anew:
            self._reserved = dict(state.reserved)
            self._tasks = {number: row for number, row in self._tasks.items() if number in state.tasks}
        if self._stirred:  # what a queued task waits for changes with other tasks, and with the agents there are
            touched |= {number for number in state.open_tasks if state.tasks[number].state is TaskState.QUEUED}
        for number in sorted(touched):
            before = self._tasks.get(number)
            row = _task_row(state, state.tasks[number], before)
            self._tasks[number] = before if before == row else row
        self._touched, self._anew, self._stirred = set(), False, False

    def _header(self, state: MeshState, now: float) -> HeaderRow:
        health = self._door_health(state)
        if health is not self._health:
            self._health, self._since, self._changed_at = health, now, time.monotonic()
        states = Counter(row.state for row in self._tasks.values())
        present = state.present
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
        )

    def _standing_still(self) -> float:
        """Seconds, by fives, for which mesh time has not run on: it does not while the coordinator is away."""
        return 0.0 if self._health is Health.LIVE else (time.monotonic() - self._changed_at) // 5 * 5

    def _door_health(self, state: MeshState) -> Health:
        if self._door.is_closed or not state.running:
            return Health.STOPPED
        return Health.LIVE if self._door.is_open else Health.LOST


def _agent_row(state: MeshState, agent: Agent) -> AgentRow:
    task = state.tasks.get(agent.task if agent.task is not None else agent.reviewing or 0)
    return AgentRow(
        agent=agent.name,
        tool=agent.joined.tool,
        model=agent.joined.model,
        architect=state.architect == agent.name,
        badge=agent.joined.badge,
        state=agent.state,
        task=task.number if task else None,
        title=title_of(task) if task else "",
        locks=len(state.locks.of(agent.name)),
        ram_gb=agent.used.ram_gb,
        vram_gb=agent.used.vram_gb,
        declared_ram_gb=agent.joined.declared.ram_gb,
        declared_vram_gb=agent.joined.declared.vram_gb,
        heard=agent.heard_at,
    )


def _task_row(state: MeshState, task: Task, before: TaskRow | None) -> TaskRow:
    same = before is not None and before.state is task.state
    waits = tuple(
        number for number in task.posted.depends_on if number in state.tasks and not state.tasks[number].ended
    )
    return TaskRow(
        task=task.number,
        title=title_of(task),
        state=task.state,
        priority=task.priority,
        agent=task.agent or "",
        attempt=task.attempt,
        posted=task.posted_at,
        began=task.started_at,
        since=before.since if before is not None and same else _came(state, task, before),
        waits_for=waits,
        held_up=held_up(state, task),
        files=task.posted.files,
    )


def _came(state: MeshState, task: Task, before: TaskRow | None) -> float:
    """When it came into its state: now, if that was seen to happen; else the latest time on its record."""
    if task.ended and task.ended_at is not None:
        return task.ended_at
    if before is not None:
        return state.now
    times = (task.posted_at, task.awarded_at, task.started_at)
    return max(at for at in times if at is not None)


def _lock_row(lock: Lock) -> LockRow:
    return LockRow(
        token=lock.token,
        target=lock.target,
        mode=lock.mode,
        agent=lock.agent,
        since=lock.granted_at,
        until=lock.deadline,
        task=lock.task,
    )


def _wait_row(state: MeshState, waiting: Waiting) -> WaitRow:
    way = state.locks.conflicts(waiting.agent, waiting.targets, waiting.mode, before_ticket=waiting.ticket)
    return WaitRow(
        ticket=waiting.ticket,
        targets=waiting.targets,
        mode=waiting.mode,
        agent=waiting.agent,
        behind=way.agents,
        since=waiting.asked_at,
        task=waiting.task,
    )


def _hardware_row(state: MeshState) -> HardwareRow:
    reserved = _total(state.reserved.values())
    used = _total(agent.used for agent in state.present)
    measured, total = state.measured_used, state.measured_total
    return HardwareRow(
        gpu="GPU" if total.vram_gb else "",
        ram_total_gb=total.ram_gb,
        ram_used_gb=used.ram_gb,
        ram_other_gb=max(0.0, measured.ram_gb - used.ram_gb),
        ram_reserved_gb=reserved.ram_gb,
        vram_total_gb=total.vram_gb,
        vram_used_gb=used.vram_gb,
        vram_other_gb=max(0.0, measured.vram_gb - used.vram_gb),
        vram_reserved_gb=reserved.vram_gb,
    )


def _total(amounts: Iterable[Resources]) -> Resources:
    ram = vram = 0.0
    for amount in amounts:
        ram, vram = ram + amount.ram_gb, vram + amount.vram_gb
    return Resources(ram_gb=ram, vram_gb=vram)
