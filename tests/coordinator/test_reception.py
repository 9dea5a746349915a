"""What clients say becomes events, in order, with canonical paths."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from devmesh.coordinator.guard import Credential
from devmesh.coordinator.inbox import Inbox
from devmesh.coordinator.reception import Reception
from devmesh.coordinator.tree import WriteGate
from devmesh.core.events import Connected, Heard, Lost
from devmesh.errors import Code
from devmesh.settings import Settings
from devmesh.vocabulary.codec import Message
from devmesh.vocabulary.facts import LockGranted, RequestRefused
from devmesh.vocabulary.requests import Heartbeat, Leave, RequestLock
from devmesh.vocabulary.terms import LockMode, Role
from tests.coordinator.rig import drained, looped, running


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    """Two threads for what may take long."""
    with ThreadPoolExecutor(2) as executor:
        yield executor


def channel(number: int = 1, key: str = "k" * 64) -> Any:
    """What the reception knows of a connection."""
    return SimpleNamespace(number=number, credential=Credential(Role.AGENT, key), is_agent=True)


def lock(target: str, number: int = 1) -> Message:
    """A request for a lock."""
    return Message(id=number, request=RequestLock(targets=(target,), mode=LockMode.WRITE))


@looped
async def test_a_connections_life_is_three_kinds_of_events(
    project: Path, gate: WriteGate, aside: ThreadPoolExecutor
) -> None:
    """It came, it spoke, it went."""
    inbox = Inbox()
    reception = await Reception.open(project, gate.repository, inbox, aside)
    reception.connected(channel())
    assert reception.heard(channel(), lock("./a.txt")) is None
    reception.lost(channel(), "gone")
    assert drained(inbox) == [
        Connected(connection=1, role=Role.AGENT, key="k" * 64),
        Heard(connection=1, id=1, request=lock("a.txt").request),
        Lost(connection=1, reason="gone"),
    ]


@looped
async def test_what_agents_write_is_cleaned_before_the_rules_see_it(
    project: Path, gate: WriteGate, aside: ThreadPoolExecutor
) -> None:
    """Promise 10: no client can put a secret or a control character on record."""
    inbox = Inbox()
    reception = await Reception.open(project, gate.repository, inbox, aside)
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" * 2
    reception.heard(channel(), Message(id=1, request=Leave(reason=f"bye \x1b[31m{secret}")))
    (heard,) = drained(inbox)
    assert isinstance(heard, Heard)
    assert isinstance(heard.request, Leave)
    assert heard.request.reason == "bye [redacted]"


@looped
async def test_a_request_that_was_blamed_is_refused_for_that_client_alone(
    project: Path, gate: WriteGate, aside: ThreadPoolExecutor
) -> None:
    """On whatever connection it comes again; another client's request of the same number is sound."""
    inbox = Inbox()
    reception = await Reception.open(project, gate.repository, inbox, aside)
    reception.connected(channel())
    reception.heard(channel(), Message(id=7, request=Heartbeat()))
    _, heard = drained(inbox)
    assert isinstance(heard, Heard)
    reception.blame(heard)
    reception.lost(channel(), "")
    reception.connected(channel(2))
    reception.connected(channel(3, "o" * 64))
    reception.heard(channel(2), Message(id=7, request=Heartbeat()))
    reception.heard(channel(3, "o" * 64), Message(id=7, request=Heartbeat()))
    again, other = [event for event in drained(inbox) if isinstance(event, Heard)]
    assert again.objection is not None
    assert again.objection.code is Code.INTERNAL
    assert other.objection is None


@looped
async def test_what_takes_long_is_looked_at_aside(project: Path, gate: WriteGate, aside: ThreadPoolExecutor) -> None:
    """A file with two names: nothing is heard until the future is done, and then with its key."""
    (project / "zebra.py").hardlink_to(project / "src" / "app.py")
    inbox = Inbox()
    reception = await Reception.open(project, gate.repository, inbox, aside)
    reception.connected(channel())
    pending = reception.heard(channel(), lock("zebra.py"))
    assert pending is not None
    assert len(inbox) == 1
    await pending
    _, heard = drained(inbox)
    assert isinstance(heard, Heard)
    assert isinstance(heard.request, RequestLock)
    assert heard.request.targets == ("src/app.py", "zebra.py")


@looped
async def test_requests_keep_their_order_although_one_takes_longer(project: Path, settings: Settings) -> None:
    """The second is answered after the first, on a real connection."""
    (project / "zebra.py").hardlink_to(project / "src" / "app.py")
    async with running(project, settings) as mesh, await mesh.agent() as client:
        numbers = [
            await client.say(RequestLock(targets=("zebra.py",), mode=LockMode.WRITE)),
            await client.say(Heartbeat()),
            await client.say(RequestLock(targets=("b.txt",), mode=LockMode.WRITE)),
        ]
        answered = [(await client.hear()).reply_to for _ in numbers]
        assert answered == numbers


@looped
async def test_a_second_name_of_a_locked_file_is_not_granted(project: Path, settings: Settings) -> None:
    """Two agents, two names, one file: one of them waits."""
    (project / "zebra.py").hardlink_to(project / "src" / "app.py")
    async with running(project, settings) as mesh, await mesh.agent() as one, await mesh.agent() as two:
        granted = await one.ask(RequestLock(targets=("zebra.py",), mode=LockMode.WRITE))
        assert all(isinstance(fact, LockGranted) for fact in granted)
        refused = await two.ask(RequestLock(targets=("src/app.py",), mode=LockMode.WRITE, wait=0))
        assert isinstance(refused[0], RequestRefused)


@looped
async def test_an_escaping_target_is_refused_by_its_field(project: Path, settings: Settings) -> None:
    """As a fact, with the connection kept."""
    (project / "out").symlink_to("..")
    async with running(project, settings) as mesh, await mesh.agent() as client:
        refused = (await client.ask(RequestLock(targets=("out/x",), mode=LockMode.WRITE)))[0]
        assert isinstance(refused, RequestRefused)
        assert (refused.code, refused.field) == ("PATH_ESCAPES", "targets[0]")
        await asyncio.sleep(0)
