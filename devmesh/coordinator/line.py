"""Who is heard next: of all who wait, whoever will have been given the least by then. Knows no message and no rule.

What was done for somebody is counted in tokens, as its pace is; who begins to speak begins with what the others have,
so that silence saves nothing up, and one word of who is mostly silent never waits for all that a flood has to say.
"""

from __future__ import annotations

from heapq import heappop, heappush, heapreplace
from typing import Final, Protocol

DEEPEST: Final = 200.0
"Tokens that anybody can be ahead of the others: whatever was done for it, its turn comes again in a bounded time."
SLACK: Final = 50.0
"Tokens that all who wait are given before the alarm is heard: a heartbeat may stand behind something heavier."


class Share:
    """What was done for one client; for all connections of one issued credential together."""

    __slots__ = ("__weakref__", "_line", "used")

    def __init__(self, line: Line) -> None:
        self.used = 0.0
        self._line = line

    def charge(self, tokens: float) -> None:
        """So much was done for it."""
        self.used = min(self.used + tokens, self._line.reached + DEEPEST)


class Speaker(Protocol):
    """Who waits to say something."""

    @property
    def share(self) -> Share:
        """What it is charged to."""

    @property
    def weight(self) -> float:
        """Tokens that what it says next costs at least, as far as its length tells."""

    def speak(self) -> None:
        """Say one thing now."""


class Line:
    """Those who wait, each once. Ties go to who came first; one word goes before a speech."""

    def __init__(self) -> None:
        self.reached = 0.0
        "What whoever was heard last had been given by then: it never goes back."
        self._waiting: list[tuple[float, int, float, Speaker]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def stand(self, speaker: Speaker) -> None:
        """Wait. Whoever does already must not."""
        share = speaker.share
        share.used = max(share.used, self.reached)
        self._count += 1
        weight = speaker.weight
        heappush(self._waiting, (share.used + weight, self._count, weight, speaker))

    def least(self) -> float | None:
        """What whoever is next has been given; None when nobody waits."""
        waiting = self._waiting
        while waiting:
            place, count, weight, speaker = waiting[0]
            used = speaker.share.used
            if used + weight <= place:
                return used
            heapreplace(waiting, (used + weight, count, weight, speaker))
        return None

    def next(self) -> Speaker | None:
        """Whose turn it is; it waits no more."""
        least = self.least()
        if least is None:
            return None
        self.reached = max(self.reached, least)
        return heappop(self._waiting)[3]

    def clear(self) -> None:
        """Send everybody away."""
        self._waiting.clear()
