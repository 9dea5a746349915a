"""What a bridge believes it holds: never longer than the mesh does, and nothing the mesh does not know of."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from devmesh.bridge.heartbeat import Heartbeat
from devmesh.bridge.link import Link
from devmesh.bridge.locks import Locks
from devmesh.errors import Code, Refused
from devmesh.vocabulary.codec import Message
from devmesh.vocabulary.facts import (
    AnyFact,
    LeasesRenewed,
    LockExpired,
    LockGranted,
    LockQueued,
    LockReleased,
    LockWaitEnded,
    RequestRefused,
    Standing,
)
from devmesh.vocabulary.requests import Heartbeat as Beat, ReleaseLock, RequestLock
from devmesh.vocabulary.terms import LockMode, Resources
from tests.bridge.rig import PATIENCE, WireServer, linked, serving, until
from tests.coordinator.rig import looped

LEASE, MARGIN = 30.0, 3.0
W = LockMode.WRITE


def granted(token: int, target: str = "a.txt", ticket: int | None = None) -> LockGranted:
    """A grant of task 1."""
    return LockGranted(token=token, agent="me", target=target, mode=W, lease=LEASE, task=1, ticket=ticket)


QUEUED = LockQueued(ticket=7, agent="me", targets=("a.txt",), mode=W, wait=9.0, task=1)


class Desk:
    """Answers lock requests from a list, and renews what it is told lives."""

    def __init__(self, *answers: AnyFact) -> None:
        self.answers = list(answers)
        self.alive: set[int] | None = None

    def __call__(self, message: Message) -> Iterable[AnyFact]:
        """The answer to that message."""
        match message.request:
            case Beat() as beat:
                live = tuple(token for token in beat.tokens if self.alive is None or token in self.alive)
                return (LeasesRenewed(agent="me", tokens=live, lease=LEASE),)
            case RequestLock():
                return (self.answers.pop(0),)
            case _:
                return ()


class Clock:
    """Monotonic seconds, as a test wants them."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        """Now."""
        return time.monotonic() + self.ahead


@asynccontextmanager
async def held_on(server: WireServer) -> AsyncIterator[tuple[Locks, Heartbeat, Clock, Link]]:
    """Locks on a link to that server."""
    clock = Clock()
    async with linked(server.home) as link:
        heartbeat = Heartbeat(link, Resources, lambda: None)
        locks = Locks(link, heartbeat.now, clock)
        heartbeat.tokens, heartbeat.renewed = (lambda: locks.tokens), locks.renewed
        locks.trust(LEASE, MARGIN)
        link.subscribe(locks.heard)
        yield locks, heartbeat, clock, link


@looped
async def test_belief_ends_before_the_lease_does(home: Path) -> None:
    """It counts from when the request was sent, and ends the margin early: before the mesh's own, however late."""
    async with serving(home, Desk(granted(1))) as server, held_on(server) as (locks, _, clock, _link):
        asked_at = clock()
        (held,) = await locks.acquire(["a.txt"], W, 1)
        assert asked_at <= held.until - (LEASE - MARGIN) <= clock()
        clock.ahead = LEASE - MARGIN
        assert locks.believed() == ()
        assert locks.tokens == (1,), "it is renewed all the same: the mesh may well still hold it for us"


@looped
async def test_a_renewal_counts_from_its_sending(home: Path) -> None:
    """An answer that took long proves only that the lock lived when it was asked."""
    async with serving(home, Desk(granted(1))) as server, held_on(server) as (locks, heartbeat, clock, _link):
        await locks.acquire(["a.txt"], W, 1)
        server.deaf.set()
        beating = asyncio.create_task(heartbeat.now())
        await server.heard_of(Beat)
        sent_before = clock()
        await server.kill()
        await asyncio.sleep(0.3)
        server.deaf.clear()
        await server.start()
        await asyncio.wait_for(beating, PATIENCE)
        (held,) = locks.believed()
        assert held.until <= sent_before + LEASE - MARGIN


@looped
async def test_what_a_renewal_does_not_list_is_gone(home: Path) -> None:
    """The mesh knows better than we do."""
    desk = Desk(granted(1), granted(2, "b.txt"))
    async with serving(home, desk) as server, held_on(server) as (locks, heartbeat, _clock, _link):
        await locks.acquire(["a.txt"], W, 1)
        await locks.acquire(["b.txt"], W, 1)
        desk.alive = {2}
        await heartbeat.now()
        assert [held.token for held in locks.believed()] == [2]
        assert locks.tokens == (2,)


@pytest.mark.parametrize("kind", [LockExpired, LockReleased])
@looped
async def test_a_lock_that_ended_is_not_believed(home: Path, kind: type[LockExpired | LockReleased]) -> None:
    """Taken by force or expired, the news of it is enough."""
    async with serving(home, Desk(granted(1))) as server, held_on(server) as (locks, _, _clock, link):
        await locks.acquire(["a.txt"], W, 1)
        told = asyncio.Event()
        link.subscribe(lambda _: told.set())
        await server.tell(kind(token=1, agent="me", target="a.txt", mode=W))
        await asyncio.wait_for(told.wait(), PATIENCE)
        assert locks.believed() == ()


