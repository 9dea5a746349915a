"""What has reached the coordinator and waits for its turn, in order of arrival. Knows no event's meaning."""

from __future__ import annotations

import asyncio
from collections import deque

from devmesh.core.events import Event, Woke

AT_ONCE = 500
"Events of one turn at most, so that the loop breathes however much arrives."


class Inbox:
    """Fed from the loop's own thread. The alarm comes after all that arrived before it was looked at: late is safe."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._rang = False
        self._waiting: asyncio.Future[None] | None = None

    def put(self, event: Event) -> None:
        """Add to the end."""
        self._events.append(event)
        self._notify()

    def put_first(self, event: Event) -> None:
        """Add to the front: what must be known before anything that waits is judged."""
        self._events.appendleft(event)
        self._notify()

    def ring(self) -> None:
        """The alarm rang: `Woke` follows everything that is here when the next turn begins."""
        self._rang = True
        self._notify()

    def clear(self) -> None:
        """Forget everything."""
        self._events.clear()
        self._rang = False

    def __len__(self) -> int:
        return len(self._events) + self._rang

    def drain(self, most: int = AT_ONCE) -> list[Event]:
        """Take what waits, oldest first."""
        events = [self._events.popleft() for _ in range(min(most, len(self._events)))]
        if self._rang and not self._events:
            self._rang = False
            events.append(Woke())
        return events

    async def wait(self) -> None:
        """Return as soon as there is anything."""
        if not len(self):
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting

    def _notify(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
