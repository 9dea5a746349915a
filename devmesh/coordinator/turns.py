"""One turn: drain the inbox, decide, keep every fact in one commit, and only then do what follows.

What is not recorded was not said. If deciding or keeping fails, nothing of the turn was told: `TurnFailed` says why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from msgspec import Raw
from msgspec.structs import force_setattr

from devmesh.coordinator.clock import Clock
from devmesh.coordinator.inbox import Inbox
from devmesh.coordinator.lateness import LATE, Lateness
from devmesh.coordinator.perform import Performer
from devmesh.coordinator.recording import Recording
from devmesh.core.effects import Effect, Record, SendState, Tell
from devmesh.core.events import Event, Heard, Stalled, Started, Stopping
from devmesh.core.snapshot import freeze
from devmesh.core.state import MeshState
from devmesh.core.step import step
from devmesh.errors import StorageError
from devmesh.vocabulary import known
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import CredentialIssued, WatchStarted

BRIEF = 0.00025
"Seconds of a decision for which the thread's own clock is not asked: asking takes a good part of a usual decision."
AT_ONCE = 500
"Events of one turn at most, so that the loop breathes however much arrives."
AT_MOST = 0.025
"Seconds of one turn's decisions: what is left is for the next, after the sockets had their say."


class TurnFailed(Exception):
    """A turn could not be completed; `__cause__` says why. The state in memory may be ahead of the record."""

    def __init__(self, events: list[Event]) -> None:
        super().__init__(f"a turn of {len(events)} events failed")
        self.events = events
        "The one that could not be decided, or all of a turn that could not be kept."


class Turns:
    """Owns the state while it runs."""

    def __init__(
        self,
        state: MeshState,
        inbox: Inbox,
        clock: Clock,
        lateness: Lateness,
        recording: Recording,
        performer: Performer,
    ) -> None:
        self.state = state
        self._inbox = inbox
        self._clock = clock
        self._lateness = lateness
        self._recording = recording
        self._performer = performer
        known.hide_digests(*(issued.digest for issued in state.credentials.values()))
        known.hide_digests(*(session.key for session in state.sessions.values()))
        self.one_by_one = 0
        "So many coming turns take a single event each: among those of a failed turn, one is to be found out."

    async def run(self) -> None:
        """Take turns until one has heard `Stopping`. Raises TurnFailed."""
        while True:
            await self._inbox.wait()
            if await self.turn():
                return
            if len(self._inbox):
                await asyncio.sleep(0)  # even a flood lets the sockets speak between two turns

    async def turn(self) -> bool:
        """One turn; whether it was the last. Raises TurnFailed."""
        self._lateness.check()
        events: list[Event] = []
        wanted = list(self._decide(events))
        self.one_by_one = max(0, self.one_by_one - 1)
        await self._keep(events, wanted)
        self._performer.perform(wanted, resumed=any(isinstance(event, Started) for event in events))
        self._recording.snapshot(
            self.state, self._clock.now(), self._clock.readings.monotonic, idle=not len(self._inbox)
        )
        return any(isinstance(event, Stopping) for event in events)

    def _decide(self, events: list[Event]) -> Iterator[Effect]:
        """Decide what waits, as much as fits into a turn, and note it in `events`."""
        readings = self._clock.readings
        own, ended = readings.thread(), readings.monotonic()
        most, end = 1 if self.one_by_one else AT_ONCE, ended + AT_MOST
        while len(events) < most and ended < end and (event := self._inbox.next()) is not None:
            events.append(event)
            begun = readings.monotonic()
            own += begun - ended
            try:
                effects = step(self.state, event, self._clock.now())
            except Exception as error:
                raise TurnFailed([event]) from error
            ended = readings.monotonic()
            took = ended - begun
            if took > BRIEF:
                thread = readings.thread()
                took, own = min(took, max(0.0, thread - own)), thread
            else:
                own += took
            if isinstance(event, Heard):
                self._performer.charge(event.connection, took)
            if isinstance(event, Stopping):
                end = ended
            for effect in effects:
                yield self._with_state(effect) if isinstance(effect, SendState) else effect

    def _with_state(self, effect: SendState) -> Tell:
        """The state as it is at this moment of the turn: what is told afterwards comes on top of it."""
        fact = WatchStarted(sequence=self.state.sequence, snapshot=Raw(freeze(self.state)))
        recorded = Recorded(sequence=0, fact=fact, now=self.state.now)
        return Tell(connection=effect.connection, facts=(recorded,), reply_to=effect.reply_to)

    async def _keep(self, events: list[Event], wanted: list[Effect]) -> None:
        at = self._clock.wall()
        for effect in wanted:
            if isinstance(effect, Tell):
                for told in effect.facts:
                    _stamp(told, at)
        recorded = [effect.recorded for effect in wanted if isinstance(effect, Record)]
        if not recorded:
            return
        for kept in recorded:
            _stamp(kept, at)
            if isinstance(kept.fact, CredentialIssued):
                known.hide_digests(kept.fact.digest)
        begun = self._clock.now()
        try:
            await self._recording.append(recorded, at)
        except StorageError as error:
            raise TurnFailed(events) from error
        took = self._clock.now() - begun
        if took > LATE:
            self._inbox.put_first(Stalled(seconds=took, cause="the disk was slow to keep the record"))


def _stamp(recorded: Recorded, at: float) -> None:
    """Facts get their wall time here, where the clock is known, before anybody else has seen them."""
    if not recorded.at:
        force_setattr(recorded, "at", at)
