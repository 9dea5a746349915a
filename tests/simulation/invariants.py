"""What must be true after every step, in the coordinator's view and in the agents' own."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from devmesh.core.lock_invariants import check
from devmesh.core.overlap import overlap
from devmesh.core.state import MeshState
from devmesh.core.transitions import TASK_TRANSITIONS
from devmesh.vocabulary import facts
from devmesh.vocabulary.facts import AnyFact
from devmesh.vocabulary.terms import ChangeState
from tests.simulation.book import Book, side_by_side

if TYPE_CHECKING:
    from tests.simulation.world import World


def violations(world: World) -> list[str]:
    """Every promise that does not hold now, in words."""
    state = world.state
    return [
        *_locks(world),
        *_false_beliefs(world),
        *_over_granted(state),
        *_unowned(state),
        *world.project.lost(),
    ]


def _locks(world: World) -> list[str]:
    """The whole table, by looking at every pair, after each step that changed who holds what or waits, and every 50th.

    After every step it would cost a third of all the time; most steps are heartbeats, which move deadlines only.
    """
    table = world.state.locks
    now = (id(table), tuple(table.locks), tuple(table.waiting), tuple(table.pinned))
    if now == world.looked_at and world.steps % 50:
        return []
    world.looked_at = now
    return check(table)


def broken_by(world: World, said: list[AnyFact]) -> list[str]:
    """Promises that a single fact can break, looked at in the turn that recorded it."""
    wrong: list[str] = []
    for fact in said:
        if isinstance(fact, facts.LockExpired) or (isinstance(fact, facts.LockReleased) and fact.reason == "lost"):
            wrong += _too_early(world, fact) + _unheard(world, fact)
        elif isinstance(fact, facts.AgentLost):
            wrong += _unheard(world, fact)
        elif isinstance(fact, facts.ChangeApplying):
            wrong += _unfenced(world.state, fact)
        elif isinstance(fact, facts.ChangeApplied):
            wrong += _not_there(world, fact)
    return wrong


def _too_early(world: World, fact: facts.LockExpired | facts.LockReleased) -> list[str]:
    """Early expiry is not safe: whoever held the lock must have stopped believing in it by itself."""
    return [
        f"{client.name} still believes in token {fact.token}, which has ended"
        for client in world.clients
        if client.name == fact.agent and any(lock.token == fact.token for lock in client.rightly_believes())
    ]


def _unheard(world: World, fact: facts.LockExpired | facts.LockReleased | facts.AgentLost) -> list[str]:
    """Whoever could not be heard for the coordinator's own sleep or stall is heard first (S5, S13, S15)."""
    short = world.credit_until - world.mesh_time()
    return [f"{fact.agent} is given up {short:.3f} s before it could be heard"] if short > 1e-6 else []


def _unfenced(state: MeshState, fact: facts.ChangeApplying) -> list[str]:
    """Promise 2: at the moment a change is landed every file of it lies under a live writing lock of its agent."""
    return [
        f"change {fact.change} lands {write.path}, which {fact.agent} has not locked"
        for write in fact.plan
        if state.locks.covering(fact.agent, write.path) is None
    ]


def _not_there(world: World, fact: facts.ChangeApplied) -> list[str]:
    """Promise 3: what is said to have landed is in the project."""
    project, offer = world.project, world.book.offers.get(fact.change)
    if offer is None:
        return [f"change {fact.change} is said to have landed; that it was offered is not on record"]
    return [
        f"change {fact.change} is said to have landed; {file.path} lacks it"
        for file in offer.files
        if not project.objects[file.after or ""] - project.objects[file.before or ""] <= project.files[file.path]
    ]


def _false_beliefs(world: World) -> list[str]:
    """Promise 2: never two agents that both rightly believe."""
    believers = [(client, lock) for client in world.clients if client.running for lock in client.rightly_believes()]
    return [
        f"{one.name} and {other.name} both believe: {mine} {theirs}"
        for (one, mine), (other, theirs) in combinations(believers, 2)
        if one is not other and overlap(mine.target, theirs.target) and not side_by_side(mine.mode, theirs.mode)
    ]


def wait_for_ever(book: Book) -> list[str]:
    """A circle of agents that wait for each other is gone by the end of the turn that closed it."""
    circle = book.circle() if len(book.waiting) > 1 else []
    return [f"{', '.join(circle)} wait for each other"] if circle else []


def _over_granted(state: MeshState) -> list[str]:
    """Rule 6: the ledger never grants more than there is."""
    ram = sum(held.amount.ram_gb for held in state.reserved.values())
    return [f"{ram} GB set aside"] if ram > state.limits.total.ram_gb + 1e-6 else []


def _unowned(state: MeshState) -> list[str]:
    """An agent has at most one task, and a task that is being worked on has an agent or its change is landing."""
    wrong: list[str] = []
    wrong += [
        f"{waiting.agent}, who is gone, waits with ticket {waiting.ticket}"
        for waiting in state.locks.waiting.values()
        if state.agents[waiting.agent].gone
    ]
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
