"""A mesh, and a Jupyter Server beside it: one of each for all tests of a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import devmesh
from devmesh.mesh import Mesh
from tests.jupyter.server.rig import Served, jupyter_server
from tests.mesh.conftest import project_at


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all of it lives."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def mesh(folder: Path) -> Iterator[Mesh]:
    """A mesh without agents."""
    with devmesh.start(project_at(folder / "project"), ws_port=0, home=folder / "home") as started:
        yield started


@pytest.fixture(scope="module")
def other(folder: Path) -> Iterator[Mesh]:
    """A second mesh of the same person."""
    with devmesh.start(project_at(folder / "other"), ws_port=0, home=folder / "home") as started:
        yield started


@pytest.fixture(scope="module")
def served(folder: Path, mesh: Mesh) -> Iterator[Served]:
    """The server; nothing of it failed unseen meanwhile."""
    with jupyter_server(folder / "jupyter", folder / "home") as server:
        yield server
    assert "Traceback" not in (folder / "jupyter" / "log").read_text()


@pytest.fixture(scope="module")
def where(mesh: Mesh) -> str:
    """The path of that mesh in the interface."""
    return f"/devmesh/api/projects/{mesh.home.name}"
