"""Order of arrival, with exceptions that have a reason; and what clients say, in turns."""

from __future__ import annotations

import asyncio

from devmesh.coordinator.inbox import Inbox
from devmesh.coordinator.line import SLACK, Share
from devmesh.core.events import Lost, Stalled, Woke
from tests.coordinator.rig import drained, looped


class Flood:
    """Has something to say for ever, and makes an event of each."""

    def __init__(self, inbox: Inbox, cost: float = 1.0) -> None:
        self.share = Share(inbox.line)
        self.weight = 1.0
        self._inbox, self._cost, self.said = inbox, cost, 0
        inbox.stand(self)

    def speak(self) -> None:
        """One more, and at once the next."""
        self.said += 1
        self._inbox.put(Lost(connection=self.said))
        self.share.charge(self._cost)
        self._inbox.stand(self)


def test_events_keep_their_order() -> None:
    """First come, first decided."""
    inbox = Inbox()
    for number in (1, 2, 3):
        inbox.put(Lost(connection=number))
    assert drained(inbox) == [Lost(connection=1), Lost(connection=2), Lost(connection=3)]
    assert len(inbox) == 0


def test_a_stall_comes_before_everything_that_waits() -> None:
    """Nothing that could end a lease is judged before it."""
    inbox = Inbox()
    inbox.put(Lost(connection=1))
    inbox.put_first(Stalled(seconds=5))
    assert drained(inbox) == [Stalled(seconds=5), Lost(connection=1)]


def test_the_alarm_comes_after_all_that_waits() -> None:
    """A heartbeat that had arrived when the alarm rang counts."""
    inbox = Inbox()
    inbox.ring()
    for number in (1, 2, 3):
        inbox.put(Lost(connection=number))
    assert drained(inbox, 2) == [Lost(connection=1), Lost(connection=2)]
    assert drained(inbox, 2) == [Lost(connection=3), Woke()]
    assert drained(inbox, 2) == []


@looped
async def test_waiting_ends_with_the_first_event() -> None:
    """And does not begin where there is one already."""
    inbox = Inbox()
    waiting = asyncio.create_task(inbox.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    inbox.put(Lost(connection=1))
    await asyncio.wait_for(waiting, 5)
    await asyncio.wait_for(inbox.wait(), 5)


def test_clearing_forgets_the_alarm_too() -> None:
    """What is cleared never comes."""
    inbox = Inbox()
    inbox.put(Lost(connection=1))
    inbox.ring()
    inbox.clear()
    assert drained(inbox) == []


def test_what_happened_comes_before_what_anybody_says() -> None:
    """And nothing is said before it is its turn: what is not asked for is not even read."""
    inbox = Inbox()
    flood = Flood(inbox)
    inbox.put(Stalled(seconds=1))
    assert drained(inbox, 1) == [Stalled(seconds=1)]
    assert flood.said == 0
    assert drained(inbox, 3) == [Lost(connection=1), Lost(connection=2), Lost(connection=3)]


def test_a_flood_does_not_keep_the_alarm_off() -> None:
    """It comes once everybody in the line was given a little; a heartbeat that stood there then comes before it."""
    inbox = Inbox()
    flood = Flood(inbox)
    drained(inbox, 10)
    inbox.ring()
    late = Flood(inbox)
    events = drained(inbox, int(4 * SLACK))
    assert Woke() in events
    assert flood.said - 10 + late.said >= events.index(Woke())
    assert events.index(Woke()) >= 1
    assert events.count(Woke()) == 1
