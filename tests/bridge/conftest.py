"""A small project, and settings that keep everything in the test's own folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from devmesh.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of one mesh."""
    return tmp_path / "state" / "mesh"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Three texts; no git."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "a.txt").write_text("".join(f"line {number}\n" for number in range(1, 6)))
    (folder / "b.txt").write_text("alpha\nbeta\n")
    (folder / "poetry.lock").write_text("1\n")
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Any free port, fixed memory, quick heartbeats, state below the test's folder."""
    return Settings.load(
        home=tmp_path / "state", ws_port=0, ram_gb=16, gpu_vram_gb=0, heartbeat_sec=0.3, lock_ttl_sec=5
    )
