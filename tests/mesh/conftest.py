"""Meshes to try things on: a real coordinator on a thread of its own, in folders that go away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import devmesh
from devmesh.mesh import Mesh


def project_at(folder: Path) -> Path:
    """A very small project."""
    folder.mkdir()
    (folder / "greeting.py").write_text('def greet() -> str:\n    return "hello"\n')
    (folder / "notes.md").write_text("# Notes\n")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A very small project."""
    return project_at(tmp_path / "project")


@pytest.fixture
def mesh(project: Path, tmp_path: Path) -> Iterator[Mesh]:
    """A mesh without agents."""
    with devmesh.start(project, ws_port=0, home=tmp_path / "home") as started:
        yield started


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A mesh with two scripted agents, shared by the tests of a module."""
    folder = tmp_path_factory.mktemp("busy")
    with devmesh.start(project_at(folder / "project"), ws_port=0, home=folder / "home") as started:
        started.launch("scripted", count=2)
        yield started


def script(*steps: str) -> str:
    """A prompt that a scripted agent can follow."""
    return "\n".join(("Do this.", "```script", *steps, "```"))
