"""A real Jupyter Server with the extension, in a process of its own, and how it is asked."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from jupyter_server.auth import AllowAllAuthorizer, IdentityProvider
from jupyter_server.base.handlers import JupyterHandler
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from devmesh.jupyter.server.meshes import Meshes
from devmesh.mesh import Mesh
from devmesh.settings import Settings

ROOT = Path(__file__).parents[3]
PATIENCE = 40.0

Pairs = list[tuple[str, str]]


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


class Served(NamedTuple):
    """A server that runs."""

    port: int
    token: str
    home: Path

    def ask(self, method: str, path: str, *, body: Any = None, headers: Pairs | None = None) -> Answer:
        """One request by who has the token; or with exactly these headers."""
        given = [("Authorization", f"token {self.token}")] if headers is None else headers
        text = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        return asked(self.port, method, path, given, text)

    @property
    def websocket(self) -> str:
        """Where the relay is."""
        return f"ws://127.0.0.1:{self.port}/devmesh/ws"


def asked(port: int, method: str, path: str, headers: Pairs, body: bytes = b"") -> Answer:
    """One request with exactly these headers, and a Host of its own where none is among them."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    own_host = any(name == "Host" for name, _ in headers)
    try:
        connection.putrequest(method, path, skip_host=own_host, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if body or method in {"POST", "PUT"}:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


@contextmanager
def jupyter_server(
    folder: Path, home: Path, *, token: str | None = None, base: str = "/", more: tuple[str, ...] = ()
) -> Iterator[Served]:
    """Jupyter Server as a person starts it, or a hub below `base`, with every file of it below `folder`."""
    port, token = free_port(), secrets.token_hex(16) if token is None else token
    folder.mkdir(exist_ok=True)
    places = {f"JUPYTER_{name.upper()}_DIR": str(folder / name) for name in ("config", "data", "runtime")}
    environment = {
        **os.environ, **places,
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "widgets"))),
        "DEVMESH_HOME": str(home), "IPYTHONDIR": str(folder / "ipython"),
    }  # fmt: skip
    command = [
        sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
        "--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}", f"--IdentityProvider.token={token}",
        "--ServerApp.jpserver_extensions={'devmesh.jupyter.server': True}", f"--ServerApp.base_url={base}", *more,
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        _wait(server, port, base, token, folder / "log")
        yield Served(port, token, home)
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@asynccontextmanager
async def served_here(mesh: Mesh, path: str, handler: type[JupyterHandler], **given: Any) -> AsyncIterator[Served]:
    """One handler below `/devmesh/<path>/` in this very loop, behind the same door. It sends by small buffers."""
    meshes = Meshes(Settings(home=mesh.home.parent))
    token = secrets.token_hex(16)
    doors: dict[str, Any] = {
        "identity_provider": IdentityProvider(token=token),
        "authorizer": AllowAllAuthorizer(),
        "base_url": "/",
        "cookie_secret": secrets.token_bytes(32),
    }
    route = (rf"/devmesh/{path}/(?P<project>[^/]+)", handler, {"meshes": meshes, **given})
    server = HTTPServer(Application([route], **doors))
    (listening,) = bind_sockets(0, "127.0.0.1")
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    server.add_socket(listening)
    try:
        yield Served(listening.getsockname()[1], token, mesh.home)
    finally:
        server.stop()
        await server.close_all_connections()
        meshes.close()


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine that signs itself, and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait(server: subprocess.Popen[bytes], port: int, base: str, token: str, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.poll() is None:
        try:
            if asked(port, "GET", f"{base}api/status", [("Authorization", f"token {token}")]).status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"the server did not come up:\n{log.read_text()[-3000:]}")
