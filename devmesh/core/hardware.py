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
    total, taken = state.limits.total, [held.amount for held in state.reserved.values()]
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


def release(turn: Turn, number: int) -> None:
    """Give back what the attempt of that task had. Releasing twice is harmless."""
    held = turn.state.reserved.get(number)
    if held is None:
        return
    left = free(turn.state)
    turn.record(
        facts.HardwareReleased(agent=held.agent, task=number, amount=held.amount, free=_plus(turn, left, held.amount))
    )
    turn.reschedule = True


def release_all(turn: Turn, agent: str) -> None:
    """Give back all that an agent had which is gone: so are its tools."""
    for number in [number for number, held in turn.state.reserved.items() if held.agent == agent]:
        release(turn, number)


def outlasts(state: MeshState, number: int, agent: str, attempt: int) -> bool:
    """Whether this attempt is over, but for its tool, which may not have stopped yet."""
    held = state.reserved.get(number)
    return held is not None and held.over and (held.agent, state.tasks[number].attempt) == (agent, attempt)


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
