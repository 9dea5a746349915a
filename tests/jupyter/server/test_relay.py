"""Agents from outside: through Jupyter's door and the mesh's, as fast as both sides go, until either ends it."""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import suppress
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from devmesh.bridge.dialing import KEY
from devmesh.bridge.remote import CREDENTIAL
from devmesh.coordinator.pace import FAILURES, Bucket
from devmesh.jupyter.server import relay
from devmesh.jupyter.server.relay import RelayHandler
from devmesh.mesh import Mesh
from devmesh.vocabulary.codec import MAX_MESSAGE, Message, decode_delivery, encode
from devmesh.vocabulary.facts import AgentJoined, LeasesRenewed, RequestRefused, SessionOpened, SessionResumed
from devmesh.vocabulary.requests import AnyRequest, Heartbeat, Join, PostTask
from devmesh.vocabulary.terms import Role
from tests.jupyter.server.rig import Served, served_here

pytestmark = pytest.mark.slow
OPTIONS: dict[str, Any] = {"proxy": None, "compression": None, "open_timeout": 20, "close_timeout": 2}


async def enter(
    served: Served, mesh: Mesh, secret: str, *, key: str = "k" * 43, name: str | None = None, **more: str
) -> ClientConnection:
    """A connection as an agent outside makes it."""
    headers = {"Authorization": f"token {served.token}", CREDENTIAL: secret, KEY: key, **more}
    url = f"{served.websocket}/{name or mesh.home.name}"
    return await connect(url, additional_headers={k: v for k, v in headers.items() if v}, **OPTIONS)


async def told(socket: ClientConnection) -> Any:
    """The first fact of the next delivery."""
    async with asyncio.timeout(20):
        return decode_delivery(await socket.recv()).facts[0].fact


async def ended(socket: ClientConnection) -> None:
    """Until the other side has ended it."""
    with suppress(ConnectionClosed):
        async with asyncio.timeout(20):
            while True:
                await socket.recv()


async def ask(socket: ClientConnection, number: int, request: AnyRequest) -> Any:
    """The first fact of the answer."""
    await socket.send(encode(Message(id=number, request=request)), text=True)
    while True:
        async with asyncio.timeout(20):
            delivery = decode_delivery(await socket.recv())
        if delivery.reply_to == number:
            return delivery.facts[0].fact


async def status_of(served: Served, mesh: Mesh, secret: str, **options: Any) -> int:
    """What the handshake is answered with."""
    try:
        socket = await enter(served, mesh, secret, **options)
    except InvalidStatus as answer:
        return answer.response.status_code
    await socket.close()
    return 101


def test_an_agent_from_outside_joins_works_and_comes_back(served: Served, mesh: Mesh) -> None:
    """Its session is the credential's; a dropped connection is taken up again with the same key."""

    async def play() -> None:
        issued = await asyncio.to_thread(mesh.credentials.issue)
        key = secrets.token_urlsafe(32)
        socket = await enter(served, mesh, issued.secret, key=key)
        opened = await told(socket)
        assert isinstance(opened, SessionOpened)
        assert (opened.credential, opened.role) == (issued.number, Role.AGENT)
        joined = await ask(socket, 1, Join(tool="outsider"))
        assert isinstance(joined, AgentJoined)
        refused = await ask(socket, 2, PostTask(prompt="let me"))
        assert isinstance(refused, RequestRefused)
        await socket.close()
        again = await enter(served, mesh, issued.secret, key=key)
        assert isinstance(await told(again), SessionResumed)
        assert isinstance(await ask(again, 3, Heartbeat()), LeasesRenewed)
        await again.close()

    asyncio.run(play())


def test_revoking_closes_the_relayed_connection_with_the_reason(served: Served, mesh: Mesh) -> None:
    """And the credential opens nothing again."""

    async def play() -> None:
        issued = await asyncio.to_thread(mesh.credentials.issue)
        socket = await enter(served, mesh, issued.secret, key=secrets.token_urlsafe(32))
        await told(socket)
        await asyncio.to_thread(mesh.credentials.revoke, issued.number)
        await ended(socket)
        assert socket.close_code == 4000
        assert "revoked" in (socket.close_reason or "")
        assert await status_of(served, mesh, issued.secret) == 401

    asyncio.run(play())


def test_both_doors_are_needed_and_neither_is_enough(served: Served, mesh: Mesh) -> None:
    """Without Jupyter's token 403; without a credential 401; a page, whatever else it has, 403."""

    async def play() -> None:
        secret = (await asyncio.to_thread(mesh.credentials.issue)).secret
        assert await status_of(served, mesh, secret) == 101
        assert await status_of(served, mesh, secret, Authorization="") == 403
        assert await status_of(served, mesh, secret, Authorization="token wrong") == 403
        assert await status_of(served, mesh, "") == 401
        assert await status_of(served, mesh, "x" * 43) == 401
        assert await status_of(served, mesh, secret, key="short") == 400
        assert await status_of(served, mesh, secret, name="no-such-mesh") == 404
        assert await status_of(served, mesh, secret, Origin=f"http://127.0.0.1:{served.port}") == 403

    asyncio.run(play())


