"""Deadlines of many things in one heap, mended lazily: moving one later costs nothing until the old one comes up.

Keeps no times of its own: what counts is what `actual` says of a number at that moment.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

_ROOM = 1024
"Dead entries worth keeping before the heap is cleared of them."


K = TypeVar("K", bound=int | tuple[str, str])


class Deadlines(Generic[K]):
    """Numbers by their deadline. One whose `actual` deadline is None is not due, and forgotten until pushed again."""

    def __init__(self, actual: Callable[[K], float | None]) -> None:
        self._actual = actual
        self._heap: list[tuple[float, K]] = []
        self._limit = _ROOM

    def __len__(self) -> int:
        """Entries, dead ones included: at most twice what is alive, and a little room."""
        return len(self._heap)

    def push(self, time: float, number: K) -> None:
        """Look at this number at that time at the latest."""
        heapq.heappush(self._heap, (time, number))
        if len(self._heap) > self._limit:
            self.rebuild(dict.fromkeys(number for _, number in self._heap))
            self._limit = 2 * len(self._heap) + _ROOM

    def rebuild(self, numbers: Iterable[K]) -> None:
        """Keep exactly these, those without a deadline left out."""
        times = ((self._actual(number), number) for number in numbers)
        self._heap = [(time, number) for time, number in times if time is not None]
        heapq.heapify(self._heap)

    def next(self) -> float | None:
        """The earliest deadline, exactly."""
        self._mend()
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> list[K]:
        """Every number whose deadline has come, ascending. They stay due until their deadline moves or ends."""
        found: dict[K, float] = {}
        while (time := self.next()) is not None and time <= now:
            found[heapq.heappop(self._heap)[1]] = time
        for number, time in found.items():
            heapq.heappush(self._heap, (time, number))
        return sorted(found)

    def _mend(self) -> None:
        while self._heap:
            time, number = self._heap[0]
            actual = self._actual(number)
            if actual == time:
                return
            if actual is None:
                heapq.heappop(self._heap)
            else:
                heapq.heapreplace(self._heap, (actual, number))
