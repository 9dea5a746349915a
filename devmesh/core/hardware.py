"""The hardware ledger: memory is set aside before work starts and given back when it ends (Rule 6)."""

from __future__ import annotations

from devmesh.core.state import Agent, MeshState, Task
from devmesh.core.turn import Turn
from devmesh.vocabulary import facts
from devmesh.vocabulary.terms import Resources


def wanted(agent: Agent, task: Task) -> Resources:
    """What this agent would need for this task."""
    return task.posted.needs if task.posted.needs is not None else agent.joined.declared


def free(state: MeshState) -> Resources:
    """What is not set aside. A kind of memory with a total of 0 is not managed."""
    total, taken = state.limits.total, state.reserved.values()
    return Resources(
        ram_gb=max(0.0, total.ram_gb - sum(amount.ram_gb for amount in taken)),
        vram_gb=max(0.0, total.vram_gb - sum(amount.vram_gb for amount in taken)),
    )


def fits(state: MeshState, amount: Resources, within: Resources | None = None) -> bool:
    """Whether it can be set aside now; with `within` = the total, whether it ever can."""
    total, room = state.limits.total, within if within is not None else free(state)
    return (not total.ram_gb or amount.ram_gb <= room.ram_gb + 1e-9) and (
        not total.vram_gb or amount.vram_gb <= room.vram_gb + 1e-9
    )


def reserve(turn: Turn, agent: Agent, task: Task) -> Resources:
    """Set aside what the attempt needs; it was seen to fit in this same turn."""
    amount = wanted(agent, task)
    if amount.ram_gb or amount.vram_gb:
        left = free(turn.state)
        turn.record(
            facts.HardwareReserved(agent=agent.name, task=task.number, amount=amount, free=_minus(left, amount))
        )
    return amount


def release(turn: Turn, task: Task) -> None:
    """Give back what the attempt had. Releasing twice is harmless."""
    amount = turn.state.reserved.get(task.number)
    if amount is None or task.agent is None:
        return
    left = free(turn.state)
    turn.record(
        facts.HardwareReleased(agent=task.agent, task=task.number, amount=amount, free=_plus(turn, left, amount))
    )
    turn.reschedule = True


def retake(turn: Turn, task: Task) -> bool:
    """Set aside again what a paused attempt gave up when its processes ended; False when it does not fit now."""
    amount = task.needs
    if task.agent is None or task.number in turn.state.reserved or not (amount.ram_gb or amount.vram_gb):
        return True
    if not fits(turn.state, amount):
        return False
    left = free(turn.state)
    turn.record(facts.HardwareReserved(agent=task.agent, task=task.number, amount=amount, free=_minus(left, amount)))
    return True


def _minus(left: Resources, amount: Resources) -> Resources:
    return Resources(ram_gb=max(0.0, left.ram_gb - amount.ram_gb), vram_gb=max(0.0, left.vram_gb - amount.vram_gb))


def _plus(turn: Turn, left: Resources, amount: Resources) -> Resources:
    total = turn.state.limits.total
    return Resources(
        ram_gb=min(total.ram_gb, left.ram_gb + amount.ram_gb),
        vram_gb=min(total.vram_gb, left.vram_gb + amount.vram_gb),
    )
