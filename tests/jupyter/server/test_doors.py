"""Eleven ways to come to a door, at every door there is: only the one with the right papers passes."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

import devmesh
from devmesh.address import read_connection
from devmesh.bridge.remote import CREDENTIAL
from devmesh.coordinator.guard import SECRET
from devmesh.errors import SettingError
from devmesh.mesh import Mesh
from devmesh.vocabulary.terms import Role
from tests.jupyter.server.rig import Pairs, Served, asked, jupyter_server
from tests.jupyter.server.test_standing import serve
from tests.mesh.conftest import project_at

pytestmark = pytest.mark.slow

UPGRADE: Pairs = [
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
]
KEY = (SECRET, "k" * 43)


class Door(NamedTuple):
    """One listener: how it is reached, and the papers it asks for."""

    dial: Callable[[], socket.socket]
    path: str
    host: str
    papers: Pairs
    "What a program with the right to come in brings."
    of_a_page: Pairs
    "What the person's browser would add to the request of any page: its cookies. A page knows no token."
    token: str
    also: Pairs
    passes: int


def knock(door: Door, headers: Pairs) -> int:
    """The status of a hand-made request; 0 where it was hung up on without one."""
    text = "".join(f"{name}: {value}\r\n" for name, value in [*headers, *door.also])
    with closing(door.dial()) as wire:
        wire.settimeout(20)
        wire.sendall(f"GET {door.path} HTTP/1.1\r\n{text}\r\n".encode())
        line = wire.makefile("rb").readline().split()
        return int(line[1]) if len(line) > 1 else 0


def changed(papers: Pairs, old: str, new: str) -> Pairs:
    """The same papers with another text in their place."""
    return [(name, value.replace(old, new)) for name, value in papers]


CASES: dict[str, Callable[[Door], Pairs]] = {
    "the right papers": lambda door: [("Host", door.host), *door.papers],
    "a page of another origin": lambda door: [
        ("Host", door.host),
        *door.of_a_page,
        ("Origin", "https://evil.example"),
    ],
    "a page without an origin": lambda door: [("Host", door.host), *door.of_a_page, ("Origin", "null")],
    "a page whose origin begins like ours": lambda door: [
        ("Host", door.host),
        *door.of_a_page,
        ("Origin", f"http://{door.host}.evil.example"),
    ],
    "two origins": lambda door: [
        ("Host", door.host),
        *door.of_a_page,
        ("Origin", f"http://{door.host}"),
        ("Origin", "https://evil.example"),
    ],
    "a rebound name": lambda door: [("Host", "evil.example:80"), *door.of_a_page, ("Origin", "http://evil.example:80")],
    "a name that begins like loopback": lambda door: [("Host", "127.0.0.1.evil.example"), *door.papers],
    "two hosts": lambda door: [("Host", door.host), ("Host", "evil.example"), *door.papers],
    "no token": lambda door: [("Host", door.host)],
    "a wrong token": lambda door: [("Host", door.host), *changed(door.papers, door.token, "x" * len(door.token))],
    "the beginning of the token": lambda door: [
        ("Host", door.host),
        *changed(door.papers, door.token, door.token[:-1]),
    ],
}


@pytest.fixture(scope="module")
def doors(folder: Path, mesh: Mesh, served: Served) -> Iterator[dict[str, Door]]:
    """Every listener of ours."""
    tcp = read_connection(mesh.home)
    jupyter = [("Authorization", f"token {served.token}")]
    cookies = cookie(served)
    outside = [(CREDENTIAL, mesh.credentials.issue().secret), KEY]
    local, name = f"127.0.0.1:{served.port}", mesh.home.name
    unix_mesh = devmesh.start(project_at(folder / "by-file"), ws_transport="unix", home=folder / "home")
    file = read_connection(unix_mesh.home)
    (folder / "alone").mkdir()
    with unix_mesh, serve(folder / "alone", DEVMESH_HTTP_PORT="0") as (_, said):
        port = int(said["http"].rpartition(":")[2].partition("/")[0])
        alone = Path(said["http_token_file"]).read_text().strip()
        mine = [("Authorization", f"token {alone}")]
        theirs = cookie(Served(port, alone, folder))
        yield {
            "the coordinator's port": _coordinator(lambda: _tcp(tcp.port), f"127.0.0.1:{tcp.port}", tcp.tokens),
            "the coordinator's file": _coordinator(lambda: _unix(file.socket), "localhost", file.tokens),
            "the relay": Door(
                lambda: _tcp(served.port),
                f"/devmesh/ws/{name}",
                local,
                jupyter,
                cookies,
                served.token,
                [*outside, *UPGRADE],
                101,
            ),
            "the interface": Door(
                lambda: _tcp(served.port),
                f"/devmesh/api/projects/{name}/tasks",
                local,
                jupyter,
                cookies,
                served.token,
                [],
                200,
            ),
            "the events": Door(
                lambda: _tcp(served.port), f"/devmesh/events/{name}", local, jupyter, cookies, served.token, [], 200
            ),
            "the interface by itself": Door(
                lambda: _tcp(port), "/devmesh/api/projects", f"127.0.0.1:{port}", mine, theirs, alone, [], 200
            ),
        }


DOORS = (
    "the coordinator's port",
    "the coordinator's file",
    "the relay",
    "the interface",
    "the events",
    "the interface by itself",
)


def _coordinator(dial: Callable[[], socket.socket], host: str, tokens: dict[Role, str]) -> Door:
    """Where there are no cookies, the worst case stands in: a page that knows the token."""
    papers = [("Authorization", f"Bearer {tokens[Role.AGENT]}")]
    return Door(dial, "/", host, papers, papers, tokens[Role.AGENT], [KEY, *UPGRADE], 101)


def _tcp(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port))


def _unix(path: str) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.connect(path)
    return made


def cookie(served: Served) -> Pairs:
    """What a browser has once the person is logged in."""
    answer = asked(served.port, "GET", f"/devmesh/api/health?token={served.token}", [])
    assert answer.status == 200
    return [("Cookie", answer.headers["set-cookie"].partition(";")[0])]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("case", CASES)
def test_only_the_right_papers_pass(case: str, door: str, doors: dict[str, Door]) -> None:
    """Anything else gets an error, or no answer at all; never an upgrade, never a word of the mesh."""
    status = knock(doors[door], CASES[case](doors[door]))
    if case == "the right papers":
        assert status == doors[door].passes
    else:
        assert status in {0, 400, 401, 403, 404, 429}, (case, door, status)


def test_a_cookie_is_what_makes_the_pages_of_the_table_worth_refusing(doors: dict[str, Door]) -> None:
    """The same cookie from a page of the server's own passes: the table refuses by origin, not for want of papers."""
    for name in ("the interface", "the events", "the interface by itself"):
        door = doors[name]
        own = [("Host", door.host), *door.of_a_page, ("Origin", f"http://{door.host}")]
        assert knock(door, own) == door.passes, name


