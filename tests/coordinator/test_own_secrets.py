"""The mesh's own secrets, said by an agent whose tool read them in its files: nobody is told, and none is kept."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from devmesh.address import CONNECTION_FILE
from devmesh.audit.chain import KEY_FILE
from devmesh.core.snapshot import freeze
from devmesh.settings import Settings
from devmesh.vocabulary import facts, known, requests
from devmesh.vocabulary.codec import encode
from devmesh.vocabulary.plain import REDACTED
from devmesh.vocabulary.terms import LockMode, Role, Stream
from tests.coordinator.rig import Client, looped, running
from tests.coordinator.test_canary import _everything_kept, said

ENVIRONMENT = "of-the-database-7"


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    known.forget()
    yield
    known.forget()


@looped
async def test_no_secret_of_the_mesh_is_told_or_kept(
    project: Path, settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An observer is not told the operator's token: not by a report, nor by any other text, name or path."""
    caplog.set_level(logging.DEBUG, logger="devmesh")
    monkeypatch.setenv("DATABASE_PASS", ENVIRONMENT)
    issued = secrets.token_urlsafe(32)
    async with running(project, settings) as mesh:
        home = mesh.coordinator.home
        watcher = await Client.connect(mesh.connection, Role.OBSERVER)
        await watcher.ask(requests.Watch())
        operator = await mesh.operator()
        digest = sha256(issued.encode()).hexdigest()
        await operator.ask(requests.IssueCredential(digest=digest, role=Role.OPERATOR, label="it"))
        await operator.ask(requests.PostTask(prompt="leak"))
        agent = await Client.connect(mesh.connection)
        own = {
            **{str(role): token for role, token in mesh.connection.tokens.items()},
            "issued": issued,
            "a session's key": operator.key,
            "the key of the record": (home / KEY_FILE).read_bytes().hex(),
            "of its environment": ENVIRONMENT,
        }
        files = [(home / CONNECTION_FILE).read_text(), "\n".join(own.values())]
        await agent.join("leaky")
        await agent.ask(requests.Start(task=1, attempt=1))
        for text in (*files, json.dumps(files), " ".join(own.values())):
            await agent.ask(requests.Report(task=1, attempt=1, stream=Stream.STDOUT, text=text))
        for secret in own.values():
            for request in said(secret, 0):
                if request is not None:
                    await agent.ask(request)
            await _named(agent, secret)
        told = await watcher.ask(requests.Watch())
        heard = b"".join(encode(delivery) for delivery in (*watcher.heard, *agent.heard))
        shown = [heard.decode(), repr(told), freeze(mesh.coordinator._in_force.state).decode(errors="replace")]
        for client in (watcher, operator, agent):
            await client.close()
    shown += await asyncio.to_thread(_everything_kept, home)
    shown.append(caplog.text)
    assert "look:" in "".join(shown)
    assert REDACTED in "".join(shown)
    assert [name for name, secret in own.items() if any(secret in text for text in shown)] == []


async def _named(agent: Client, secret: str) -> None:
    """Names and paths with it are refused, whatever they would do."""
    named: tuple[Any, ...] = (
        requests.RequestLock(targets=(f"src/{secret}.py",), mode=LockMode.WRITE),
        requests.Start(task=1, attempt=1, workspace=f"/w/{secret}"),
        requests.SearchKnowledge(query=secret),
    )
    for request in named:
        (refused,) = await agent.ask(request)
        assert isinstance(refused, facts.RequestRefused)
        assert "secret" in refused.message
        assert secret not in refused.message


@looped
async def test_credentials_and_sessions_of_an_earlier_life_are_known_by_their_digests(
    project: Path, settings: Settings
) -> None:
    """After a restart only their SHA-256 is left."""
    issued = secrets.token_urlsafe(32)
    async with running(project, settings) as mesh:
        operator = await mesh.operator()
        digest = sha256(issued.encode()).hexdigest()
        await operator.ask(requests.IssueCredential(digest=digest, role=Role.OPERATOR, label="it"))
        await operator.close()
        record = (mesh.coordinator.home / KEY_FILE).read_bytes().hex()
    known.forget()
    async with running(project, settings) as mesh:
        agent = await mesh.agent()
        (shared,) = await agent.ask(requests.ShareDiscovery(title="t", text=f"{issued} {operator.key} {record} end"))
        assert shared.text == f"{REDACTED} {REDACTED} {REDACTED} end"
        await agent.close()
