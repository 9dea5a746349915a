"""Circles of agents that wait for each other, found in the graph of who waits for whom. Costs nothing without waiters.

Looks only; who gives way is decided in `lock_requests`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from devmesh.core.locks import LockTable, Waiting


def circle(table: LockTable, agent: str, blockers: Iterable[str]) -> tuple[Waiting, ...] | None:
    """If one of the blockers waits, through whomever, for the agent: the requests that close the circle, in its order.

    None if none does. An agent waits for the holders of what stands in the way of its requests, and for those who
    asked earlier; an agent with several requests waits for all of them.
    """
    if not table.of(agent) and not table.waiting_of(agent):
        return None
    came: dict[str, Waiting | None] = dict.fromkeys(blockers)
    queue = deque(came)
    while queue:
        name = queue.popleft()
        for waiting in table.waiting_of(name):
            found = table.conflicts(name, waiting.targets, waiting.mode, before_ticket=waiting.ticket).agents
            for other in found:
                if other == agent:
                    return _way(came, waiting)
                if other not in came:
                    came[other] = waiting
                    queue.append(other)
    return None


def circle_through(table: LockTable, agent: str) -> tuple[Waiting, ...] | None:
    """The requests of a circle that this waiting agent is part of, its own first; None if it is in none."""
    for waiting in table.waiting_of(agent):
        blockers = table.conflicts(agent, waiting.targets, waiting.mode, before_ticket=waiting.ticket).agents
        rest = circle(table, agent, blockers)
        if rest is not None:
            return (waiting, *rest)
    return None


def youngest(requests: Iterable[Waiting]) -> Waiting:
    """The one that came last."""
    return max(requests, key=lambda waiting: waiting.ticket)


def told(agents: Iterable[str]) -> str:
    """The circle in words: `a waits for b, b waits for c, c waits for a`."""
    names = list(agents)
    return ", ".join(f"{name} waits for {other}" for name, other in zip(names, [*names[1:], names[0]], strict=True))


def _way(came: dict[str, Waiting | None], last: Waiting) -> tuple[Waiting, ...]:
    way = [last]
    while (before := came[way[-1].agent]) is not None:
        way.append(before)
    return tuple(reversed(way))
