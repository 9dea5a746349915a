"""The client's end of the wire: across lost connections, restarted servers, and addresses that are traps."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from devmesh.address import Connection, read_connection
from devmesh.bridge.asking import Unanswered
from devmesh.bridge.dialing import loopback_of
from devmesh.bridge.link import Link, LinkState
from devmesh.bridge.subscribers import Subscribers
from devmesh.errors import Code, Malformed, MeshError, MeshLost, Refused
from devmesh.vocabulary.codec import Message, Recorded
from devmesh.vocabulary.facts import AnyFact, BidDeclined, GoalSet, LeasesRenewed, RequestRefused
from devmesh.vocabulary.requests import Bid, Decline, Heartbeat, PostTask, ReadFramework
from devmesh.vocabulary.terms import Role
from tests.bridge.rig import PATIENCE, linked, serving, until
from tests.coordinator.rig import looped


def declined(message: Message) -> tuple[AnyFact, ...]:
    """An answer from which one sees what was asked."""
    assert isinstance(message.request, Decline)
    return (BidDeclined(task=message.request.task, attempt=1, agent="me"),)


@looped
async def test_answers_and_news_come_in_the_order_they_were_told(home: Path) -> None:
    """Every fact reaches the listener once, by its sequence, and before its answer is handed out."""
    async with serving(home, declined) as server, linked(home) as link:
        heard: list[Recorded] = []
        link.subscribe(heard.append)
        for number in (1, 2, 3):
            await server.tell(GoalSet(text=f"goal {number}"))
            reply = await link.request(Decline(task=number))
            assert heard[-1].fact == reply.facts[0].fact
        assert [recorded.sequence for recorded in heard] == [2, 3, 4, 5, 6, 7]


@looped
async def test_what_is_unanswered_is_sent_again_in_order_with_the_same_numbers(home: Path) -> None:
    """A server killed and back on another port answers what the old one was asked, each once."""
    async with serving(home, declined) as server, linked(home) as link:
        server.deaf.set()
        asking = [asyncio.create_task(link.request(Decline(task=number))) for number in (1, 2, 3)]
        await server.heard_of(Decline, 3)
        port = read_connection(home).port
        await server.kill()
        assert await link.until(LinkState.LOST, LinkState.CONNECTING) is LinkState.LOST
        later = asyncio.create_task(link.request(Decline(task=4)))
        server.deaf.clear()
        assert (await server.start()).port != port
        replies = await asyncio.wait_for(asyncio.gather(*asking, later), PATIENCE)
        assert [fact.task for reply in replies for fact in reply.all(BidDeclined)] == [1, 2, 3, 4]
        assert [message.id for message in server.heard] == [1, 2, 3, 1, 2, 3, 4]


@looped
async def test_a_repeated_answer_is_told_to_nobody_but_who_asked(home: Path) -> None:
    """After a return, an old answer does not come between newer facts."""
    async with serving(home, declined) as server, linked(home) as link:
        heard: list[Recorded] = []
        link.subscribe(heard.append)
        server.deaf.set()
        asking = asyncio.create_task(link.request(Decline(task=1)))
        await server.heard_of(Decline)
        await server.kill()
        server.deaf.clear()
        await server.start()
        assert (await asyncio.wait_for(asking, PATIENCE)).all(BidDeclined)
        assert [type(recorded.fact).__name__ for recorded in heard] == ["SessionResumed"]


@looped
async def test_secrets_travel_in_headers_only(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the token nor the session's key is in the URL, or in the log at its most talkative."""
    caplog.set_level(logging.DEBUG)
    async with serving(home) as server, linked(home, key="k" * 40) as link:
        await link.request(Heartbeat())
        path, headers = server.handshakes[0]
        assert path == "/"
        assert headers["Authorization"] == f"Bearer {server.tokens[Role.AGENT]}"
        assert headers["X-DevMesh-Key"] == "k" * 40
        assert "Origin" not in headers
        ours = "".join(record.getMessage() for record in caplog.records if record.name != "websockets.server")
        assert server.tokens[Role.AGENT] not in ours
        assert "k" * 40 not in ours


