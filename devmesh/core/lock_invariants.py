"""What must be true of a lock table after every turn, checked the slow and plain way: by looking at every pair.

For tests and the simulator. Trusts the locks and the queue; believes no index.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from devmesh.core.lock_index import Crowd, Item, LockIndex, Node
from devmesh.core.locks import BLOCKING, PRECEDING, Lock, LockTable, Waiting, compatible
from devmesh.core.overlap import overlap
from devmesh.core.targets import WHOLE, divided, is_directory, is_glob


def check(table: LockTable) -> list[str]:
    """What is wrong, in words; empty when all is well."""
    return [*_incompatible(table), *_idle_waits(table), *_disorder(table), *_stale_indices(table), *_blind(table)]


def _incompatible(table: LockTable) -> Iterator[str]:
    """Two locks that no order of granting could have put side by side (a reader may have joined a co-writer)."""
    locks = list(table.locks.values())
    for index, lock in enumerate(locks):
        for other in locks[index + 1 :]:
            if lock.agent == other.agent or not overlap(lock.target, other.target):
                continue
            if not compatible(lock.mode, other.mode) and not compatible(other.mode, lock.mode):
                yield f"{_words(lock)} beside {_words(other)}"


def _idle_waits(table: LockTable) -> Iterator[str]:
    for waiting in table.waiting.values():
        if not reasons(table, waiting):
            yield f"{waiting.agent} waits with ticket {waiting.ticket} for {', '.join(waiting.targets)} without a cause"


def reasons(table: LockTable, waiting: Waiting) -> set[int]:
    """The tokens and tickets that keep this request waiting."""
    found: set[int] = set()
    for target in waiting.targets:
        own = [lock for lock in table.locks.values() if lock.agent == waiting.agent and _around(lock.target, target)]
        found.update(lock.token for lock in own if lock.target == target and lock.token in table.pinned)
        if any(lock.mode is waiting.mode for lock in own):
            continue
        found.update(
            lock.token
            for lock in table.locks.values()
            if lock.agent != waiting.agent and lock.mode in BLOCKING[waiting.mode] and overlap(lock.target, target)
        )
        if not own:
            found.update(_before(table, waiting, target))
    return found


def _before(table: LockTable, waiting: Waiting, target: str) -> Iterator[int]:
    for other in table.waiting.values():
        earlier = other.ticket < waiting.ticket and other.agent != waiting.agent
        if earlier and other.mode in PRECEDING[waiting.mode] and any(overlap(each, target) for each in other.targets):
            yield other.ticket


def _around(held: str, target: str) -> bool:
    """As `Holdings.around` promises it."""
    if is_directory(held) and not is_glob(held):
        return held == WHOLE or target.startswith(held)
    if held == target or is_glob(target) or is_directory(target):
        return held == target
    return not divided(held)[1] and overlap(held, target)


def _disorder(table: LockTable) -> Iterator[str]:
    for name, numbers in (("token", list(table.locks)), ("ticket", list(table.waiting))):
        if numbers != sorted(set(numbers)):
            yield f"a {name} was not greater than the one before: {numbers}"
    if both := set(table.locks) & set(table.waiting):
        yield f"numbers are token and ticket at once: {sorted(both)}"
    for agent in {lock.agent: None for lock in table.locks.values()}:
        targets = [lock.target for lock in table.of(agent)]
        if len(targets) != len(set(targets)):
            yield f"{agent} holds one target twice: {targets}"
    if gone := set(table.pinned) - set(table.locks):
        yield f"pinned, and no lock: {sorted(gone)}"


def _stale_indices(table: LockTable) -> Iterator[str]:
    """Indices that a table rebuilt from the same locks and queue would not have."""
    fresh = LockTable.rebuild(table.locks, table.waiting)
    pairs: tuple[tuple[str, LockIndex[Any], LockIndex[Any]], ...] = (
        ("locks", table.held_at, fresh.held_at),
        ("queue", table.wanted_at, fresh.wanted_at),
    )
    for name, index, rebuilt in pairs:
        if contents(index.root) != contents(rebuilt.root):
            yield f"the index of the {name} is stale: {contents(index.root)} is not {contents(rebuilt.root)}"
    agents = [lock.agent for lock in table.locks.values()] + [waiting.agent for waiting in table.waiting.values()]
    for agent in dict.fromkeys(agents):
        if table.of(agent) != fresh.of(agent) or table.waiting_of(agent) != fresh.waiting_of(agent):
            yield f"what {agent} holds and waits for is not what is listed"
    times = [lock.deadline for lock in table.locks.values() if lock.token not in table.pinned]
    times += [waiting.deadline for waiting in table.waiting.values()]
    if table.next_deadline() != min(times, default=None):
        yield f"the next deadline is {min(times, default=None)}, not {table.next_deadline()}"


def _blind(table: LockTable) -> Iterator[str]:
    """Waiting requests that nothing will ever wake."""
    for ticket, waiting in table.waiting.items():
        if ticket in table.vigil.restless:
            continue
        watched = table.vigil.watching.get(ticket)
        if watched not in reasons(table, waiting):
            yield f"ticket {ticket} watches {watched}, which is not in its way"


def contents(node: Node[Any], path: str = "") -> dict[str, Any]:
    """What an index holds, plainly: per place and mode the numbers; per directory how many of each mode."""
    found: dict[str, Any] = {path: dict(sorted(node.counts.items()))}
    for kind in ("below", "files", "globs"):
        for key, each in getattr(node, kind).items():
            found[f"{path}|{kind}|{key}"] = _numbers(each.modes) if isinstance(each, Crowd) else _alone(each)
    for name, child in node.children.items():
        found.update(contents(child, f"{path}{name}/"))
    return found


def _numbers(modes: dict[Any, tuple[list[int], list[Any]]]) -> dict[str, list[int]]:
    return {str(mode): numbers for mode, (numbers, _) in sorted(modes.items())}


def _alone(item: Item) -> dict[str, list[int]]:
    return {str(item.mode): [item.number]}


def _words(lock: Lock) -> str:
    return f"{lock.agent} holds {lock.target} ({lock.mode}, token {lock.token})"
