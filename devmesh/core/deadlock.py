"""Circles of agents that wait for each other, found in the graph of who waits for whom. Costs nothing without waiters.

Looks only, and never for long; who gives way is decided in `lock_requests`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Final

from devmesh.core.locks import Blockers, LockTable, Waiting

ENOUGH: Final = 4_000
"""Locks and requests that are looked at for one request. Where thousands stand in each other's way, a long circle among
them may stay unseen; then the first of its requests that runs out of patience ends it."""
LOOKING: Final = 4
"What looking up a target costs, beside what is found there."


class Effort:
    """What may still be looked at, by one search or by several for the same event."""

    __slots__ = ("left",)

    def __init__(self, left: int = ENOUGH) -> None:
        self.left = left

    def blockers(self, table: LockTable, waiting: Waiting) -> tuple[str, ...]:
        """The agents whom this request waits for, as far as there is time to look."""
        way = table.in_the_way(waiting.agent, waiting.targets, waiting.mode, waiting.ticket)
        found = list(islice(way, max(0, self.left)))
        self.left -= LOOKING * len(waiting.targets) + len(found)
        return Blockers.among(found).agents


def circle(
    table: LockTable, agent: str, blockers: Iterable[str], effort: Effort | None = None
) -> tuple[Waiting, ...] | None:
    """If one of the blockers waits, through whomever, for the agent: the requests that close the circle, in its order.

    None if none does, or none was found with that effort. An agent waits for the holders of what stands in the way of
    its requests, and for those who asked earlier; an agent with several requests waits for all of them.
    """
    if not table.of(agent) and not table.waiting_of(agent):
        return None
    came: dict[str, Waiting | None] = dict.fromkeys(blockers)
    queue = deque(came)
    effort = effort or Effort()
    while queue and effort.left > 0:
        name = queue.popleft()
        for waiting in table.waiting_of(name):
            for other in effort.blockers(table, waiting):
                if other == agent:
                    return _way(came, waiting)
                if other not in came:
                    came[other] = waiting
                    queue.append(other)
    return None


def circle_through(table: LockTable, agent: str, effort: Effort | None = None) -> tuple[Waiting, ...] | None:
    """The requests of a circle that this waiting agent is part of, its own first; None as for `circle`."""
    effort = effort or Effort()
    for waiting in table.waiting_of(agent):
        rest = circle(table, agent, effort.blockers(table, waiting), effort)
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
