"""Credentials of single clients, over a real socket: what they open, what they do not, and how soon they end."""

from __future__ import annotations

import asyncio
import secrets
from hashlib import sha256
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus

from devmesh.coordinator.channel import HUNG_UP
from devmesh.coordinator.guard import SECRET, Credential, Guard
from devmesh.coordinator.pace import Bucket, Pace
from devmesh.settings import Settings
from devmesh.vocabulary.facts import AgentJoined, CredentialIssued, CredentialRevoked, RequestRefused, SessionOpened
from devmesh.vocabulary.requests import Heartbeat, IssueCredential, Join, PostTask, RevokeCredential
from devmesh.vocabulary.terms import Role
from tests.coordinator.rig import WIRE, Client, Running, looped, running


def digest(secret: str) -> str:
    """What the mesh knows of a secret."""
    return sha256(secret.encode()).hexdigest()


async def issued(operator: Client, role: Role = Role.AGENT) -> tuple[str, int]:
    """A fresh secret that opens the door, and its credential's number."""
    secret = secrets.token_urlsafe(32)
    fact = (await operator.ask(IssueCredential(digest=digest(secret), role=role, label="a test")))[0]
    assert isinstance(fact, CredentialIssued)
    return secret, fact.credential


async def by(mesh: Running, secret: str, key: str | None = None, last: int = 0) -> Client:
    """Come in by a secret of one's own."""
    key = key or secrets.token_urlsafe(32)
    headers = {"Authorization": f"Bearer {secret}", SECRET: key}
    client = Client(await connect(mesh.connection.url, additional_headers=headers, **WIRE), key, last)
    await client.hear()
    return client


@looped
async def test_an_issued_secret_opens_the_door_in_its_role_and_is_named_on_record(
    project: Path, settings: Settings
) -> None:
    """The session it opens says by which credential; what it may say is what its role may."""
    async with running(project, settings) as mesh:
        operator = await mesh.operator()
        secret, number = await issued(operator)
        agent = await by(mesh, secret)
        opened = agent.heard[0].facts[0].fact
        assert isinstance(opened, SessionOpened)
        assert (opened.role, opened.credential) == (Role.AGENT, number)
        assert isinstance((await agent.ask(Join(tool="tool")))[0], AgentJoined)
        refused = (await agent.ask(PostTask(prompt="let me")))[0]
        assert isinstance(refused, RequestRefused)
        assert refused.code == "FORBIDDEN"
        await agent.close()
        await operator.close()


@looped
async def test_revoking_ends_the_live_session_at_once_and_opens_nothing_again(
    project: Path, settings: Settings
) -> None:
    """The connection is hung up on in the same turn; the next handshake gets 401."""
    async with running(project, settings) as mesh:
        operator = await mesh.operator()
        secret, number = await issued(operator)
        agent = await by(mesh, secret)
        await agent.join()
        assert isinstance((await operator.ask(RevokeCredential(credential=number)))[0], CredentialRevoked)
        assert (await agent.closing())[0] == HUNG_UP
        with pytest.raises(InvalidStatus) as caught:
            await by(mesh, secret, agent.key, agent.last)
        assert caught.value.response.status_code == 401
        await operator.close()


@looped
async def test_one_agents_secret_does_not_take_another_agents_session_over(project: Path, settings: Settings) -> None:
    """Even who knows the other's session key gets a session of its own, and the other keeps its connection."""
    async with running(project, settings) as mesh:
        operator = await mesh.operator()
        first, _ = await issued(operator)
        second, _ = await issued(operator)
        victim = await by(mesh, first)
        name = await victim.join()
        thief = await by(mesh, second, victim.key)
        assert isinstance(thief.heard[0].facts[0].fact, SessionOpened)
        assert (await thief.ask(Join(tool="tool")))[0].agent != name
        assert (await victim.ask(Heartbeat()))[0]
        for client in (victim, thief, operator):
            await client.close()


@looped
async def test_credentials_outlive_the_coordinator_and_so_do_revocations(project: Path, settings: Settings) -> None:
    """A bridge comes back to a restarted coordinator by the secret it has; a revoked one does not."""
    async with running(project, settings) as mesh:
        operator = await mesh.operator()
        kept, _ = await issued(operator)
        gone, number = await issued(operator)
        await operator.ask(RevokeCredential(credential=number))
        await operator.close()
    async with running(project, settings) as mesh:
        await (await by(mesh, kept)).close()
        with pytest.raises(InvalidStatus):
            await by(mesh, gone)


@looped
async def test_no_role_below_the_operator_can_issue_or_revoke(project: Path, settings: Settings) -> None:
    """Otherwise an agent could make itself an operator."""
    async with running(project, settings) as mesh:
        for role in (Role.AGENT, Role.OBSERVER):
            client = await Client.connect(mesh.connection, role)
            for request in (IssueCredential(digest="0" * 64, role=Role.OPERATOR), RevokeCredential(credential=1)):
                refused = (await client.ask(request))[0]
                assert isinstance(refused, RequestRefused)
                assert refused.code == "FORBIDDEN"
            await client.close()
        assert mesh.coordinator._in_force.state.credentials == {}


def test_the_guard_looks_at_every_credential_in_constant_time_and_at_every_handshake_anew() -> None:
    """All are compared whichever fits, and one that was taken back fits no more."""
    secret = "s" * 43
    known = {n: CredentialIssued(credential=n, role=Role.OBSERVER, digest=digest(f"other-{n}")) for n in range(1, 9)}
    known[5] = CredentialIssued(credential=5, role=Role.AGENT, digest=digest(secret))
    asked: list[int] = []

    class Watched(dict[int, CredentialIssued]):
        def items(self):  # type: ignore[no-untyped-def]  # noqa: ANN202
            for number, issued in super().items():
                asked.append(number)
                yield number, issued

    guard = Guard({Role.AGENT: "t" * 40}, 1, Bucket(Pace(1, 100), lambda: 0.0), lambda: Watched(known))
    headers = Headers([("Host", "localhost:1"), ("Authorization", f"Bearer {secret}"), (SECRET, "k" * 40)])
    found = guard.judge(headers)
    assert isinstance(found, Credential)
    assert (found.role, found.number) == (Role.AGENT, 5)
    assert asked == list(known)
    del known[5]
    assert not isinstance(guard.judge(headers), Credential)


@looped
async def test_the_secret_itself_is_nowhere_in_the_state_folder(project: Path, settings: Settings) -> None:
    """Neither the record nor the mirror nor the log has it; only its digest."""
    async with running(project, settings) as mesh:
        operator = await mesh.operator()
        secret, _ = await issued(operator)
        await (await by(mesh, secret)).close()
        await operator.close()
        await asyncio.sleep(0)
        home = mesh.coordinator.home
    for path in home.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