@looped
async def test_a_refusal_is_raised_with_all_it_says(home: Path) -> None:
    """`request` raises it with code, rule, field and hint; `ask` returns it."""
    no = RequestRefused(code="LOCK_HELD", message="held by b", rule=3, field="targets", hint="wait")
    async with serving(home, lambda _: (no,)), linked(home) as link:
        with pytest.raises(Refused) as caught:
            await link.request(Heartbeat())
        refused = caught.value
        assert (refused.code, refused.rule, refused.field, refused.hint) == (Code.LOCK_HELD, 3, "targets", "wait")
        assert (await link.ask(Heartbeat())).find(RequestRefused) == no


@looped
async def test_what_no_mesh_would_take_is_refused_before_it_is_sent(home: Path) -> None:
    """The error names the field, and no number is used up."""
    async with serving(home) as server, linked(home) as link:
        with pytest.raises(Malformed) as caught:
            await link.request(Bid(task=0))
        assert caught.value.field is not None
        assert "task" in caught.value.field
        await link.request(Heartbeat())
        assert [message.id for message in server.heard] == [1]


@looped
async def test_a_request_whose_asker_left_is_still_on_its_way(home: Path) -> None:
    """After a timeout its facts are told all the same."""
    async with serving(home, declined) as server, linked(home) as link:
        server.deaf.set()
        with pytest.raises(TimeoutError):
            await link.request(Decline(task=9), timeout=0.05)
        heard: list[Recorded] = []
        link.subscribe(heard.append)
        assert link.unanswered == 1
        await server.repeat(1)
        await until(lambda: heard)
        assert heard[0].fact == BidDeclined(task=9, attempt=1, agent="me")
        assert link.unanswered == 0


@looped
async def test_an_older_epoch_is_never_connected_to(home: Path) -> None:
    """A leftover connection file, or an impostor with one, is left alone until the link gives up."""
    async with serving(home) as server:
        server.epoch = 5
        server.publish(read_connection(home).url, read_connection(home).port)
        link = await Link(lambda: read_connection(home), Role.AGENT, orphan_sec=0.3).open()
        await server.kill()
        server.epoch = 4
        await server.start()
        await asyncio.wait_for(link.until(LinkState.CLOSED), PATIENCE)
        assert len(server.handshakes) == 1
        assert isinstance(link.failure, MeshLost)
        with pytest.raises(MeshLost):
            await link.request(Heartbeat())
        await link.close()


@looped
async def test_a_connection_file_open_to_others_is_not_used(home: Path) -> None:
    """Its tokens may be known, so nobody is spoken to."""
    async with serving(home) as server:
        (home / "connection.json").chmod(0o644)
        with pytest.raises(MeshLost):
            await Link(lambda: read_connection(home), Role.AGENT, orphan_sec=0.2).open()
        assert server.handshakes == []


@looped
async def test_a_fault_of_ours_leaves_nobody_waiting() -> None:
    """Whatever goes wrong in it, the link ends and says so."""

    def broken() -> Connection:
        raise ZeroDivisionError

    with pytest.raises(MeshLost, match="ZeroDivisionError"):
        await Link(broken, Role.AGENT).open(PATIENCE)


@looped
async def test_a_redirect_is_not_followed(home: Path) -> None:
    """Whoever answers with another address gets the secrets nowhere."""

    def elsewhere(connection: ServerConnection, request: Request) -> Response:
        del request
        response = connection.respond(302, "")
        response.headers["Location"] = there
        return response

    async with serving(home) as server:
        there = read_connection(home).url
        async with serve(lambda _: asyncio.sleep(0), "127.0.0.1", 0, process_request=elsewhere) as trap:
            server.publish(f"ws://127.0.0.1:{trap.sockets[0].getsockname()[1]}")
            with pytest.raises(MeshLost):
                await Link(lambda: read_connection(home), Role.AGENT, orphan_sec=0.2).open()
        assert server.handshakes == []


