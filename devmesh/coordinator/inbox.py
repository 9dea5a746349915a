"""What has reached the coordinator and waits for its turn. Knows no event's meaning.

Events come in order of arrival. What clients say becomes an event only when nothing else is left, one message at a time
and fairly among them: until then it is not even read, so that whoever says much keeps nobody else waiting.
"""

from __future__ import annotations

import asyncio
from collections import deque

from devmesh.coordinator.line import SLACK, Line, Speaker
from devmesh.core.events import Event, Woke


class Inbox:
    """Fed from the loop's own thread. The alarm comes after all that arrived before it was looked at: late is safe."""

    def __init__(self) -> None:
        self.line = Line()
        self._events: deque[Event] = deque()
        self._rang: float | None = None
        "How far the line was when the alarm rang; None: it did not."
        self._waiting: asyncio.Future[None] | None = None

    def put(self, event: Event) -> None:
        """Add to the end."""
        self._events.append(event)
        self._notify()

    def put_first(self, event: Event) -> None:
        """Add to the front: what must be known before anything that waits is judged."""
        self._events.appendleft(event)
        self._notify()

    def stand(self, speaker: Speaker) -> None:
        """Somebody has something to say: it is asked to `speak`, once, when it is its turn."""
        self.line.stand(speaker)
        self._notify()

    def ring(self) -> None:
        """The alarm rang: `Woke` follows everything that is here, and what those say who wait in the line.

        Of these, who was given much more than others comes after it: a flood that never ends does not keep it off.
        """
        if self._rang is None:
            self._rang = self.line.reached
        self._notify()

    def clear(self) -> None:
        """Forget everything."""
        self._events.clear()
        self.line.clear()
        self._rang = None

    def __len__(self) -> int:
        return len(self._events) + len(self.line) + (self._rang is not None)

    def next(self) -> Event | None:
        """What is to be decided next; None when nothing waits."""
        while not self._events:
            if self._rang is not None and self._has_passed(self._rang):
                self._rang = None
                return Woke()
            speaker = self.line.next()
            if speaker is None:
                return None
            speaker.speak()
        return self._events.popleft()

    async def wait(self) -> None:
        """Return as soon as there is anything."""
        if not len(self):
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting

    def _has_passed(self, mark: float) -> bool:
        least = self.line.least()
        return least is None or least > mark + SLACK

    def _notify(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
