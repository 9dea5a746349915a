"""A small project, and settings that keep everything in the test's own folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from devmesh.coordinator.tree import WriteGate, open_gate
from devmesh.settings import Settings


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Three texts and a folder; no git."""
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    (folder / "a.txt").write_text("".join(f"line {number}\n" for number in range(1, 31)))
    (folder / "b.txt").write_text("alpha\nbeta\n")
    (folder / "src" / "app.py").write_text("print('hello')\n")
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Any free port, fixed memory, state below the test's folder."""
    return Settings.load(home=tmp_path / "state", ws_port=0, ram_gb=16, gpu_vram_gb=0)


@pytest.fixture
def gate(project: Path, tmp_path: Path) -> WriteGate:
    """The write gate of the project."""
    return open_gate(project, tmp_path / "home")
