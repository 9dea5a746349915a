"""What must be true after every step, in the coordinator's view and in the agents' own."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from devmesh.core.lock_invariants import check
from devmesh.core.locks import compatible
from devmesh.core.overlap import overlap
from devmesh.core.state import MeshState
from devmesh.core.transitions import TASK_TRANSITIONS
from devmesh.vocabulary.terms import ChangeState

if TYPE_CHECKING:
    from tests.simulation.world import World


def violations(world: World) -> list[str]:
    """Every promise that does not hold now, in words."""
    state = world.state
    return [
        *(check(state.locks) if world.steps % 10 == 0 else ()),
        *_false_beliefs(world),
        *_over_granted(state),
        *_unowned(state),
        *world.project.lost(),
    ]


def _false_beliefs(world: World) -> list[str]:
    """Promise 2: never two agents that both rightly believe."""
    believers = [(client, lock) for client in world.clients if client.running for lock in client.rightly_believes()]
    return [
        f"{one.name} and {other.name} both believe: {mine} {theirs}"
        for (one, mine), (other, theirs) in combinations(believers, 2)
        if one is not other
        and overlap(mine.target, theirs.target)
        and not compatible(mine.mode, theirs.mode)
        and not compatible(theirs.mode, mine.mode)
    ]


def _over_granted(state: MeshState) -> list[str]:
    """Rule 6: the ledger never grants more than there is."""
    ram = sum(amount.ram_gb for amount in state.reserved.values())
    return [f"{ram} GB set aside"] if ram > state.limits.total.ram_gb + 1e-6 else []


def _unowned(state: MeshState) -> list[str]:
    """An agent has at most one task, and a task that is being worked on has an agent or its change is landing."""
    wrong: list[str] = []
    wrong += [
        f"{agent.name} has task {number}, which is {state.tasks[number].agent}'s"
        for agent in state.present
        for number in (agent.task, agent.reviewing)
        if number is not None and state.tasks[number].agent != agent.name
    ]
    for number in state.open_tasks:
        task = state.tasks[number]
        if not TASK_TRANSITIONS[task.state]:
            wrong.append(f"task {number} is open and {task.state}")
        holder = state.agents.get(task.agent or "")
        busy = task.state in ("claimed", "working", "review")
        landing = (change := state.changes.get(task.change or 0)) and change.state is ChangeState.APPLYING
        if busy and not landing and (holder is None or number not in (holder.task, holder.reviewing)):
            wrong.append(f"task {number} is {task.state} by {task.agent}, who has it not")
    return wrong
