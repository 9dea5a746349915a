"""Short, hard histories: all that `world` does, frames that come twice or out of order, a coordinator that stalls.

A stalled coordinator hears everything late and in order, and is told how late it was; so does a laptop that slept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

from devmesh.core import events
from devmesh.core.effects import Tell
from devmesh.vocabulary import codec, facts
from tests.simulation.shell import LIMITS
from tests.simulation.world import Profile, World

if TYPE_CHECKING:
    from tests.simulation.client import Client

Refusal = facts.RequestRefused | facts.RequestMalformed

TROUBLE = 24.0
"Virtual seconds; two leases."


class Storm(World):
    """One short history."""

    def __init__(self, seed: int, **other: Any) -> None:
        chance = Random(seed * 7919 + 1)
        self.doubling = chance.choice([0.0, 0.02, 0.2])
        self.disorder = chance.choice([0.0, 0.1, 0.4])
        self.stalls = chance.choice([0.0, 0.02, 0.1])
        self._chance = chance
        self._late: list[tuple[int, int | None, Callable[[], None]]] | None = None
        "What came while the coordinator stalled, in order: its epoch, its connection, and what to do."
        self._telling = False
        self.refused: Counter[str] = Counter()
        "Codes that clients were told."
        super().__init__(seed, **other)

    def _begin(self) -> None:
        self.profile = self._drawn()
        super()._begin()
        self.at(self._chance.uniform(1, 4), self._weather)

    def _drawn(self) -> Profile:
        """Never calm: what a history has time for should happen in it."""
        chance = self._chance
        return self.profile._replace(
            breaking=chance.choice([0.0, 0.05, 0.15]),
            crashing=chance.choice([0.0, 0.01, 0.05]),
            stopping=chance.choice([0.0, 0.05, 0.2]),
            dying=chance.choice([0.0, 0.02, 0.06]),
            person=chance.choice([0.0, 0.3]),
            delay=chance.choice([0.001, 0.05, 0.5, 3.0]),
        )

    # ---- frames twice, and out of order

    def send(self, client: Client, number: int, request: Any) -> None:
        """Now and then the same frame comes again, later."""
        super().send(client, number, request)
        connection = client.connection
        if self.faults and connection is not None and self._chance.random() < self.doubling:
            data = codec.encode(codec.Message(id=number, request=request))
            delay = self._chance.uniform(0, 4)
            self.at(delay, lambda: self._hear(connection, data) if connection in self.connections else None)

    def _tell(self, effect: Tell) -> None:
        self._telling = True
        super()._tell(effect)
        self._telling = False

    def _deliver(self, connection: int, action: Callable[[], None]) -> None:
        """Now and then a request is overtaken by later ones; what is told keeps its order, as links rely on (S25)."""
        if self.faults and not self._telling and self._chance.random() < self.disorder:
            delay = self._chance.uniform(0, 3)
            self.at(delay, lambda: action() if connection in self.connections else None)
            return
        super()._deliver(connection, action)

    def _receive(self, client: Client, connection: int, data: bytes) -> None:
        """An answer that was heard before is passed by, as every link does."""
        delivery = codec.decode_delivery(data)
        reply_to = delivery.reply_to
        refusals = [one.fact for one in delivery.facts if isinstance(one.fact, Refusal)]
        self.refused.update(str(one.code) for one in refusals)
        if reply_to is None or reply_to in client.unanswered or client.dead or client.connection != connection:
            super()._receive(client, connection, data)

    # ---- a coordinator that stalls

    def _weather(self) -> None:
        if self.faults and self.up and self._late is None and self._chance.random() < self.stalls * 5:
            seconds = self._chance.choice([1.5, 5.0, LIMITS.lease, 2.5 * LIMITS.lease])
            if self.hazards:
                self.freeze(seconds)
            else:
                self._late = []
                self.at(seconds, lambda: self._awake(seconds))
        self.at(self._chance.uniform(1, 5), self._weather)

    def _awake(self, seconds: float) -> None:
        late, self._late = self._late or [], None
        epoch = self.epoch
        super().feed(events.Stalled(seconds=seconds))
        for when, connection, action in late:
            if self.epoch == epoch == when and (connection is None or connection in self.connections):
                action()

    def feed(self, event: events.Event) -> None:
        """Later, while it stalls; never, while it is dead."""
        if not self.up:
            return
        if self._late is None:
            super().feed(event)
        else:
            self._late.append((self.epoch, None, lambda: super(Storm, self).feed(event)))

    def _hear(self, connection: int, data: bytes) -> None:
        if self._late is None:
            super()._hear(connection, data)
        else:
            self._late.append((self.epoch, connection, lambda: super(Storm, self)._hear(connection, data)))

    def _say_as_person(self) -> None:
        if self._late is None:
            super()._say_as_person()
