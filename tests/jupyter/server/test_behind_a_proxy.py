"""As under a hub: the server has a base of its own, and is reached through a reverse proxy on another port alone."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from devmesh.bridge.dialing import KEY
from devmesh.bridge.remote import CREDENTIAL
from devmesh.mesh import Mesh
from devmesh.vocabulary.facts import AgentJoined, SessionOpened
from devmesh.vocabulary.requests import Join
from tests.jupyter.server.reverse import Proxied, reverse_proxy
from tests.jupyter.server.rig import Pairs, Served, asked, jupyter_server
from tests.jupyter.server.test_relay import OPTIONS, ask, told

pytestmark = pytest.mark.slow

BASE = "/user/someone/"


class Hub(NamedTuple):
    """The way in, and who is behind."""

    proxy: Proxied
    server: Served

    @property
    def own(self) -> Pairs:
        """Who has the token."""
        return [("Authorization", f"token {self.server.token}")]


@pytest.fixture(scope="module")
def hub(folder: Path, mesh: Mesh) -> Iterator[Hub]:
    """A server under a base, and the proxy before it."""
    del mesh
    with (
        jupyter_server(folder / "jupyter", folder / "home", base=BASE) as server,
        reverse_proxy(server.port, BASE) as proxy,
    ):
        yield Hub(proxy, server)


def test_the_interface_answers_below_the_base_and_nowhere_else(hub: Hub, mesh: Mesh) -> None:
    """With the token; without it 403, and at the root there is nothing."""
    port, path = hub.proxy.port, f"{BASE}devmesh/api/projects"
    answer = asked(port, "GET", path, hub.own)
    assert [one["id"] for one in answer.json] == [mesh.home.name]
    assert asked(port, "GET", path, []).status == 403
    assert asked(port, "GET", "/devmesh/api/projects", hub.own).status == 404
    assert hub.proxy.refused == ["/devmesh/api/projects"]


def test_pages_of_other_origins_are_refused_and_its_own_need_the_sign_of_xsrf(hub: Hub, mesh: Mesh) -> None:
    """What counts is the proxy's address, which is all that a page knows; the server's own port is another origin."""
    port, path = hub.proxy.port, f"{BASE}devmesh/api/projects/{mesh.home.name}/tasks"
    xsrf = "2|7586b241|47c876d965112a2f547c63c95cbc44b1|1402910163"
    cookie = [("Cookie", f"_xsrf={xsrf}"), *hub.own]

    def posted(*headers: tuple[str, str]) -> int:
        return asked(port, "POST", path, [*cookie, *headers], b'{"prompt": "through the proxy"}').status

    assert posted(("Origin", f"http://127.0.0.1:{port}"), ("X-XSRFToken", xsrf)) == 201
    login = asked(port, "GET", f"{BASE}devmesh/api/projects?token={hub.server.token}", [])
    assert login.status == 200
    session = login.headers["set-cookie"].split(";")[0]
    for origin, status in ((f"http://127.0.0.1:{port}", 403), ("http://evil.example", 404)):
        bare = [("Cookie", f"_xsrf={xsrf}; {session}"), ("Origin", origin)]
        assert asked(port, "POST", path, bare, b'{"prompt": "forged"}').status == status
    assert len(mesh.tasks) == 1


def test_an_agent_joins_through_the_proxy_with_a_credential_of_its_own(hub: Hub, mesh: Mesh) -> None:
    """The same two doors as without one; a page finds none."""
    url = f"ws://127.0.0.1:{hub.proxy.port}{BASE}devmesh/ws/{mesh.home.name}"

    async def enter(secret: str, **more: str) -> ClientConnection:
        headers = {"Authorization": f"token {hub.server.token}", CREDENTIAL: secret, KEY: secrets.token_urlsafe(32)}
        return await connect(url, additional_headers=headers | more, **OPTIONS)

    async def play() -> None:
        issued = await asyncio.to_thread(mesh.credentials.issue)
        socket = await enter(issued.secret)
        assert isinstance(await told(socket), SessionOpened)
        assert isinstance(await ask(socket, 1, Join(tool="outsider")), AgentJoined)
        await socket.close()
        for status, secret, more in (
            (401, "x" * 43, {}),
            (403, issued.secret, {"Authorization": "token wrong"}),
            (403, issued.secret, {"Origin": f"http://127.0.0.1:{hub.proxy.port}"}),
        ):
            with pytest.raises(InvalidStatus) as refused:
                await enter(secret, **more)
            assert refused.value.response.status_code == status

    asyncio.run(play())