def test_the_persons_own_token_is_no_credential_here(served: Served, mesh: Mesh) -> None:
    """It would be let in as the operator; but nobody outside has it, and a leaked one must be of no use from afar."""
    from devmesh.address import read_connection

    tokens = read_connection(mesh.home).tokens

    async def play() -> None:
        for role in (Role.OPERATOR, Role.AGENT):
            assert await status_of(served, mesh, tokens[role]) == 401

    asyncio.run(play())


def test_too_large_a_message_ends_only_who_sends_it(served: Served, mesh: Mesh) -> None:
    """Half a megabyte and a byte: 1009, and the coordinator never sees it."""

    async def play() -> None:
        issued = await asyncio.to_thread(mesh.credentials.issue)
        socket = await enter(served, mesh, issued.secret, key=secrets.token_urlsafe(32))
        await told(socket)
        with suppress(ConnectionClosed):
            await socket.send("x" * (MAX_MESSAGE + 1))
        await ended(socket)
        assert socket.close_code == 1009
        binary = await enter(served, mesh, issued.secret, key=secrets.token_urlsafe(32))
        await told(binary)
        await binary.send(b"\x00")
        await ended(binary)
        assert binary.close_code == 1003
        assert mesh.is_running

    asyncio.run(play())


def test_a_flood_is_slowed_down_and_memory_does_not_pile_up(served: Served, mesh: Mesh) -> None:
    """A client that sends without end is made to wait by the pace of the coordinator; another one is answered."""
    import psutil

    server = next(child for child in psutil.Process().children() if "jupyter_server" in " ".join(child.cmdline()))

    async def play() -> None:
        issued = await asyncio.to_thread(mesh.credentials.issue)
        flood = await enter(served, mesh, issued.secret, key=secrets.token_urlsafe(32))
        await told(flood)
        before = server.memory_info().rss
        sent = 0
        heavy = encode(Message(id=1, request=Join(tool="t", model="x" * 400))).replace(
            b"}}", b"}" + b" " * 200_000 + b"}"
        )
        try:
            async with asyncio.timeout(4):
                while True:
                    await flood.send(heavy, text=True)
                    sent += 1
        except (TimeoutError, ConnectionClosed):
            pass
        another = await asyncio.to_thread(mesh.credentials.issue)
        calm = await enter(served, mesh, another.secret, key=secrets.token_urlsafe(32))
        assert isinstance(await told(calm), SessionOpened)
        assert isinstance(await ask(calm, 1, Join(tool="calm")), AgentJoined)
        assert server.memory_info().rss - before < 40e6, sent
        flood.transport.abort()
        await calm.close()

    asyncio.run(play())


class LeftMeanwhile(RelayHandler):
    """Its client's leaving is noticed in the very turn of the loop in which the coordinator was reached."""

    served: asyncio.Future[RelayHandler]

    def open(self, *given: Any) -> None:
        """What closing does comes first, as if it had been waiting for its turn already."""
        self.on_close()
        super().open(*given)
        self.served.set_result(self)


def test_a_client_that_leaves_before_it_is_served_leaves_nothing(mesh: Mesh) -> None:
    """The connection to the coordinator ends with it, its place is free, and nothing fails behind anybody's back."""

    async def play() -> None:
        LeftMeanwhile.served = asyncio.get_running_loop().create_future()
        issued = await asyncio.to_thread(mesh.credentials.issue)
        async with served_here(mesh, "ws", LeftMeanwhile, failures=Bucket(FAILURES, time.monotonic)) as here:
            socket = await enter(here, mesh, issued.secret)
            handler = await asyncio.wait_for(LeftMeanwhile.served, 20)
            await asyncio.wait_for(handler._closing, 20)
            assert handler._pumping is not None
            assert handler._pumping.exception() is None
            assert (RelayHandler.relayed, handler._upstream) == (0, None)
            await ended(socket)

    asyncio.run(play())


def test_more_than_a_number_are_not_relayed_at_once(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until one of them has left."""
    monkeypatch.setattr(relay, "MOST", 1)

    async def play() -> None:
        secret = (await asyncio.to_thread(mesh.credentials.issue)).secret
        async with served_here(mesh, "ws", RelayHandler, failures=Bucket(FAILURES, time.monotonic)) as here:
            socket = await enter(here, mesh, secret)
            assert await status_of(here, mesh, secret, key="l" * 43) == 503
            await socket.close()
            while RelayHandler.relayed:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
            assert await status_of(here, mesh, secret, key="l" * 43) == 101

    asyncio.run(play())


def test_who_guesses_is_told_to_slow_down(mesh: Mesh) -> None:
    """As many guesses as the coordinator's own door allows; then even what is not one is not looked at."""
    standing_still = Bucket(FAILURES, lambda: 0.0)

    async def play() -> None:
        async with served_here(mesh, "ws", RelayHandler, failures=standing_still) as here:
            statuses = [await status_of(here, mesh, "x" * 43, key="short") for _ in range(40)]
        assert statuses[0] == 400
        assert statuses[-1] == 429
        assert sorted(statuses) == statuses

    asyncio.run(play())