def test_a_cookie_alone_changes_nothing(served: Served, mesh: Mesh, where: str) -> None:
    """A form of another page can send cookies: without Jupyter's XSRF token it is refused, and no task is posted."""
    before = len(mesh.tasks)
    own = ("Origin", f"http://127.0.0.1:{served.port}")
    for origin in ([], [own], [("Origin", "null")]):
        answer = served.ask("POST", f"{where}/tasks", body={"prompt": "x"}, headers=[*cookie(served), *origin])
        assert answer.status in {403, 404}
    assert len(mesh.tasks) == before


def test_attempts_at_the_relay_are_slowed_down(folder: Path, served: Served, mesh: Mesh) -> None:
    """Who guesses credentials is told to wait after a few; who has one is let in all the while."""
    local, name = f"127.0.0.1:{served.port}", mesh.home.name
    papers = [("Authorization", f"token {served.token}")]

    def door(secret: str) -> Door:
        also = [(CREDENTIAL, secret), KEY, *UPGRADE]
        return Door(lambda: _tcp(served.port), f"/devmesh/ws/{name}", local, papers, [], "", also, 101)

    good = mesh.credentials.issue().secret
    found = [knock(door("x" * 43), [("Host", local), *papers]) for _ in range(12)]
    assert set(found) <= {401, 429}
    assert found[-1] == 429
    assert knock(door(good), [("Host", local), *papers]) == 101


def test_a_jupyter_that_asks_nobody_who_they_are_serves_nothing_of_ours(folder: Path, mesh: Mesh) -> None:
    """An empty token turns its door into a hole; ours is then not there at all."""
    with jupyter_server(folder / "open", folder / "home", token="") as server:
        for path in ("/devmesh/api/health", f"/devmesh/events/{mesh.home.name}", f"/devmesh/ws/{mesh.home.name}"):
            assert asked(server.port, "GET", path, []).status == 404
        assert SettingError.__name__ in (folder / "open" / "log").read_text()


def test_jupyters_own_authorizer_decides_who_may_what(folder: Path, mesh: Mesh, where: str) -> None:
    """Where it lets a user read only, tasks are seen and not posted, and no credential is listed, issued or relayed."""
    more = ("--ServerApp.authorizer_class=tests.jupyter.server.read_only.ReadOnly",)
    secret = mesh.credentials.issue().secret
    before = len(mesh.tasks)
    with jupyter_server(folder / "read-only", folder / "home", more=more) as server:
        assert server.ask("GET", f"{where}/tasks").status == 200
        assert server.ask("POST", f"{where}/tasks", body={"prompt": "x"}).status == 403
        assert server.ask("GET", f"{where}/credentials").status == 403
        assert server.ask("POST", f"{where}/credentials", body={}).status == 403
        assert server.ask("DELETE", f"{where}/credentials/1").status == 403
        papers = [("Authorization", f"token {server.token}")]
        also = [(CREDENTIAL, secret), KEY, *UPGRADE]
        local = f"127.0.0.1:{server.port}"
        door = Door(lambda: _tcp(server.port), f"/devmesh/ws/{mesh.home.name}", local, papers, [], "", also, 101)
        assert knock(door, [("Host", local), *papers]) == 403
    assert len(mesh.tasks) == before
