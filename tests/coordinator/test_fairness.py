"""Many that flood do not starve the others: turns are fair, however fast and heavy everybody else speaks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest

from devmesh.coordinator import turns
from devmesh.coordinator.backlog import MOST_WAITING
from devmesh.coordinator.pace import Pace
from devmesh.core.effects import Effect
from devmesh.core.events import Event, Heard
from devmesh.core.state import MeshState
from devmesh.core.step import step
from devmesh.settings import Settings
from devmesh.vocabulary.facts import AgentLeft, LeasesRenewed, LockGranted
from devmesh.vocabulary.requests import Heartbeat, Leave, Look, RequestLock, Watch
from devmesh.vocabulary.terms import LockMode
from tests.coordinator.rig import Client, Running, eventually, looped, running

FLOODING, EACH = 8, 3 * MOST_WAITING
UNHURRIED = Pace(rate=1e9, burst=1e9)
"The pace of one connection alone must not be what protects the others here."


class Order:
    """Who was heard, in order: by connection. What floods say (`Look`) takes the rules 3 ms of the processor each."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.order: list[int] = []
        patch.setattr(turns, "step", self._step)

    def _step(self, state: MeshState, event: Event, now: float) -> list[Effect]:
        if isinstance(event, Heard):
            self.order.append(event.connection)
            end = time.thread_time() + (0.003 if isinstance(event.request, Look) else 0)
            while time.thread_time() < end:
                pass
        return step(state, event, now)


@asynccontextmanager
async def flooded(mesh: Running) -> AsyncIterator[tuple[int, ...]]:
    """For as long as this block lasts, if it is not too long. Gives the flooding connections' numbers."""
    with ExitStack() as stack:
        clients = [await Client.connect(mesh.connection) for _ in range(FLOODING)]
        for client in clients:
            stack.callback(client.socket.transport.abort)
        numbers = tuple(mesh.coordinator._listener.channels)[-FLOODING:]
        for client in clients:
            for _ in range(EACH):
                await client.say(Look())
        yield numbers


@looped
async def test_a_single_request_waits_for_few_of_those_who_flood(
    project: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds of heavy ones were said before it; fewer than three of each that floods are heard before."""
    async with running(project, settings, pace=UNHURRIED) as mesh, await mesh.agent() as victim:
        heard = Order(monkeypatch)
        async with flooded(mesh) as flooding:
            await eventually(lambda: len(heard.order) > FLOODING)
            before = len(heard.order)
            (granted,) = await victim.ask(RequestLock(targets=("a.txt",), mode=LockMode.WRITE, wait=0))
            assert isinstance(granted, LockGranted)
            waited_for = heard.order[before : heard.order.index(1, before)]
            assert len(waited_for) < 3 * FLOODING
            assert len(heard.order) < FLOODING * EACH, "the flood was over before: nothing is shown"
            assert set(waited_for) <= set(flooding)


@looped
async def test_who_says_little_goes_before_who_was_given_much(
    project: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten light requests said at once are not ten rounds of all who flood: they weigh less than one of theirs each."""
    async with running(project, settings, pace=UNHURRIED) as mesh, await mesh.agent() as victim:
        heard = Order(monkeypatch)
        async with flooded(mesh):
            await eventually(lambda: len(heard.order) > FLOODING)
            before = len(heard.order)
            numbers = [await victim.say(Heartbeat()) for _ in range(10)]
            answer = await victim.answer(numbers[-1])
            assert isinstance(answer.facts[0].fact, LeasesRenewed)
            places = [place for place, number in enumerate(heard.order) if number == 1 and place >= before]
            assert places[9] - before - 9 < 5 * FLOODING
            assert len(heard.order) < FLOODING * EACH, "the flood was over before: nothing is shown"


@looped
async def test_what_a_flood_may_have_waiting_is_bounded(
    project: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read and not yet heard of one connection is little; the rest waits with whoever sent it."""
    async with running(project, settings, pace=UNHURRIED) as mesh:
        Order(monkeypatch)
        client = await Client.connect(mesh.connection)
        (channel,) = mesh.coordinator._listener.channels.values()
        large = b'{"id":%d,"request":{"kind":"look"}' + b" " * 20_000 + b"}"

        async def flood() -> None:
            for number in range(1, 201):
                await client.socket.send(large % number, text=True)

        flooding = asyncio.create_task(flood())
        most = 0
        for _ in range(150):
            await client.hear()
            most = max(most, channel._backlog._bytes)
        assert 0 < most <= 512 * 1024
        flooding.cancel()
        client.socket.transport.abort()
        await asyncio.wait([flooding])


@looped
async def test_what_was_said_before_hanging_up_is_heard(
    project: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A goodbye counts though its connection is gone before its turn comes."""
    async with running(project, settings, pace=UNHURRIED) as mesh, await mesh.operator() as watcher:
        await watcher.ask(Watch())
        client = await mesh.agent()
        Order(monkeypatch)
        async with flooded(mesh):
            for _ in range(5):
                await client.say(Look())
            await client.say(Leave(reason="done"))
            client.socket.transport.close()
            assert (await watcher.hear_of(AgentLeft)).reason == "done"


def test_nothing_is_written_to_a_socket_that_is_gone(
    project: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """However much it is still told in the same moment: no log is filled with it, on the loop that would do so."""

    async def story() -> None:
        async with running(project, settings) as mesh:
            client = await mesh.agent()
            (channel,) = mesh.coordinator._listener.channels.values()
            with caplog.at_level(logging.WARNING, "asyncio"):
                channel.transport.abort()
                for _ in range(50):
                    channel.deliver(b"{}")
            client.socket.transport.abort()

    asyncio.run(story())
    assert not [record for record in caplog.records if "exception" in record.message]
