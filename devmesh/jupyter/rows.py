"""One row of a panel from one thing of the state: pure, and equal whenever it would look the same."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from devmesh.jupyter.deciding import waits_for_judgement
from devmesh.mesh.prospects import held_up, reason_parked
from devmesh.mesh.sentences import sentence
from devmesh.mesh.task import title_of
from devmesh.vocabulary.record import kind_of
from devmesh.vocabulary.terms import Resources
from devmesh_widgets.rows import AgentRow, EventRow, HardwareRow, LockRow, TaskRow, WaitRow

if TYPE_CHECKING:
    from devmesh.core.locks import Lock, Waiting
    from devmesh.core.state import Agent, MeshState, Task
    from devmesh.vocabulary.codec import Recorded


def event_row(recorded: Recorded) -> EventRow:
    """A fact, as a line."""
    fact = recorded.fact
    return EventRow(
        sequence=recorded.sequence,
        at=recorded.at or time.time(),
        kind=kind_of(fact),
        agent=getattr(fact, "agent", None) or "",
        task=getattr(fact, "task", None),
        text=sentence(fact),
    )


def agent_row(state: MeshState, agent: Agent, locks: int) -> AgentRow:
    """An agent, with what it does, holds, uses and has spent."""
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
        locks=locks,
        ram_gb=agent.used.ram_gb,
        vram_gb=agent.used.vram_gb,
        declared_ram_gb=agent.joined.declared.ram_gb,
        declared_vram_gb=agent.joined.declared.vram_gb,
        heard=agent.heard_at,
        tokens=agent.spent.tokens,
        dollars=agent.spent.dollars,
        parked=reason_parked(agent),
        retry_at=agent.parked_until if agent.parked is not None else None,
        probes=(
            *([f"kept within: {agent.joined.confined}"] if agent.joined.confined else []),
            *_tried(agent),
        ),
    )


def _tried(agent: Agent) -> tuple[str, ...]:
    """What its canary found."""
    return tuple(
        f"{probe.way}: {'refused' if probe.refused else 'not refused'} {probe.detail}".strip()
        for probe in agent.joined.probes
    )


def task_row(state: MeshState, task: Task, before: TaskRow | None) -> TaskRow:
    """A task; `before` is its row until now, which knows when it came into its state."""
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
        tokens=task.spent.tokens,
        dollars=task.spent.dollars,
        contest=task.posted.contest,
        change=task.change,
        judged=waits_for_judgement(state, task),
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


def lock_row(lock: Lock) -> LockRow:
    """A target that is held."""
    return LockRow(
        token=lock.token,
        target=lock.target,
        mode=lock.mode,
        agent=lock.agent,
        since=lock.granted_at,
        until=lock.deadline,
        task=lock.task,
    )


def wait_row(state: MeshState, waiting: Waiting) -> WaitRow:
    """A request for locks that waits, and behind whom."""
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


def hardware_row(state: MeshState) -> HardwareRow:
    """Memory of the machine: granted, used by agents, and used by all else."""
    reserved = sum_of(held.amount for held in state.reserved.values())
    used = sum_of(agent.used for agent in state.present)
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


def sum_of(amounts: Iterable[Resources]) -> Resources:
    """All amounts together."""
    ram = vram = 0.0
    for amount in amounts:
        ram, vram = ram + amount.ram_gb, vram + amount.vram_gb
    return Resources(ram_gb=ram, vram_gb=vram)
