"""A notebook that a Jupyter has open is not written behind it; everything else about other servers is harmless."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import Request, urlopen

import pytest

from devmesh.coordinator.open_notebooks import open_in_jupyter
from devmesh.coordinator.tree import WriteGate
from devmesh.core.effects import ApplyChange
from tests.coordinator.changing import make
from tests.repository.test_notebooks import BASE, A, B, C, code, notebook

TOKEN = "a" * 48


class Sessions(BaseHTTPRequestHandler):
    """What the sessions of a Jupyter server answer."""

    answer: bytes = b"[]"
    status = 200

    def do_GET(self) -> None:
        """Only with the token."""
        good = self.headers["Authorization"] == f"token {TOKEN}" and self.path == "/base/api/sessions"
        self.send_response(self.status if good else 403)
        self.end_headers()
        self.wfile.write(self.answer if good else b"{}")

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Jupyter's runtime folder."""
    folder = tmp_path / "runtime"
    folder.mkdir()
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(folder))
    return folder


@pytest.fixture
def port() -> Iterator[int]:
    """Of a server that answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Sessions) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def describe(runtime: Path, port: int, root: Path, **other: object) -> None:
    """The file by which a server is found."""
    described = {
        "url": f"http://localhost:{port}/base/", "pid": os.getpid(), "token": TOKEN, "root_dir": str(root)
    }  # fmt: skip
    path = runtime / "jpserver-1.json"
    path.write_text(json.dumps(described | other))
    path.chmod(0o600)


def sessions(monkeypatch: pytest.MonkeyPatch, *paths: str, status: int = 200, raw: bytes | None = None) -> None:
    """What is open."""
    body = json.dumps([{"path": path, "type": "notebook"} for path in paths]).encode()
    monkeypatch.setattr(Sessions, "answer", body if raw is None else raw)
    monkeypatch.setattr(Sessions, "status", status)


def test_an_open_notebook_is_found(runtime: Path, port: int, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative to the server's own folder, through links, and for one that others edit as well."""
    (project / "linked").symlink_to(project / "src")
    describe(runtime, port, project.parent)
    sessions(monkeypatch, f"{project.name}/a.ipynb", f"RTC:{project.name}/src/b.ipynb", "elsewhere/c.ipynb")
    found = open_in_jupyter(project, ["a.ipynb", "linked/b.ipynb", "c.ipynb", "a.txt"])
    assert found == dict.fromkeys(("a.ipynb", "linked/b.ipynb"), f"http://localhost:{port}/base/")


@pytest.mark.parametrize(
    "other",
    [
        {"pid": 2**22 + 7}, {"pid": "x"}, {"token": "wrong"}, {"url": "http://example.org:1/"}, {"url": "http://127.0.0.1:1/"},
        {"url": "https://localhost:1/"}, {"url": 5}, {"root_dir": None},
    ],
)  # fmt: skip
def test_a_server_that_is_gone_or_strange_has_nothing_open(
    runtime: Path, port: int, project: Path, monkeypatch: pytest.MonkeyPatch, other: dict[str, object]
) -> None:
    """And no token goes to another machine."""
    describe(runtime, port, project, **other)
    sessions(monkeypatch, "a.ipynb")
    assert open_in_jupyter(project, ["a.ipynb"]) == {}


@pytest.mark.parametrize("raw", [b"", b"no JSON", b"7", b"[7]", b'[{"path": null}]', b'{"path": "a.ipynb"}', b"[[]]"])
def test_whatever_a_server_answers(
    runtime: Path, port: int, project: Path, monkeypatch: pytest.MonkeyPatch, raw: bytes
) -> None:
    """Nothing breaks."""
    describe(runtime, port, project)
    sessions(monkeypatch, raw=raw)
    assert open_in_jupyter(project, ["a.ipynb"]) == {}


