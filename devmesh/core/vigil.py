"""Who in the queue has a reason to be looked at again: a release costs what it sets free, not what waits.

Each waiting request watches one thing in its way, and is looked at again when that ends.
Derived and disposable: a vigil that has forgotten everything looks at every request once more, and decides the same.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable


class Vigil:
    """Tickets, each either restless (to be looked at) or watching the number of a lock or of an earlier request."""

    def __init__(self) -> None:
        self.watching: dict[int, int] = {}
        "What each ticket watches."
        self.watchers: dict[int, dict[int, None]] = {}
        "The other way round."
        self._restless: dict[int, None] = {}
        self._heap: list[int] = []

    @property
    def restless(self) -> tuple[int, ...]:
        """Tickets to be looked at, ascending."""
        return tuple(sorted(self._restless))

    def rouse(self, tickets: Iterable[int]) -> None:
        """Look at these again."""
        for ticket in tickets:
            if ticket not in self._restless:
                self._unwatch(ticket)
                self._restless[ticket] = None
                heapq.heappush(self._heap, ticket)

    def ended(self, number: int) -> None:
        """A lock or a request is no longer in the way: look again at all who watched it."""
        self.rouse(tuple(self.watchers.get(number, ())))

    def watch(self, ticket: int, number: int) -> None:
        """Let the ticket rest until that ends."""
        self.forget(ticket)
        self.watching[ticket] = number
        self.watchers.setdefault(number, {})[ticket] = None

    def forget(self, ticket: int) -> None:
        """It waits no more."""
        self._unwatch(ticket)
        self._restless.pop(ticket, None)

    def first(self) -> int | None:
        """The earliest restless ticket."""
        while self._heap:
            if self._heap[0] in self._restless:
                return self._heap[0]
            heapq.heappop(self._heap)
        return None

    def _unwatch(self, ticket: int) -> None:
        number = self.watching.pop(ticket, None)
        if number is not None:
            others = self.watchers[number]
            del others[ticket]
            if not others:
                del self.watchers[number]
