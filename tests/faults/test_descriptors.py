"""A real coordinator with few file descriptors, under more connections than it can have."""

from __future__ import annotations

import asyncio
import resource
import socket
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus, WebSocketException

from devmesh.address import read_connection
from devmesh.repository import Repository
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import LockMode, Outcome, Role
from tests.coordinator.changing import make, write
from tests.coordinator.rig import Client
from tests.faults.serving import PATIENCE, Served, served

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

DESCRIPTORS = 160
CONNECTIONS, STRANGERS = 140, 60
"More than fit, one way or the other."


@pytest.fixture
def process(tmp_path: Path) -> Served:  # type: ignore[misc]
    """A coordinator that may open that many files."""
    with served(tmp_path / "project", tmp_path / "state") as one:
        one.limit(resource.RLIMIT_NOFILE, DESCRIPTORS)
        yield one


def test_a_flood_of_connections_leaves_room_for_the_work(process: Served) -> None:
    """Whoever is in goes on, up to a change that lands; who comes too many is told so; later there is room again."""
    asyncio.run(flooded(process))


async def flooded(process: Served) -> None:
    """See above."""
    connection = read_connection(process.home)
    async with AsyncExitStack() as stack:
        person = await stack.enter_async_context(await Client.connect(connection, Role.OPERATOR))
        agent = await stack.enter_async_context(await Client.connect(connection))
        await agent.join()
        crowd = [one for _ in range(CONNECTIONS) if (one := await let_in(process)) is not None]
        assert 20 < len(crowd) < CONNECTIONS
        strangers = [socket.create_connection(("127.0.0.1", connection.port)) for _ in range(STRANGERS)]
        try:
            await one_change(process, person, agent, "during")
        finally:
            for stranger in strangers:
                stranger.close()
            await asyncio.gather(*(one.close() for one in crowd))
        await stack.enter_async_context(await let_in_at_last(process))
        await one_change(process, person, agent, "after")


def test_without_a_single_descriptor_the_work_waits(process: Served) -> None:
    """Locks come and go; a change comes back with the reason; once there are some, it lands and others come in."""
    asyncio.run(starved(process))


async def starved(process: Served) -> None:
    """See above."""
    connection = read_connection(process.home)
    async with (
        await Client.connect(connection, Role.OPERATOR) as person,
        await Client.connect(connection) as agent,
    ):
        await agent.join()
        awarded = await given(person, agent)
        process.limit(resource.RLIMIT_NOFILE, 5)
        for _ in range(20):
            token = await agent.lock("b.txt")
            await agent.ask(requests.ReleaseLock(tokens=(token,)))
        await offer(process, agent, awarded, "never")
        assert "Too many open files" in (await agent.hear_of(facts.ChangeReturned)).message
        with pytest.raises((OSError, WebSocketException, TimeoutError)):
            await asyncio.wait_for(let_in(process), 1.0)
        process.limit(resource.RLIMIT_NOFILE, DESCRIPTORS)
        async with await let_in_at_last(process):
            await offer(process, agent, awarded, "landed")
            await agent.hear_of(facts.ChangeApplied)
        assert (process.project / "a.txt").read_text() == "landed\n"


async def let_in(process: Served) -> Client | None:
    """One more client; None where it is told that there are too many."""
    try:
        return await Client.connect(read_connection(process.home))
    except InvalidStatus as refused:
        if (refused.response.status_code, refused.response.body) != (503, b"too many connections\n"):
            raise
        return None


async def let_in_at_last(process: Served) -> Client:
    """One more client, as soon as there is room."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                client = await let_in(process)
            except (OSError, WebSocketException):
                client = None
            if client is not None:
                return client
            await asyncio.sleep(0.01)


async def one_change(process: Served, person: Client, agent: Client, text: str) -> None:
    """A task from its posting to the project."""
    awarded = await given(person, agent)
    await offer(process, agent, awarded, text)
    await agent.hear_of(facts.ChangeApplied)
    assert (process.project / "a.txt").read_text() == f"{text}\n"
    await agent.ask(requests.Finish(task=awarded.task, attempt=awarded.attempt, outcome=Outcome.DONE))


async def given(person: Client, agent: Client) -> facts.TaskAwarded:
    """A task, posted and begun."""
    await person.ask(requests.PostTask(prompt="write"))
    bidding = await agent.hear_of(facts.BiddingOpened)
    await agent.say(requests.Bid(task=bidding.task, confidence=0.9))
    awarded = await agent.hear_of(facts.TaskAwarded)
    await agent.ask(requests.Start(task=awarded.task, attempt=awarded.attempt))
    return awarded


async def offer(process: Served, agent: Client, awarded: facts.TaskAwarded, text: str) -> None:
    """That text as the new content of a file."""
    repository = Repository(process.project, process.home).open()
    made = await asyncio.to_thread(make, repository, write(a_txt=f"{text}\n"))
    token = await agent.lock("a.txt", LockMode.CO_WRITE)
    await agent.say(made.to_offer(awarded, token))