def test_a_description_that_others_may_write_is_not_believed(
    runtime: Path, port: int, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It might name anything."""
    describe(runtime, port, project)
    sessions(monkeypatch, "a.ipynb")
    (runtime / "jpserver-1.json").chmod(0o666)
    assert open_in_jupyter(project, ["a.ipynb"]) == {}


def test_a_change_to_an_open_notebook_comes_back(
    gate: WriteGate, runtime: Path, port: int, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it is prepared, and when it was opened only after that; closed again, it lands."""
    (project / "nb.ipynb").write_bytes(BASE)
    made = make(gate.repository, lambda place: (place / "nb.ipynb").write_bytes(notebook(A, B, C, code("d", "new"))))
    describe(runtime, port, project)
    sessions(monkeypatch, "nb.ipynb")
    (conflict,) = gate.prepare(made.to_prepare()).conflicts
    assert "it is open in Jupyter at http://localhost" in conflict.reason
    sessions(monkeypatch)
    prepared = gate.prepare(made.to_prepare())
    sessions(monkeypatch, "nb.ipynb")
    assert gate.apply(ApplyChange(change=1, plan=prepared.plan)).moved == ("nb.ipynb",)
    assert (project / "nb.ipynb").read_bytes() == BASE
    sessions(monkeypatch)
    assert gate.apply(ApplyChange(change=1, plan=prepared.plan)).moved == ()
    assert b'"new"' in (project / "nb.ipynb").read_bytes()


def test_two_agents_and_a_person_in_one_notebook(gate: WriteGate, runtime: Path, project: Path) -> None:
    """Each changes another cell: everybody's is there, and it is a notebook."""
    (project / "nb.ipynb").write_bytes(BASE)
    one = make(gate.repository, lambda place: (place / "nb.ipynb").write_bytes(notebook(A, B, C, code("d", "one"))))
    two = make(gate.repository, lambda place: (place / "nb.ipynb").write_bytes(notebook(code("e", "two"), A, B, C)))
    (project / "nb.ipynb").write_bytes(notebook({**A, "source": "person"}, B, C))
    for number, made in enumerate((one, two), start=1):
        prepared = gate.prepare(made.to_prepare(number=number))
        assert not prepared.conflicts
        assert gate.apply(ApplyChange(change=number, plan=prepared.plan)).moved == ()
    cells = json.loads((project / "nb.ipynb").read_text())["cells"]
    assert [(cell["id"], cell["source"]) for cell in cells] == [
        ("e", ["two"]), ("a", ["person"]), ("b", [B["source"]]), ("c", [C["source"]]), ("d", ["one"])
    ]  # fmt: skip
    del runtime


@pytest.mark.slow
def test_a_real_jupyter_server(gate: WriteGate, runtime: Path, project: Path, tmp_path: Path) -> None:
    """One that runs a kernel for the notebook is seen, and no longer once the kernel is shut down."""
    (project / "nb.ipynb").write_bytes(BASE)
    made = make(gate.repository, lambda place: (place / "nb.ipynb").write_bytes(notebook(A, B)))
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(tmp_path / "config"), "HOME": str(tmp_path)}
    command = [
        sys.executable, "-m", "jupyter_server", "--ServerApp.open_browser=False", "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port=0", f"--ServerApp.root_dir={project}", "--allow-root",
    ]  # fmt: skip
    with (tmp_path / "jupyter.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        described = _described(runtime, server)
        session = _call(described, "POST", {"path": "nb.ipynb", "type": "notebook", "name": "", "kernel": {}})
        (conflict,) = gate.prepare(made.to_prepare()).conflicts
        assert "open in Jupyter" in conflict.reason
        _call(described, "DELETE", None, f"/{session['id']}")
        assert gate.prepare(made.to_prepare()).conflicts == ()
    finally:
        server.terminate()
        server.wait(20)


def _described(runtime: Path, server: subprocess.Popen[bytes]) -> dict[str, Any]:
    until = time.monotonic() + 40
    while time.monotonic() < until and server.poll() is None:
        for path in runtime.glob("jpserver-*.json"):
            if text := path.read_text():
                described: dict[str, Any] = json.loads(text)
                return described
        time.sleep(0.1)
    raise AssertionError("the server did not start")


def _call(described: dict[str, Any], method: str, body: Any, more: str = "") -> Any:
    """Its answer."""
    until = time.monotonic() + 20
    while True:
        try:
            headers = {"Authorization": f"token {described['token']}", "Content-Type": "application/json"}
            content = None if body is None else json.dumps(body).encode()
            request = Request(f"{described['url']}api/sessions{more}", content, headers, method=method)  # noqa: S310
            with urlopen(request, timeout=20) as answer:  # noqa: S310 - our own server
                return json.loads(answer.read() or b"null")
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