@looped
async def test_a_grant_that_comes_as_news_is_proved_before_it_is_used(home: Path) -> None:
    """When it was made is not known, so it counts from a renewal on; all targets of the ticket come together."""
    async with serving(home, Desk(QUEUED)) as server, held_on(server) as (locks, _, clock, _link):
        acquiring = asyncio.create_task(locks.acquire(["a.txt", "b.txt"], W, 1))
        await server.heard_of(RequestLock)
        before = clock()
        await server.tell(granted(8, ticket=7), granted(9, "b.txt", ticket=7))
        held = await asyncio.wait_for(acquiring, PATIENCE)
        assert [one.token for one in held] == [8, 9]
        assert all(one.until >= before + LEASE - MARGIN - 0.5 for one in held)
        assert (await server.heard_of(Beat))[-1].tokens == (8, 9)


@pytest.mark.parametrize("code", ["LOCK_TIMEOUT", "DEADLOCK"])
@looped
async def test_a_wait_without_a_grant_is_refused_with_its_code(home: Path, code: str) -> None:
    """Whoever waits learns why it was in vain."""
    async with serving(home, Desk(QUEUED)) as server, held_on(server) as (locks, _, _clock, _link):
        acquiring = asyncio.create_task(locks.acquire(["a.txt"], W, 1))
        await server.heard_of(RequestLock)
        await server.tell(LockWaitEnded(ticket=7, agent="me", code=code, message="b has it"))
        with pytest.raises(Refused) as caught:
            await asyncio.wait_for(acquiring, PATIENCE)
        assert caught.value.code is Code(code)


@looped
async def test_a_refused_request_holds_nothing(home: Path) -> None:
    """LOCK_HELD is raised, and nothing is believed."""
    no = RequestRefused(code="LOCK_HELD", message="b has it", rule=3)
    async with serving(home, Desk(no)) as server, held_on(server) as (locks, _, _clock, _link):
        with pytest.raises(Refused):
            await locks.acquire(["a.txt"], W, 1, wait=0)
        assert locks.tokens == ()


RETURNS = {
    "the mesh still has it waiting": Standing(agent="me", tickets=(7,)),
    "it was granted meanwhile": Standing(agent="me", locks=(granted(8, ticket=7),)),
    "the mesh knows nothing of it": Standing(agent="me"),
}


@pytest.mark.parametrize("story", RETURNS)
@looped
async def test_a_wait_goes_on_as_things_stand_after_a_return(home: Path, story: str) -> None:
    """Waiting, granted, or asked for again: in every case it ends with the lock."""
    async with serving(home, Desk(QUEUED, granted(9))) as server, held_on(server) as (locks, _, _clock, _link):
        acquiring = asyncio.create_task(locks.acquire(["a.txt"], W, 1))
        await server.heard_of(RequestLock)
        await asyncio.sleep(0.05)
        server.greeting = lambda resumed: (RETURNS[story],) if resumed else ()
        await server.kill()
        await server.start()
        if RETURNS[story].tickets:
            await until(lambda: len(server.handshakes) > 1 and server._sockets)
            await server.tell(granted(8, ticket=7))
        (held,) = await asyncio.wait_for(acquiring, PATIENCE)
        assert held.token == (8 if RETURNS[story] != Standing(agent="me") else 9)


@looped
async def test_an_old_answer_does_not_bring_back_a_lock_that_is_gone(home: Path) -> None:
    """The answer was lost, the lock taken by force, the answer repeated: it is asked for anew."""
    async with serving(home, Desk(granted(1), granted(2))) as server, held_on(server) as (locks, _, _clock, _link):
        server.deaf.set()
        acquiring = asyncio.create_task(locks.acquire(["a.txt"], W, 1))
        await server.heard_of(RequestLock)
        server.greeting = lambda resumed: (Standing(agent="me"),) if resumed else ()
        await server.kill()
        server.deaf.clear()
        await server.start()
        (held,) = await asyncio.wait_for(acquiring, PATIENCE)
        assert held.token == 2


@looped
async def test_what_is_granted_to_a_task_that_is_over_is_given_back(home: Path) -> None:
    """Nobody would ever release it otherwise."""
    async with serving(home, Desk(QUEUED)) as server, held_on(server) as (locks, _, _clock, _link):
        acquiring = asyncio.create_task(locks.acquire(["a.txt"], W, 1))
        await server.heard_of(RequestLock)
        await asyncio.sleep(0.05)
        acquiring.cancel()
        await asyncio.gather(acquiring, return_exceptions=True)
        await locks.end(1)
        await server.tell(granted(8, ticket=7))
        assert (await server.heard_of(ReleaseLock))[0].tokens == (8,)
        assert locks.tokens == ()


@looped
async def test_belief_ends_before_a_release_is_sent(home: Path) -> None:
    """Between giving back and the answer to it, nothing is held."""
    async with serving(home, Desk(granted(1))) as server, held_on(server) as (locks, _, _clock, _link):
        await locks.acquire(["a.txt"], W, 1)
        server.deaf.set()
        releasing = asyncio.create_task(locks.release([1]))
        await server.heard_of(ReleaseLock)
        assert locks.tokens == ()
        releasing.cancel()
        await asyncio.gather(releasing, return_exceptions=True)


@looped
async def test_a_lock_that_is_asked_for_in_another_mode_is_not_believed_meanwhile(home: Path) -> None:
    """The mesh may have replaced it, and told others so, before we hear of that; refused, it is proved anew."""
    refused = RequestRefused(code=Code.LOCK_HELD, message="no", request="request_lock")
    async with serving(home, Desk(granted(1), refused)) as server, held_on(server) as (locks, heartbeat, _, _link):
        await locks.acquire(["a.txt"], W, 1)
        with pytest.raises(Refused):
            await locks.acquire(["a.txt"], LockMode.CO_WRITE, 1)
        assert locks.believed() == ()
        await heartbeat.now()
        assert [held.token for held in locks.believed()] == [1]
