"""A real browser, and pages that try to get in: of another origin, of none, by a name that was made to lead here."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

import devmesh
from devmesh.address import Connection, read_connection
from devmesh.mesh import Mesh
from devmesh.vocabulary.terms import Role
from tests.browser.chromium import LAUNCH, MISSING, PROGRAM
from tests.jupyter.server.rig import Served, jupyter_server
from tests.mesh.conftest import project_at

pytestmark = pytest.mark.browser

TRY = """async ([urls, subprotocols]) => {
  const open = (url) => new Promise((done) => {
    let said = [];
    let socket;
    try { socket = new WebSocket(url, subprotocols); } catch (wrong) { done({opened: false, said}); return; }
    socket.onopen = () => { said.push('open'); };
    socket.onmessage = (event) => { said.push(String(event.data).slice(0, 100)); };
    socket.onclose = (event) => done({opened: said.length > 0, said, code: event.code});
    setTimeout(() => done({opened: said.length > 0, said, code: 'waited'}), 8000);
  });
  return Promise.all(urls.map(open));
}"""

READ = """async ([url, options]) => {
  try {
    const answer = await fetch(url, options);
    return {status: answer.status, type: answer.type, text: (await answer.text()).slice(0, 200)};
  } catch (wrong) { return {status: 0, type: 'error', text: ''}; }
}"""


class Scene(NamedTuple):
    """A mesh, a Jupyter Server whose person is logged in, and a page of somebody else."""

    mesh: Mesh
    connection: Connection
    served: Served
    page: Page
    where: str


class _Evil(http.server.BaseHTTPRequestHandler):
    """Serves one page, whatever the name it is asked by."""

    def do_GET(self) -> None:
        body = b"<!doctype html><title>evil</title><body>hello"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def evil() -> Iterator[int]:
    """The port of a web server that is not ours."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Evil)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Mesh, Served, BrowserContext]]:
    """A mesh and a Jupyter Server, and a browser in which the person is logged in to it."""
    if PROGRAM is None:
        pytest.skip(MISSING)
    folder = tmp_path_factory.mktemp("doors")
    with (
        devmesh.start(project_at(folder / "project"), ws_port=0, home=folder / "home") as mesh,
        jupyter_server(folder / "jupyter", folder / "home") as served,
        sync_playwright() as playwright,
    ):
        # the made-up names lead here, as a rebinding name server would have it
        rules = "--host-resolver-rules=MAP evil.test 127.0.0.1,MAP rebind.test 127.0.0.1"
        browser: Browser = playwright.chromium.launch(**{**LAUNCH, "args": [*LAUNCH["args"], rules]})
        context = browser.new_context()
        login = context.new_page()
        answer = login.goto(f"http://127.0.0.1:{served.port}/devmesh/api/health?token={served.token}")
        assert answer is not None
        assert answer.status == 200
        assert context.cookies(), "the person is logged in"
        login.close()
        yield mesh, served, context
        browser.close()


def sockets(mesh: Mesh, served: Served, host: str) -> list[str]:
    """Where a page could try to open one."""
    connection = read_connection(mesh.home)
    return [
        f"ws://{host}:{connection.port}/",
        f"ws://{host}:{served.port}/devmesh/ws/{mesh.home.name}",
    ]


def attempts(page: Page, urls: list[str], subprotocols: list[str] | None = None) -> list[dict[str, Any]]:
    """What came of opening each."""
    found: list[dict[str, Any]] = page.evaluate(TRY, [urls, subprotocols or []])
    return found


def test_a_page_of_another_origin_opens_no_socket_and_reads_nothing(
    scene: tuple[Mesh, Served, BrowserContext], evil: int
) -> None:
    """With the person's cookies, and even with the coordinator's token where a page can put one."""
    mesh, served, context = scene
    page = context.new_page()
    page.goto(f"http://evil.test:{evil}/")
    token = read_connection(mesh.home).tokens[Role.OPERATOR]
    for host in ("127.0.0.1", "localhost"):
        for subprotocols in (None, [f"bearer.{token}"]):
            assert not [one for one in attempts(page, sockets(mesh, served, host), subprotocols) if one["opened"]]
        for path in ("health", f"projects/{mesh.home.name}/tasks"):
            url = f"http://{host}:{served.port}/devmesh/api/{path}"
            for options in ({"credentials": "include"}, {"mode": "no-cors", "credentials": "include"}):
                found = page.evaluate(READ, [url, options])
                assert found["text"] == "", (url, options)
    page.close()


def test_a_page_of_another_origin_posts_nothing(scene: tuple[Mesh, Served, BrowserContext], evil: int) -> None:
    """Neither by a script that may not read the answer, nor by a form."""
    mesh, served, context = scene
    before = len(mesh.tasks)
    page = context.new_page()
    page.goto(f"http://evil.test:{evil}/")
    url = f"http://127.0.0.1:{served.port}/devmesh/api/projects/{mesh.home.name}/tasks"
    body = json.dumps({"prompt": "evil"})
    options = {"method": "POST", "mode": "no-cors", "credentials": "include", "body": body}
    page.evaluate(READ, [url, options])
    page.set_content(
        f"<form method=post action='{url}' enctype='text/plain'><input name='{body[:-1]},&quot;title&quot;:&quot;' "
        "value='&quot;}'></form>"
    )
    with page.expect_navigation():
        page.evaluate("() => document.forms[0].submit()")
    assert len(mesh.tasks) == before
    page.close()


def test_a_page_without_an_origin_opens_no_socket(scene: tuple[Mesh, Served, BrowserContext], evil: int) -> None:
    """A sandboxed frame and a `data:` page say `Origin: null`."""
    mesh, served, context = scene
    page = context.new_page()
    page.goto(f"http://evil.test:{evil}/")
    page.set_content("<iframe sandbox='allow-scripts' srcdoc='<p>hello'></iframe>")
    frame = page.frames[-1]
    assert frame.evaluate("() => origin") == "null"
    urls = sockets(mesh, served, "127.0.0.1")
    assert not [one for one in frame.evaluate(TRY, [urls, []]) if one["opened"]]
    page.goto("data:text/html,<p>hello")
    assert not [one for one in attempts(page, urls) if one["opened"]]
    page.close()


def test_a_name_that_was_rebound_to_this_machine_opens_nothing(
    scene: tuple[Mesh, Served, BrowserContext],
) -> None:
    """The page's own name leads to our ports, so nothing is cross-origin to the browser: the Host gives it away."""
    mesh, served, context = scene
    page = context.new_page()
    for port in (served.port, read_connection(mesh.home).port):
        answer = page.goto(f"http://rebind.test:{port}/devmesh/api/health?token={served.token}")
        assert answer is not None
        assert answer.status in {403, 426, 400}, port
        assert not [one for one in attempts(page, sockets(mesh, served, "rebind.test")) if one["opened"]]
        found = page.evaluate(READ, [f"http://rebind.test:{port}/devmesh/api/projects", {"credentials": "include"}])
        assert str(mesh.project) not in found["text"]
    page.close()


def test_not_even_the_servers_own_pages_open_a_socket(scene: tuple[Mesh, Served, BrowserContext]) -> None:
    """What an agent wrote may be shown on them; they speak through the kernel or the interface, never to these."""
    mesh, served, context = scene
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{served.port}/no-such-page")
    assert not [one for one in attempts(page, sockets(mesh, served, "127.0.0.1")) if one["opened"]]
    own = page.evaluate(READ, ["/devmesh/api/projects", {}])
    assert own["status"] == 200, "the same page does read the interface, as the person"
    page.close()
