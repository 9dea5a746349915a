"""One client's misbehaviour stays its own: malformed, flooding, silent or slow."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from devmesh.coordinator import turns
from devmesh.coordinator.channel import MOST_BYTES, MOST_ERRORS, MOST_FRAGMENTS
from devmesh.coordinator.pace import BYTES, SECOND, Pace
from devmesh.core.effects import Effect
from devmesh.core.events import Event, Heard
from devmesh.core.state import MeshState
from devmesh.core.step import step
from devmesh.settings import Settings
from devmesh.vocabulary.codec import MAX_MESSAGE, Message, encode
from devmesh.vocabulary.facts import AgentJoined, LeasesRenewed, RequestMalformed, SessionDropped
from devmesh.vocabulary.requests import Heartbeat, Join, Look, PostTask, Report, RequestLock, Watch
from devmesh.vocabulary.terms import LockMode, Stream
from tests.coordinator.rig import Client, looped, running

CORPUS = [
    "",
    "nonsense",
    "{}",
    "[]",
    "null",
    '{"id":1}',
    '{"id":0,"request":{"kind":"heartbeat"}}',
    '{"id":-1,"request":{"kind":"heartbeat"}}',
    '{"id":true,"request":{"kind":"heartbeat"}}',
    '{"id":9007199254740993,"request":{"kind":"heartbeat"}}',
    '{"id":1,"request":{"kind":"no_such_thing"}}',
    '{"id":1,"request":{"kind":"heartbeat","tokens":[-1]}}',
    '{"id":1,"request":{"kind":"heartbeat","unknown":1}}',
    '{"id":1,"request":{"kind":"request_lock","targets":[],"mode":"write"}}',
    '{"id":1,"request":{"kind":"request_lock","targets":["a"],"mode":"rubbish"}}',
    '{"id":1,"request":{"kind":"bid","task":1,"confidence":NaN}}',
    '{"id":1,"request":{"kind":"bid","task":1,"confidence":1e999}}',
    '{"id":' + "9" * 5_000 + "}",
    "[" * 100_000,
]
"Fewer than are forgiven."


@looped
async def test_malformed_messages_cost_a_clear_answer_each_and_nothing_else(project: Path, settings: Settings) -> None:
    """Every one is answered with its reason, the connection stays, and another client is served in between."""
    async with running(project, settings) as mesh, await mesh.agent() as other, await mesh.agent() as client:
        for text in CORPUS:
            await client.socket.send(text)
            fact = (await client.hear()).facts[0].fact
            assert isinstance(fact, RequestMalformed), text[:60]
            assert fact.message
            assert isinstance((await other.ask(Heartbeat()))[0], LeasesRenewed)
        assert isinstance((await client.ask(Heartbeat()))[0], LeasesRenewed)


@looped
async def test_a_field_that_does_not_fit_is_named(project: Path, settings: Settings) -> None:
    """Its path inside the message, and under the number it was asked with: whoever waits for that is told."""
    async with running(project, settings) as mesh, await mesh.agent() as client:
        await client.socket.send('{"id":2,"request":{"kind":"request_lock","targets":["a"],"mode":"rubbish"}}')
        answer = await client.answer(2)
        fact = answer.facts[0].fact
        assert isinstance(fact, RequestMalformed)
        assert fact.field == "$.request.mode"


@looped
async def test_nobody_may_be_malformed_for_ever(project: Path, settings: Settings) -> None:
    """After twenty the connection is closed, with 1008."""
    async with running(project, settings) as mesh:
        client = await mesh.agent()
        for _ in range(MOST_ERRORS):
            await client.socket.send("nonsense")
        assert (await client.closing())[0] == 1008


@looped
async def test_a_binary_frame_is_refused(project: Path, settings: Settings) -> None:
    """1003: only text is understood."""
    async with running(project, settings) as mesh:
        client = await mesh.agent()
        await client.socket.send(b'{"id":1,"request":{"kind":"heartbeat"}}')
        assert (await client.closing())[0] == 1003


@looped
async def test_a_message_may_come_in_pieces_but_not_in_too_many(project: Path, settings: Settings) -> None:
    """A few fragments are one message; hundreds end the connection with 1009."""
    async with running(project, settings) as mesh:
        client = await mesh.agent()
        await client.socket.send(['{"id":2,"request":', '{"kind":', '"heartbeat"}}'])
        client.last = 2
        await client.hear_of(LeasesRenewed)
        with suppress(ConnectionClosed):
            await client.socket.send("x" for _ in range(MOST_FRAGMENTS + 1))
        assert (await client.closing())[0] == 1009


@looped
async def test_too_large_a_message_is_not_read(project: Path, settings: Settings) -> None:
    """1009, and the others do not notice."""
    async with running(project, settings) as mesh, await mesh.agent() as other:
        client = await mesh.agent()
        await client.socket.send("x" * (MAX_MESSAGE + 1))
        assert (await client.closing())[0] == 1009
        assert isinstance((await other.ask(Heartbeat()))[0], LeasesRenewed)


@looped
async def test_who_speaks_too_fast_is_read_more_slowly_and_loses_nothing(project: Path, settings: Settings) -> None:
    """Thirty at 100/s after a burst of ten take their time; all are answered, in order."""
    async with running(project, settings, pace=Pace(rate=100, burst=10)) as mesh, await mesh.agent() as client:
        begun = asyncio.get_running_loop().time()
        numbers = [await client.say(Heartbeat()) for _ in range(30)]
        answered: list[int | None] = []
        while len(answered) < len(numbers):
            answered.append((await client.hear()).reply_to)
        assert answered == numbers
        assert asyncio.get_running_loop().time() - begun >= 0.15


@looped
async def test_who_says_much_at_once_is_read_more_slowly_too(project: Path, settings: Settings) -> None:
    """Thirty short ones are a burst; thirty of sixteen kilobytes are four times as many as may come at once."""
    pace = Pace(rate=200, burst=35)
    async with running(project, settings, pace=pace) as mesh, await mesh.agent() as client:
        loop, padding = asyncio.get_running_loop(), " " * 4 * BYTES
        taken = []
        for gap in ("", padding):
            begun = loop.time()
            for _ in range(30):
                client.last += 1
                await client.socket.send(f'{{"id":{client.last},{gap}"request":{{"kind":"heartbeat"}}}}')
            await client.answer(client.last)
            taken.append(loop.time() - begun)
        assert taken[1] > 30 * 4 / pace.rate - pace.burst / pace.rate


@looped
async def test_who_makes_the_rules_work_hard_is_read_more_slowly(
    project: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the rules take for its requests is charged to it, in processor time: nobody else waits for it."""

    def slow(state: MeshState, event: Event, now: float) -> list[Effect]:
        end = time.thread_time() + (0.02 if isinstance(event, Heard) and isinstance(event.request, Look) else 0)
        while time.thread_time() < end:
            pass
        return step(state, event, now)

    monkeypatch.setattr(turns, "step", slow)
    async with running(project, settings, pace=Pace(rate=100, burst=10)) as mesh, await mesh.agent() as client:
        begun = asyncio.get_running_loop().time()
        for _ in range(5):
            await client.ask(Look())
        assert asyncio.get_running_loop().time() - begun > 4 * 0.02 * SECOND / 100 - 1


