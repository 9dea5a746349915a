"""`devmesh serve --http`: the same interface without JupyterLab, and where it must not listen."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from devmesh.address import read_connection
from devmesh.errors import SettingError
from devmesh.jupyter.server.standing import refuse_open_door
from devmesh.vocabulary.facts import DiscoveryShared
from devmesh.vocabulary.plain import REDACTED
from devmesh.vocabulary.requests import ShareDiscovery
from tests.coordinator.rig import Client
from tests.jupyter.server.rig import ROOT, asked, free_port, self_signed
from tests.mesh.conftest import project_at

PEM = Path("x.pem")

DOORS: dict[str, tuple[str, Path | None, Path | None, str, bool]] = {
    "loopback": ("127.0.0.1", None, None, "t", True),
    "loopback by name": ("localhost", None, None, "t", True),
    "loopback of the newer kind": ("::1", None, None, "t", True),
    "loopback without a token": ("127.0.0.1", None, None, "", False),
    "everybody": ("0.0.0.0", None, None, "t", False),  # noqa: S104 - refused
    "everybody, the newer kind": ("::", None, None, "t", False),
    "an address of the network": ("192.0.2.1", None, None, "t", False),
    "a name": ("example.org", None, None, "t", False),
    "no address": ("", None, None, "t", False),
    "a name that begins like loopback": ("127.0.0.1.example.org", None, None, "t", False),
    "everybody with a certificate": ("0.0.0.0", PEM, PEM, "t", True),  # noqa: S104 - with TLS
    "everybody with a certificate and no token": ("0.0.0.0", PEM, PEM, "", False),  # noqa: S104 - refused
    "a certificate without its key": ("127.0.0.1", PEM, None, "t", False),
}


@pytest.mark.parametrize("case", DOORS)
def test_only_a_closed_door_is_opened(case: str) -> None:
    """Beyond loopback a token and TLS are both needed; anything less is an error, not a warning."""
    *arguments, passes = DOORS[case]
    if passes:
        refuse_open_door(*arguments)  # type: ignore[arg-type]
    else:
        with pytest.raises(SettingError):
            refuse_open_door(*arguments)  # type: ignore[arg-type]


@contextmanager
def serve(tmp_path: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """`devmesh serve --json` in a process of its own, and its first line."""
    project = tmp_path / "project"
    if not project.exists():
        project_at(project)
    paths = os.pathsep.join((str(ROOT), str(ROOT / "widgets")))
    process = subprocess.Popen(
        [sys.executable, "-m", "devmesh.terminal", "serve", "--project", str(project), "--port", "0", "--json"],
        env={**os.environ, "PYTHONPATH": paths, "DEVMESH_HOME": str(tmp_path / "home"), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        yield process, json.loads(line) if line else {}
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


@pytest.mark.slow
def test_serve_offers_the_interface_with_a_token_in_a_file_and_nothing_else(tmp_path: Path) -> None:
    """The token is in no argv and no line; kernels, files and terminals are not served; it all ends together."""
    port = free_port()
    with serve(tmp_path, DEVMESH_HTTP_PORT=str(port)) as (process, said):
        file = Path(said["http_token_file"])
        assert file.stat().st_mode & 0o777 == 0o600
        token = file.read_text().strip()
        assert token not in json.dumps(said)
        children = psutil.Process(process.pid).children(recursive=True)
        assert token not in " ".join(word for child in children for word in child.cmdline())
        mine = [("Authorization", f"token {token}")]
        projects = asked(port, "GET", "/devmesh/api/projects", mine).json
        assert [one["project"] for one in projects] == [said["project"]]
        where = f"/devmesh/api/projects/{projects[0]['id']}"
        assert asked(port, "POST", f"{where}/tasks", mine, b'{"prompt": "x"}').status == 201
        assert asked(port, "GET", f"{where}/tasks", []).status == 403
        for other in ("contents", "kernels", "sessions", "terminals", "kernelspecs", "config/notebook", "status"):
            assert asked(port, "GET", f"/api/{other}", mine).status == 404, other
        assert asked(port, "GET", "/files/secret", mine).status == 404
        for path in ("api/projects/none-0", "api/projects?x=1", "events/none-0", "ws/none-0", "nowhere"):
            assert asked(port, "GET", f"/devmesh/{path}{'&' if '?' in path else '?'}token={token}", []).status >= 400
        written = [one for one in file.parent.rglob("http*") if one.is_file()]
        written += [one for one in (file.parent / "http").rglob("*") if one.is_file()]
        assert {one.stat().st_mode & 0o077 for one in written} == {0}
        assert token.encode() not in (file.parent / "http.log").read_bytes()
    assert not file.exists()
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.slow
def test_an_agent_that_reads_its_token_can_tell_nobody(tmp_path: Path) -> None:
    """It is removed from whatever an agent says, before anybody hears of it and before it is kept."""
    with serve(tmp_path, DEVMESH_HTTP_PORT="0") as (_, said):
        home = Path(said["http_token_file"]).parent
        token = Path(said["http_token_file"]).read_text().strip()
        assert asyncio.run(shared_by_an_agent(home, f"look: {token}")) == f"look: {REDACTED}"
        kept = b"".join(one.read_bytes() for one in home.glob("audit*"))
    assert b"look: " in kept
    assert token.encode() not in kept


async def shared_by_an_agent(home: Path, text: str) -> str:
    """What others are told of it."""
    async with await Client.connect(read_connection(home)) as agent:
        await agent.join("leaky")
        (shared,) = await agent.ask(ShareDiscovery(title="t", text=text))
        assert isinstance(shared, DiscoveryShared)
        return shared.text


@pytest.mark.slow
def test_it_ends_when_the_coordinator_is_killed(tmp_path: Path) -> None:
    """By any signal: the pipe between them ends."""
    with serve(tmp_path, DEVMESH_HTTP_PORT="0") as (process, said):
        assert said["http"]
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        _, alive = psutil.wait_procs(children, timeout=10)
        assert not alive


@pytest.mark.slow
def test_serve_does_not_start_where_others_could_reach_it(tmp_path: Path) -> None:
    """Exit code 2, with the variable's name; and nothing listened meanwhile."""
    everybody = {"DEVMESH_HTTP_HOST": "0.0.0.0", "DEVMESH_HTTP_PORT": str(free_port())}  # noqa: S104 - refused
    with serve(tmp_path, **everybody) as (process, said):
        assert "DEVMESH_HTTP_HOST" in json.dumps(said)
        assert process.wait(20) == 2


@pytest.mark.slow
def test_with_a_certificate_it_speaks_tls(tmp_path: Path) -> None:
    """And nothing in the clear."""
    certificate, key = self_signed(tmp_path)
    port = free_port()
    settings = {"DEVMESH_HTTP_CERTIFICATE": str(certificate), "DEVMESH_HTTP_KEY": str(key)}
    with serve(tmp_path, DEVMESH_HTTP_PORT=str(port), **settings) as (_, said):
        assert said["http"].startswith("https://")
        token = Path(said["http_token_file"]).read_text().strip()
        request = urllib.request.Request(f"{said['http']}/health", headers={"Authorization": f"token {token}"})  # noqa: S310
        context = ssl.create_default_context(cafile=str(certificate))
        end = time.monotonic() + 10
        with urllib.request.urlopen(request, context=context, timeout=10) as answer:  # noqa: S310 - loopback
            assert json.load(answer)["status"] == "ok"
        assert time.monotonic() < end
        with pytest.raises((OSError, ValueError, Exception)):
            asked(port, "GET", "/devmesh/api/health", [("Authorization", f"token {token}")])