@pytest.mark.parametrize(
    "url",
    ["ws://192.0.2.1:7700", "ws://example.org:1", "wss://127.0.0.1:1", "http://127.0.0.1:1", "ws://a@127.0.0.1:1"],
)
def test_only_this_machine_is_dialled(url: str) -> None:
    """Another host, another scheme or credentials in the URL are refused."""
    with pytest.raises(MeshError):
        loopback_of(url)


def test_the_names_of_this_machine_are_known() -> None:
    """All three ways to say it."""
    assert [loopback_of(f"ws://{host}:1") for host in ("127.0.0.1", "localhost", "[::1]")] == [
        "127.0.0.1",
        "127.0.0.1",
        "::1",
    ]


@looped
async def test_closing_ends_every_wait(home: Path) -> None:
    """Whoever waits for an answer gets MeshLost, and an iterator over the news ends."""
    async with serving(home) as server:
        server.deaf.set()
        link = await Link(lambda: read_connection(home), Role.AGENT).open()
        asking = asyncio.create_task(link.request(Heartbeat()))
        reading = asyncio.create_task(_all_of(link))
        await server.heard_of(Heartbeat)
        await server.tell(GoalSet(text="x"))
        await asyncio.sleep(0.05)
        await link.close()
        with pytest.raises(MeshLost):
            await asking
        assert [type(recorded.fact) for recorded in await reading] == [GoalSet]


async def _all_of(link: Link) -> list[Recorded]:
    return [recorded async for recorded in link.news()]


@looped
async def test_a_forgotten_session_fails_what_it_was_asked(home: Path) -> None:
    """A new session must not be given the old one's requests as if they were its own."""
    async with serving(home) as server, linked(home) as link:
        server.deaf.set()
        asking = asyncio.create_task(link.request(ReadFramework(version=1)))
        await server.heard_of(ReadFramework)
        await server.kill()
        server.forgetful = True
        server.deaf.clear()
        await server.start()
        with pytest.raises(MeshLost):
            await asyncio.wait_for(asking, PATIENCE)
        await link.request(Heartbeat())
        assert [message.id for message in server.heard] == [1, 2]


@looped
async def test_a_listener_that_fails_harms_nobody_else(home: Path) -> None:
    """The others hear the same fact, and the answer is handed out."""

    def failing(_: Recorded) -> None:
        raise ValueError("not my day")

    async with serving(home, lambda _: (LeasesRenewed(agent="a"),)), linked(home) as link:
        heard: list[Recorded] = []
        link.subscribe(failing)
        unsubscribe = link.subscribe(heard.append)
        assert (await link.request(Heartbeat())).find(LeasesRenewed)
        unsubscribe()
        await link.request(Heartbeat())
        assert len(heard) == 1


@looped
async def test_numbers_go_on_from_where_a_session_is_taken_up() -> None:
    """A session of another process is entered above what that one used."""
    unanswered = Unanswered(first=1000)
    assert [unanswered.add(Heartbeat()).id for _ in range(2)] == [1000, 1001]
    unanswered.fail(MeshLost("over"))
    assert len(unanswered) == 0


@looped
async def test_what_is_no_number_is_not_asked() -> None:
    """It would go over the wire as if nothing were said; no number is used up by it."""
    unanswered = Unanswered()
    with pytest.raises(Malformed, match="no number") as caught:
        unanswered.add(PostTask(prompt="x", time_limit=float("nan")))
    assert caught.value.field == "$.request.time_limit"
    assert unanswered.add(Heartbeat()).id == 1
    unanswered.fail(MeshLost("over"))


def test_no_fact_is_told_twice_or_late() -> None:
    """Kept ones by their sequence; those that are not kept, as they come."""
    heard: list[int] = []
    subscribers = Subscribers()
    remove = subscribers.add(lambda recorded: heard.append(recorded.sequence))
    for sequence in (3, 3, 0, 2, 5, 0):
        subscribers.tell((Recorded(sequence=sequence, fact=GoalSet(text="x")),))
    remove()
    remove()
    subscribers.tell((Recorded(sequence=9, fact=GoalSet(text="x")),))
    assert heard == [3, 0, 5, 0]
