"""A bridge as on another machine: through a TLS proxy and the server's door, with two secrets of its own."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devmesh.mesh import Mesh
from tests.jupyter.server.reverse import Proxied, reverse_proxy
from tests.jupyter.server.rig import ROOT, Served, jupyter_server, self_signed
from tests.mesh.conftest import script

pytestmark = pytest.mark.slow

BASE = "/user/someone/"


@pytest.fixture(scope="module")
def authority(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    return self_signed(folder)


@pytest.fixture(scope="module")
def far(folder: Path, mesh: Mesh, authority: tuple[Path, Path]) -> Iterator[tuple[Proxied, Served]]:
    """A server below a base, and a proxy before it that speaks TLS."""
    del mesh
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority)
    with (
        jupyter_server(folder / "jupyter", folder / "home", base=BASE) as server,
        reverse_proxy(server.port, BASE, tls) as proxy,
    ):
        yield proxy, server


@contextmanager
def bridge(mesh: Mesh, url: str, folder: Path, token: str, secret: str, *more: str) -> Iterator[subprocess.Popen[str]]:
    """One of the scripted tool, with its secrets in files of its own."""
    for name, text in (("token", token), ("secret", secret)):
        (folder / name).touch(0o600)
        (folder / name).write_text(text)
    words = ["scripted", "--project", str(mesh.project), "--through", url]
    words += ["--token-file", str(folder / "token"), "--credential-file", str(folder / "secret"), *more]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DEVMESH_HOME": str(mesh.home.parent)}
    process = subprocess.Popen(
        [sys.executable, "-m", "devmesh.bridge", *words], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)


def refused(mesh: Mesh, url: str, folder: Path, token: str, secret: str, *more: str) -> str:
    """What a bridge says that ends at once."""
    with bridge(mesh, url, folder, token, secret, *more) as process:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 1
    assert token not in said
    assert secret not in said
    return said


def test_it_joins_and_its_work_lands(
    far: tuple[Proxied, Served], mesh: Mesh, tmp_path: Path, authority: tuple[Path, Path]
) -> None:
    """The conversation goes through the proxy; the change through the mesh's folder, which both can reach."""
    proxy, server = far
    path = f"{BASE}devmesh/ws/{mesh.home.name}"
    url = f"wss://localhost:{proxy.port}{path}"
    issued = mesh.credentials.issue("another machine")
    with bridge(mesh, url, tmp_path, server.token, issued.secret, "--ca-file", str(authority[0])):
        task = mesh.post(script("append notes.md", "| - from afar", "answer Done."))
        assert task.result(timeout=60).files == ("notes.md",)
        assert not (tmp_path / "secret").exists()
        assert (tmp_path / "token").exists()
    assert path in proxy.passed
    assert (mesh.project / "notes.md").read_text().endswith("- from afar\n")


def test_what_no_waiting_changes_is_said_at_once(
    far: tuple[Proxied, Served], mesh: Mesh, tmp_path: Path, authority: tuple[Path, Path]
) -> None:
    """A certificate of nobody known, a token or a credential that opens nothing, a mesh that is not there."""
    proxy, server = far
    door = f"wss://localhost:{proxy.port}{BASE}devmesh/ws/"
    url, trusted = f"{door}{mesh.home.name}", ("--ca-file", str(authority[0]))
    secret = mesh.credentials.issue("another machine").secret
    untrusted = refused(mesh, url, tmp_path, server.token, secret)
    assert "the certificate of localhost is not trusted" in untrusted
    assert "--ca-file" in untrusted
    assert "does not know this credential" in refused(mesh, url, tmp_path, server.token, "x" * 43, *trusted)
    assert "does not take this token" in refused(mesh, url, tmp_path, "wrong-token", secret, *trusted)
    assert "no mesh of this id runs there" in refused(mesh, f"{door}other", tmp_path, server.token, secret, *trusted)
    assert "holds no certificate" in refused(mesh, url, tmp_path, server.token, secret, "--ca-file", "/no/such.pem")


def test_without_the_meshs_folder_nothing_is_begun(
    far: tuple[Proxied, Served], mesh: Mesh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changes could not be handed over; the message says what to share."""
    proxy, server = far
    monkeypatch.setattr(type(mesh), "home", tmp_path / "elsewhere" / "shop")
    url = f"wss://localhost:{proxy.port}{BASE}devmesh/ws/any"
    assert "share the project and DEVMESH_HOME" in refused(mesh, url, tmp_path, server.token, "x" * 43)
