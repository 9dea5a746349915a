"""The port: taken, foreign, crowded by strangers; and the goodbye."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from devmesh.coordinator.channel import HUNG_UP
from devmesh.coordinator.guard import Credential
from devmesh.coordinator.listener import MOST_STRANGERS, Listener
from devmesh.coordinator.loop import Coordinator
from devmesh.coordinator.pace import MESSAGES
from devmesh.coordinator.reception import Reception
from devmesh.errors import PortTaken, SettingError
from devmesh.settings import Settings
from devmesh.vocabulary.facts import LeasesRenewed
from devmesh.vocabulary.requests import Heartbeat, IssueCredential
from devmesh.vocabulary.terms import Role
from tests.coordinator.rig import Client, eventually, looped, running


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def listener() -> Listener:
    """One that was not opened."""
    reception: Reception = object.__new__(Reception)
    return Listener(reception, {Role.AGENT: "t" * 40}, monotonic=time.monotonic, pace=MESSAGES)


@looped
async def test_a_taken_port_is_explained(taken: int) -> None:
    """By name and number of the process that has it."""
    with pytest.raises(PortTaken) as caught:
        await listener().open("127.0.0.1", taken, fallback=False)
    assert f"process {os.getpid()}" in caught.value.message
    assert "DEVMESH_WS_PORT" in (caught.value.hint or "")


@looped
async def test_a_taken_port_is_stepped_aside_from_and_the_new_one_published(
    project: Path, settings: Settings, taken: int
) -> None:
    """With the fallback the connection file has the port that is really listened on."""
    async with running(project, settings.model_copy(update={"ws_port": taken})) as mesh:
        assert mesh.connection.port != taken
        assert mesh.connection.url.endswith(f":{mesh.connection.port}")
        client = await Client.connect(mesh.connection)
        await client.close()


@looped
async def test_without_the_fallback_the_coordinator_does_not_start(
    project: Path, settings: Settings, taken: int
) -> None:
    """And leaves nothing behind that would hinder the next one."""
    fixed = settings.model_copy(update={"ws_port": taken, "port_fallback": False})
    with pytest.raises(PortTaken):
        await Coordinator(project, fixed).run()
    async with running(project, settings) as mesh:
        assert mesh.connection.epoch == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org", "::"])  # noqa: S104 - that it is refused is the test
@looped
async def test_only_loopback_is_listened_on(host: str) -> None:
    """Anything else is an error that names the setting, not a warning."""
    with pytest.raises(SettingError) as caught:
        await listener().open(host, 0, fallback=True)
    assert caught.value.field == "DEVMESH_WS_HOST"


@looped
async def test_silent_strangers_keep_nobody_out(project: Path, settings: Settings) -> None:
    """Hundreds of connections that never say anything: few are held, and a client gets in and is answered."""
    async with running(project, settings) as mesh:
        idle = [await asyncio.open_connection("127.0.0.1", mesh.connection.port) for _ in range(3 * MOST_STRANGERS)]
        client = await mesh.agent()
        assert isinstance((await client.ask(Heartbeat()))[0], LeasesRenewed)
        assert len(mesh.coordinator._listener._strangers) <= MOST_STRANGERS
        await client.close()
        for _reader, writer in idle:
            writer.close()


@looped
async def test_many_may_come_at_once(project: Path, settings: Settings) -> None:
    """Two hundred clients that come back in the same moment all get in, though some may have to try again."""
    async with running(project, settings) as mesh:

        async def come() -> Client:
            for _attempt in range(20):
                try:
                    return await Client.connect(mesh.connection)
                except (OSError, ConnectionClosed, EOFError) as error:
                    del error
                except Exception as error:  # noqa: BLE001 - the library's word for a handshake cut off
                    del error
                await asyncio.sleep(0.02)
            raise AssertionError

        clients = await asyncio.gather(*(come() for _ in range(200)))
        assert len(mesh.coordinator._listener.channels) == 200
        await asyncio.gather(*(client.close() for client in clients))


@looped
async def test_a_newer_connection_with_the_same_key_ends_the_older(project: Path, settings: Settings) -> None:
    """One session, one connection."""
    async with running(project, settings) as mesh:
        older = await mesh.agent()
        newer = await Client.connect(mesh.connection, key=older.key, last=older.last)
        assert (await older.closing())[0] == HUNG_UP
        assert isinstance((await newer.ask(Heartbeat()))[0], LeasesRenewed)
        await newer.close()


@looped
async def test_stopping_says_goodbye_with_its_reason(project: Path, settings: Settings) -> None:
    """1001, so that a bridge knows that it is to come back."""
    async with running(project, settings) as mesh:
        client = await mesh.agent()
        await mesh.coordinator.stop("the notebook ended")
        assert await client.closing() == (1001, "the notebook ended")


@looped
async def test_nobody_is_let_in_while_the_door_is_closed_for_a_reason(project: Path, settings: Settings) -> None:
    """503 with the reason, also to who has the token."""
    async with running(project, settings) as mesh:
        mesh.coordinator._listener.closed_for = "the disk is full"
        with pytest.raises(InvalidStatus) as caught:
            await Client.connect(mesh.connection)
        assert caught.value.response.status_code == 503
        assert b"the disk is full" in caught.value.response.body


@looped
async def test_a_connection_is_what_its_token_says(project: Path, settings: Settings) -> None:
    """The channel carries the credential that the guard gave."""
    async with running(project, settings) as mesh:
        client = await mesh.operator()
        channel = next(iter(mesh.coordinator._listener.channels.values()))
        assert isinstance(channel.credential, Credential)
        assert channel.credential.role is Role.OPERATOR
        assert mesh.coordinator.agents == 0
        await client.close()


@looped
async def test_there_is_room_for_so_many_and_no_more(project: Path, settings: Settings) -> None:
    """One more is refused with the reason, token or not; when one has gone there is room again."""
    async with running(project, settings.model_copy(update={"max_connections": 3})) as mesh:
        clients = [await Client.connect(mesh.connection) for _ in range(3)]
        with pytest.raises(InvalidStatus) as caught:
            await Client.connect(mesh.connection)
        assert caught.value.response.status_code == 503
        assert b"at most 3 at a time" in caught.value.response.body
        await clients.pop().close()
        await eventually(lambda: len(mesh.coordinator._listener.channels) == 2)
        clients.append(await Client.connect(mesh.connection))
        for client in clients:
            await client.close()


@looped
async def test_one_credential_has_room_for_few_connections_and_one_share(project: Path, settings: Settings) -> None:
    """Many by what was issued to one are refused, and those that are there count as one; others are not meant."""
    async with running(project, settings.model_copy(update={"credential_connections": 2})) as mesh:
        person = await mesh.operator()
        secret = "s" * 43
        digest = sha256(secret.encode()).hexdigest()
        await person.ask(IssueCredential(role=Role.AGENT, digest=digest))
        by_it = msgspec.structs.replace(mesh.connection, tokens={Role.AGENT: secret})
        clients = [await Client.connect(by_it) for _ in range(2)]
        with pytest.raises(InvalidStatus) as caught:
            await Client.connect(by_it)
        assert b"by this credential: at most 2" in caught.value.response.body
        first, second = (
            one for one in mesh.coordinator._listener.channels.values() if one.credential and one.credential.number
        )
        assert first.share is second.share
        clients += [await Client.connect(mesh.connection) for _ in range(3)]
        await clients.pop(0).close()
        await eventually(lambda: len(mesh.coordinator._listener.channels) == 5)
        clients.append(await Client.connect(by_it))
        for client in (person, *clients):
            await client.close()
