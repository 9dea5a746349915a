"""Every request by every role and kind of credential, over a real socket: what is not allowed by name is refused."""

from __future__ import annotations

import secrets
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

import pytest
from websockets.asyncio.client import connect

from devmesh.coordinator.guard import SECRET
from devmesh.settings import Settings
from devmesh.vocabulary import requests
from devmesh.vocabulary.facts import RequestRefused
from devmesh.vocabulary.record import kind_of
from devmesh.vocabulary.requests import AnyRequest
from devmesh.vocabulary.terms import Role
from tests.coordinator.rig import WIRE, Client, Running, looped, running
from tests.core.test_hearing import EXAMPLES

#: Written out a second time and on purpose: the core's own table must agree with it, row by row.
OF_AGENTS = (
    requests.Join, requests.Leave, requests.Heartbeat, requests.RequestLock, requests.ReleaseLock, requests.Bid,
    requests.Decline, requests.ReadFramework, requests.Start, requests.Report, requests.OfferChange, requests.Finish,
    requests.ReportUsage, requests.StandDown, requests.Ask, requests.ReportWrite, requests.ProposeFramework,
)  # fmt: skip
OF_AGENTS_AND_THE_PERSON = (requests.AnswerQuestion, requests.Review, requests.ShareDiscovery)
OF_WATCHERS = (requests.Watch,)
OF_ALL = (requests.SearchKnowledge, requests.Look)

ALLOWED: dict[Role, set[Any]] = {
    Role.AGENT: {*OF_AGENTS, *OF_AGENTS_AND_THE_PERSON, *OF_ALL},
    Role.OBSERVER: {*OF_WATCHERS, *OF_ALL},
    Role.OPERATOR: set(get_args(AnyRequest)) - set(OF_AGENTS),
}


async def let_in(mesh: Running, role: Role, *, issued: bool) -> Client:
    """A client of that role, by the role's own token or by a credential issued for it."""
    if not issued:
        return await Client.connect(mesh.connection, role)
    secret = secrets.token_urlsafe(32)
    operator = await mesh.operator()
    await operator.ask(requests.IssueCredential(digest=sha256(secret.encode()).hexdigest(), role=role))
    await operator.close()
    key = secrets.token_urlsafe(32)
    headers = {"Authorization": f"Bearer {secret}", SECRET: key}
    client = Client(await connect(mesh.connection.url, additional_headers=headers, **WIRE), key)
    await client.hear()
    return client


@pytest.mark.parametrize("issued", [False, True], ids=["token", "credential"])
@pytest.mark.parametrize("role", list(Role))
@looped
async def test_every_request_is_allowed_by_name_or_refused(
    *, role: Role, issued: bool, project: Path, settings: Settings
) -> None:
    """FORBIDDEN for exactly those that the table does not give this role; nothing else of a forbidden one is done."""
    async with running(project, settings) as mesh:
        for kind in get_args(AnyRequest):
            client = await let_in(mesh, role, issued=issued)
            before = len(mesh.coordinator._in_force.state.tasks)
            answer: Any = (await client.ask(EXAMPLES[kind]))[0]
            forbidden = isinstance(answer, RequestRefused) and answer.code == "FORBIDDEN"
            assert forbidden is (kind not in ALLOWED[role]), (kind_of(EXAMPLES[kind]), answer)
            if forbidden:
                assert len(mesh.coordinator._in_force.state.tasks) == before
            await client.close()


def test_a_message_has_no_field_that_says_who_speaks() -> None:
    """No request names a role or a session of its speaker; only what is issued has a role, and the operator says it."""
    for kind in get_args(AnyRequest):
        names = {"session", "connection", "key", "token_of", "credential_of"} & set(kind.__struct_fields__)
        assert not names, kind
        assert "role" not in kind.__struct_fields__ or kind is requests.IssueCredential
