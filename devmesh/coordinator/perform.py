"""Does what the core wants done, once it is on record: tells, hangs up, sets the alarm, works the gate, searches.

Decides nothing; whatever comes of an effect goes back to the core as an event.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, assert_never

from devmesh import logs
from devmesh.coordinator.channel import HUNG_UP, Channel
from devmesh.coordinator.clock import Clock
from devmesh.coordinator.inbox import Inbox
from devmesh.coordinator.telling import Encoder
from devmesh.core import effects
from devmesh.errors import Malformed, StorageError
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import DiscoveriesFound, Discovery

_LATER = 0.001
"Seconds added to every alarm, so that it never rings before its time."

_log = logs.logger("coordinator")


class GateWork(Protocol):
    """Whoever works on changes, one piece of work at a time, in order."""

    def begin(self, effect: effects.PrepareChange | effects.RunCheck | effects.ApplyChange, *, resumed: bool) -> None:
        """Put it in line; its outcome becomes an event."""


Searcher = Callable[[str, int], "asyncio.Future[tuple[Discovery, ...]]"]


class Performer:
    """Performs the effects of one turn, in order."""

    def __init__(
        self, channels: Mapping[int, Channel], inbox: Inbox, clock: Clock, gate: GateWork, search: Searcher
    ) -> None:
        self._channels = channels
        self._inbox = inbox
        self._clock = clock
        self._gate = gate
        self._search = search
        self._alarm: asyncio.TimerHandle | None = None
        self._searches: set[asyncio.Task[None]] = set()
        self._queries: dict[int, deque[effects.Search]] = {}
        "What each connection still wants to find."

    def perform(self, wanted: Iterable[effects.Effect], *, resumed: bool = False) -> None:
        """Everything but `Record`, which is done by now. `resumed`: this is the turn that took the project over."""
        encoder = Encoder()
        alarm: effects.WakeAt | None = None
        for effect in wanted:
            match effect:
                case effects.Record() | effects.SendState():
                    pass  # kept before; and made a Tell when the state was as it should be sent
                case effects.Tell():
                    self._tell(encoder, effect.connection, effect.facts, effect.reply_to)
                case effects.HangUp():
                    self._hang_up(effect)
                case effects.WakeAt():
                    alarm = effect
                case effects.PrepareChange() | effects.RunCheck() | effects.ApplyChange():
                    self._gate.begin(effect, resumed=resumed)
                case effects.Search():
                    self._begin_search(effect)
                case _:
                    assert_never(effect)
        if alarm is not None:
            self._set_alarm(alarm.time)

    def stop(self) -> None:
        """No alarm and no search any more."""
        self._set_alarm(None)
        for task in self._searches:
            task.cancel()

    def charge(self, connection: int, seconds: float) -> None:
        """The rules took so long for what was said on it: it is read on the later for it."""
        channel = self._channels.get(connection)
        if channel is not None:
            channel.spend(seconds)

    # ---- each of them ----

    def _tell(self, encoder: Encoder, connection: int, facts: tuple[Recorded, ...], reply_to: int | None) -> None:
        channel = self._channels.get(connection)
        if channel is None:
            return
        try:
            channel.deliver(encoder.delivery(facts, reply_to))
        except Malformed as error:
            _log.error("a delivery could not be written", connection=connection, error=str(error))
            channel.end(1011, "a delivery could not be written")

    def _hang_up(self, effect: effects.HangUp) -> None:
        channel = self._channels.get(effect.connection)
        if channel is not None:
            channel.end(HUNG_UP, effect.reason[:120])

    def _set_alarm(self, time: float | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if time is not None:
            delay = max(0.0, time - self._clock.now()) + _LATER
            self._alarm = asyncio.get_running_loop().call_later(delay, self._inbox.ring)

    def _begin_search(self, effect: effects.Search) -> None:
        """One at a time for each connection, so that nobody's searches keep others' waiting for long."""
        waiting = self._queries.setdefault(effect.connection, deque())
        waiting.append(effect)
        if len(waiting) == 1:
            task = asyncio.get_running_loop().create_task(self._answer_searches(effect.connection, waiting))
            self._searches.add(task)
            task.add_done_callback(self._searches.discard)

    async def _answer_searches(self, connection: int, waiting: deque[effects.Search]) -> None:
        """In order; between two, others have as long for theirs as the first one took."""
        try:
            while waiting and (channel := self._channels.get(connection)) is not None:
                begun = self._clock.now()
                await self._answer_search(waiting[0])
                took = self._clock.now() - begun
                channel.spend(took)
                waiting.popleft()
                if waiting:
                    await asyncio.sleep(took)
        finally:
            del self._queries[connection]

    async def _answer_search(self, effect: effects.Search) -> None:
        try:
            found = await self._search(effect.query, effect.limit)
        except StorageError as error:
            _log.warning("a search failed", error=str(error))
            found = ()
        fact = DiscoveriesFound(query=effect.query, found=found)
        recorded = Recorded(sequence=0, fact=fact, now=self._clock.now(), at=self._clock.wall())
        self._tell(Encoder(), effect.connection, (recorded,), effect.reply_to)