@looped
async def test_a_flood_of_pings_is_slowed_down_too(project: Path, settings: Settings) -> None:
    """Pongs come no faster than messages would."""
    async with running(project, settings, pace=Pace(rate=100, burst=10)) as mesh, await mesh.agent() as client:
        begun = asyncio.get_running_loop().time()
        waiting = [await client.socket.ping(str(number).encode()) for number in range(60)]
        await client.ask(Heartbeat())
        await asyncio.gather(*waiting)
        assert asyncio.get_running_loop().time() - begun >= 0.1


@looped
async def test_a_slow_reader_is_let_go_and_the_others_are_served(project: Path, settings: Settings) -> None:
    """It never holds more than its share of memory; its loss is a fact; nobody waits for it."""
    async with running(project, settings, pace=Pace(rate=10_000, burst=10_000)) as mesh:
        slow, watcher, person = await mesh.operator(), await mesh.operator(), await mesh.operator()
        await slow.ask(Watch())
        await watcher.ask(Watch())
        slow.socket.transport.pause_reading()
        held = mesh.coordinator._listener.channels[1]
        most = 0
        for _ in range(400):
            await person.ask(PostTask(prompt="x" * 50_000, agents=("nobody-1",)))
            most = max(most, held._outbox_bytes + held.transport.get_write_buffer_size())
            if 1 not in mesh.coordinator._listener.channels:
                break
        dropped = await watcher.hear_of(SessionDropped)
        assert dropped.reason == "slow consumer"
        assert MOST_BYTES / 2 < most <= MOST_BYTES + 200_000
        slow.socket.transport.resume_reading()
        assert (await slow.closing())[0] in {1013, 1006}
        await watcher.close()
        await person.close()


@looped
async def test_what_one_says_before_the_door_is_open_is_heard(project: Path, settings: Settings) -> None:
    """A request sent with the handshake's last byte is not lost."""
    async with running(project, settings) as mesh:
        client = await Client.connect(mesh.connection)
        numbers = [await client.say(Join(tool="eager")), await client.say(Heartbeat())]
        first, second = await client.answer(numbers[0]), await client.answer(numbers[1])
        assert isinstance(first.facts[0].fact, AgentJoined)
        assert isinstance(second.facts[0].fact, LeasesRenewed)
        await client.close()


@looped
async def test_a_lost_connection_keeps_its_locks_until_the_lease_ends(project: Path, settings: Settings) -> None:
    """Broken without a goodbye, resumed with the same key: the token is still good."""
    async with running(project, settings) as mesh:
        client = await mesh.agent()
        token = await client.lock("a.txt", LockMode.WRITE)
        client.socket.transport.abort()
        again = await Client.connect(mesh.connection, key=client.key, last=client.last)
        assert (await again.ask(Heartbeat(tokens=(token,))))[0].tokens == (token,)
        await again.close()


@looped
async def test_a_request_for_which_one_has_no_task_is_a_refusal_not_an_error(project: Path, settings: Settings) -> None:
    """A sound message that the rules refuse keeps the connection, however often."""
    async with running(project, settings) as mesh, await mesh.agent() as client:
        for _ in range(MOST_ERRORS + 5):
            facts = await client.ask(Report(task=99, attempt=1, stream=Stream.STDOUT, text="x"))
            assert facts[0].code == "UNKNOWN"


@looped
async def test_heavy_messages_count_by_the_work_they_make(project: Path, settings: Settings) -> None:
    """Few requests with hundreds of patterns each do not keep another client waiting until all are looked at."""
    heavy = [
        RequestLock(targets=tuple(f"**/{n}a*{i}?/**/*" for i in range(900)), mode=LockMode.READ) for n in range(40)
    ]
    async with running(project, settings) as mesh, await mesh.agent() as other, await mesh.agent() as client:
        for number, request in enumerate(heavy, start=client.last + 1):
            await client.socket.send(encode(Message(id=number, request=request)), text=True)
        before = len(client.heard)
        for _ in range(50):
            assert isinstance((await other.ask(Heartbeat()))[0], LeasesRenewed)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                while True:
                    await client.hear()
        assert len(client.heard) - before < len(heavy) // 2
