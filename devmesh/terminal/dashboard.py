"""`devmesh dashboard`: the dashboard alone in a browser, without a notebook. Voila serves a page that joins the mesh.

Knows how Voila is set up and ended; what is on the page is `mesh.dashboard()`. Loopback only, and only with the token.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from devmesh.errors import MeshError
from devmesh.terminal import exits
from devmesh.terminal.options import AsJson, Project
from devmesh.terminal.printing import put_json, say

if TYPE_CHECKING:
    from devmesh.address import Connection

_OPENING: Final = 60.0
"Seconds until the server must listen."
_ENDING: Final = 10.0
_HOST: Final = "127.0.0.1"
_ONLY_FROM_HERE: Final = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob: ws: wss:; frame-ancestors 'none'"
"What a page may load: nothing of another machine, also where Voila's own page asks a CDN for its icons."


def dashboard(
    project: Project = Path(),
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="The port; default: DEVMESH_DASHBOARD_PORT, or 7702, or any free one."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Show a project's dashboard in a browser, without a notebook. Ctrl-C ends it; the mesh goes on.

    The address it prints has the token in it: whoever has the address has the mesh.
    """
    from devmesh.address import find_connection
    from devmesh.settings import Settings

    if find_spec("voila") is None:
        raise MeshError("the dashboard needs Voila, which is not installed", hint="pip install 'devmesh[dashboard]'")
    settings = Settings.load()
    connection = find_connection(project.expanduser().resolve(), settings)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that Voila ends with us then, too
    token, chosen = secrets.token_urlsafe(32), _port(settings.dashboard_port if port is None else port)
    with tempfile.TemporaryDirectory(prefix="devmesh-dashboard-") as folder:
        prepare(Path(folder), connection, token, chosen)
        server = _start(Path(folder), Path(connection.home) / "dashboard.log")
        try:
            _wait_until_up(server, chosen, Path(connection.home) / "dashboard.log")
            url = f"http://{_HOST}:{chosen}/?token={token}"
            if as_json:
                put_json({"project": connection.project, "url": url, "pid": server.pid})
            else:
                say(f"The dashboard of {connection.project}: {url}\nCtrl-C ends it; the mesh goes on.")
            sys.stdout.flush()
            code = server.wait()
            raise MeshError(f"Voila ended with exit code {code}", hint=f"See {connection.home}/dashboard.log")
        except KeyboardInterrupt:
            return exits.DONE
        finally:
            _end(server)


def prepare(folder: Path, connection: Connection, token: str, port: int) -> None:
    """Write what Voila needs: the page, its own kernel of this very Python, and its settings with the token."""
    cell = (
        "import devmesh\n"
        f"mesh = devmesh.connect({connection.project!r}, home={str(Path(connection.home).parent)!r})\n"
        "mesh.dashboard()"
    )
    source: dict[str, Any] = {"id": "dashboard", "cell_type": "code", "metadata": {}, "outputs": [], "source": cell}
    notebook = {
        "cells": [source | {"execution_count": None}],
        "metadata": {"kernelspec": {"name": "devmesh", "display_name": "DevMesh", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    argv = [sys.executable, "-P", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    settings = {
        "Voila": {
            "ip": _HOST, "port": port, "port_retries": 0, "token": token, "open_browser": False,
            "tornado_settings": {"headers": {"Content-Security-Policy": _ONLY_FROM_HERE}},
        },
        "VoilaConfiguration": {"show_tracebacks": False, "strip_sources": True},
    }  # fmt: skip
    (folder / "kernels" / "devmesh").mkdir(parents=True)
    pages = {
        "DevMesh.ipynb": notebook,
        "voila.json": settings,
        "kernels/devmesh/kernel.json": {"argv": argv, "display_name": "DevMesh", "language": "python"},
    }
    for name, content in pages.items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(json.dumps(content), encoding="utf-8")


def _port(wanted: int) -> int:
    """The port if it is free, else any that is."""
    for port in (wanted, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((_HOST, port))
            return int(probe.getsockname()[1])
    raise MeshError("no port of this machine is free")


def _start(folder: Path, log: Path) -> subprocess.Popen[bytes]:
    package = Path(__file__).parents[2]
    places = (str(package), str(package / "widgets"), os.environ.get("PYTHONPATH", ""))
    found = os.environ.get("JUPYTER_PATH", "")
    surroundings = {
        "PYTHONPATH": os.pathsep.join(filter(None, places)),
        "JUPYTER_PATH": os.pathsep.join(filter(None, (str(folder), found))),
    }
    with log.open("ab") as words:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "voila", "DevMesh.ipynb"],
            cwd=folder, env=os.environ | surroundings, stdin=subprocess.DEVNULL, stdout=words, stderr=words,
            start_new_session=True,
        )  # fmt: skip


def _wait_until_up(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + _OPENING
    while time.monotonic() < end and server.poll() is None:
        with suppress(OSError), socket.create_connection((_HOST, port), timeout=1):
            return
        time.sleep(0.1)
    raise MeshError("the dashboard did not come up", hint=f"See {log}")


def _end(server: subprocess.Popen[bytes]) -> None:
    """End it with its kernels: in peace first."""
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGTERM)
    try:
        server.wait(_ENDING)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
