"""Effects are done in order, on record or not at all, and never by waiting for a socket."""

from __future__ import annotations

import asyncio
from typing import Any

from devmesh.coordinator.channel import HUNG_UP
from devmesh.coordinator.clock import Clock
from devmesh.coordinator.inbox import Inbox
from devmesh.coordinator.perform import Performer
from devmesh.core import effects
from devmesh.core.events import Woke
from devmesh.errors import StorageError
from devmesh.vocabulary.codec import Delivery, Recorded, decode_delivery
from devmesh.vocabulary.facts import CoordinatorStopped, DiscoveriesFound, Discovery, SessionDropped
from tests.coordinator.rig import drained, eventually, looped

FACT = Recorded(sequence=5, fact=CoordinatorStopped(reason="x"), now=1.0, at=2.0)


class Line:
    """A connection that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[bytes] = []
        self.ended: tuple[int, str] | None = None
        self.spent = 0.0

    def spend(self, seconds: float) -> None:
        """Add it up."""
        self.spent += seconds

    def deliver(self, text: bytes) -> None:
        """Keep it."""
        self.told.append(text)

    def end(self, code: int, reason: str) -> None:
        """Remember how."""
        self.ended = (code, reason)


class Bench:
    """A performer with lines, and a gate and a search that note what they are asked."""

    def __init__(self, *numbers: int) -> None:
        self.lines: dict[int, Any] = {number: Line() for number in numbers}
        self.inbox = Inbox()
        self.clock = Clock()
        self.begun: list[tuple[object, bool]] = []
        self.found: tuple[Discovery, ...] | Exception = ()
        self.performer = Performer(self.lines, self.inbox, self.clock, self, self.search)

    def begin(self, effect: object, *, resumed: bool) -> None:
        """The gate's work."""
        self.begun.append((effect, resumed))

    def search(self, query: str, limit: int) -> asyncio.Future[tuple[Discovery, ...]]:
        """The record's answer."""
        del query, limit
        future: asyncio.Future[tuple[Discovery, ...]] = asyncio.get_running_loop().create_future()
        if isinstance(self.found, Exception):
            future.set_exception(self.found)
        else:
            future.set_result(self.found)
        return future


@looped
async def test_everybody_told_the_same_gets_the_same_bytes() -> None:
    """And who is gone is passed over."""
    bench = Bench(1, 2)
    bench.performer.perform([effects.Tell(connection=number, facts=(FACT,)) for number in (1, 2, 3)])
    (one,), (two,) = bench.lines[1].told, bench.lines[2].told
    assert one is two
    assert decode_delivery(one) == Delivery(facts=(FACT,))


@looped
async def test_a_fact_that_cannot_be_written_costs_its_connection_only() -> None:
    """A lone surrogate is no text of any wire."""
    bench = Bench(1, 2)
    broken = Recorded(sequence=0, fact=SessionDropped(session=1, reason="\ud800"))
    bench.performer.perform(
        [effects.Tell(connection=1, facts=(broken,)), effects.Tell(connection=2, facts=(FACT,), reply_to=3)]
    )
    assert bench.lines[1].ended is not None
    assert decode_delivery(bench.lines[2].told[0]).reply_to == 3


@looped
async def test_a_connection_is_hung_up_with_the_reason() -> None:
    """After what it was told in the same turn."""
    bench = Bench(1)
    bench.performer.perform(
        [effects.Tell(connection=1, facts=(FACT,)), effects.HangUp(connection=1, reason="replaced")]
    )
    assert len(bench.lines[1].told) == 1
    assert bench.lines[1].ended == (HUNG_UP, "replaced")


@looped
async def test_there_is_one_alarm_and_it_is_never_early() -> None:
    """The last one asked for counts; `Woke` finds its time come."""
    bench = Bench()
    due = bench.clock.now() + 0.05
    bench.performer.perform([effects.WakeAt(time=bench.clock.now() + 3_600), effects.WakeAt(time=due)])
    await asyncio.wait_for(bench.inbox.wait(), 5)
    assert bench.clock.now() >= due
    assert drained(bench.inbox) == [Woke()]
    bench.performer.perform([effects.WakeAt(time=bench.clock.now() + 0.01)])
    bench.performer.perform([effects.WakeAt(time=None)])
    await asyncio.sleep(0.03)
    assert not len(bench.inbox)


@looped
async def test_the_gate_is_told_what_was_begun_before() -> None:
    """Work of the turn that took the project over may be half done already."""
    bench = Bench()
    work = effects.ApplyChange(change=1, plan=())
    bench.performer.perform([work], resumed=True)
    bench.performer.perform([work])
    assert bench.begun == [(work, True), (work, False)]


@looped
async def test_a_search_is_answered_when_it_is_done() -> None:
    """With what was found; with nothing when the record cannot be searched."""
    bench = Bench(1)
    hit = Discovery(discovery=1, agent="a-1", title="t", text="x")
    for bench.found in ((hit,), StorageError("no")):
        bench.performer.perform([effects.Search(connection=1, reply_to=4, query="q", limit=3)])
        await eventually(lambda: not bench.performer._searches)
    first, second = map(decode_delivery, bench.lines[1].told)
    assert first.reply_to == second.reply_to == 4
    assert first.facts[0].fact == DiscoveriesFound(query="q", found=(hit,))
    assert second.facts[0].fact == DiscoveriesFound(query="q", found=())


@looped
async def test_one_connection_searches_one_thing_at_a_time() -> None:
    """Another's search does not wait behind its many, and all are answered, in order."""
    bench = Bench(1, 2)
    asked: list[str] = []
    answers: list[asyncio.Future[tuple[Discovery, ...]]] = []

    def search(query: str, limit: int) -> asyncio.Future[tuple[Discovery, ...]]:
        del limit
        asked.append(query)
        answers.append(asyncio.get_running_loop().create_future())
        return answers[-1]

    performer = Performer(bench.lines, bench.inbox, bench.clock, bench, search)
    for number in range(5):
        performer.perform([effects.Search(connection=1, reply_to=number, query=str(number), limit=3)])
    performer.perform([effects.Search(connection=2, reply_to=9, query="other", limit=3)])
    await eventually(lambda: len(asked) > 1)
    assert asked == ["0", "other"]
    for number in range(6):
        await eventually(lambda number=number: len(answers) > number)  # type: ignore[misc]
        answers[number].set_result(())
    await eventually(lambda: len(bench.lines[1].told) == 5)
    assert [decode_delivery(one).reply_to for one in bench.lines[1].told] == [0, 1, 2, 3, 4]
    assert bench.lines[1].spent > 0
