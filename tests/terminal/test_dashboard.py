"""What `devmesh dashboard` prepares: a page that joins this mesh, a kernel of this Python, a token for its owner."""

from __future__ import annotations

import ast
import json
import socket
import stat
import sys
from pathlib import Path

import pytest

from devmesh.address import Connection
from devmesh.errors import NoMesh
from devmesh.terminal.dashboard import _port, dashboard, prepare


def test_a_page_is_prepared_for_the_person_alone(tmp_path: Path) -> None:
    """The page connects to the project, whatever its name; files with the token are readable by their owner only."""
    project, home = tmp_path / 'it\'s "here"', tmp_path / "state" / "shop"
    connection = Connection(
        project=str(project), home=str(home), url="ws://127.0.0.1:1", port=1, pid=1, pid_create_time=0.0, epoch=1,
        version="0", tokens={},
    )  # fmt: skip
    prepare(tmp_path, connection, "sesame", 4321)
    (cell,) = json.loads((tmp_path / "DevMesh.ipynb").read_text())["cells"]
    strings = [node.value for node in ast.walk(ast.parse(cell["source"])) if isinstance(node, ast.Constant)]
    assert strings == [str(project), str(home.parent)]
    settings = json.loads((tmp_path / "voila.json").read_text())["Voila"]
    assert (settings["ip"], settings["port"], settings["token"]) == ("127.0.0.1", 4321, "sesame")
    kernel = json.loads((tmp_path / "kernels" / "devmesh" / "kernel.json").read_text())
    assert kernel["argv"][0] == sys.executable
    assert stat.S_IMODE((tmp_path / "voila.json").stat().st_mode) == 0o600


def test_a_port_in_use_gives_way_to_any_other() -> None:
    """Two dashboards need not agree."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert _port(port) not in {0, port}


def test_without_a_mesh_there_is_no_dashboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so at once, before any server."""
    monkeypatch.setenv("DEVMESH_HOME", str(tmp_path / "home"))
    with pytest.raises(NoMesh):
        dashboard(tmp_path)
