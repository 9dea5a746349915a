"""Meshes on a machine with a card."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mesh.conftest import project_at


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A very small project."""
    return project_at(tmp_path / "project")
