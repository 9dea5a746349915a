"""Order of arrival, with two exceptions that have a reason."""

from __future__ import annotations

import asyncio

from devmesh.coordinator.inbox import Inbox
from devmesh.core.events import Lost, Stalled, Woke
from tests.coordinator.rig import looped


def test_events_keep_their_order() -> None:
    """First come, first decided."""
    inbox = Inbox()
    for number in (1, 2, 3):
        inbox.put(Lost(connection=number))
    assert inbox.drain() == [Lost(connection=1), Lost(connection=2), Lost(connection=3)]
    assert len(inbox) == 0


def test_a_stall_comes_before_everything_that_waits() -> None:
    """Nothing that could end a lease is judged before it."""
    inbox = Inbox()
    inbox.put(Lost(connection=1))
    inbox.put_first(Stalled(seconds=5))
    assert inbox.drain() == [Stalled(seconds=5), Lost(connection=1)]


def test_the_alarm_comes_after_all_that_waits() -> None:
    """A heartbeat that had arrived when the alarm rang counts."""
    inbox = Inbox()
    inbox.ring()
    for number in (1, 2, 3):
        inbox.put(Lost(connection=number))
    assert inbox.drain(2) == [Lost(connection=1), Lost(connection=2)]
    assert inbox.drain(2) == [Lost(connection=3), Woke()]
    assert inbox.drain(2) == []


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
    assert inbox.drain() == []
