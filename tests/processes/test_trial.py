"""What a tool is said to be kept within is what was tried, with the real kernel."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from devmesh.processes import trial
from devmesh.processes.confinement import Confinement, confinement_of
from devmesh.processes.landlock import version
from devmesh.processes.trial import NOTHING, in_force
from devmesh.settings import Settings


def said(home: Path, settings: Settings) -> str:
    """What is said of a tool under these settings; the folder is as it was."""
    home.mkdir()
    found = asyncio.run(in_force(confinement_of(settings, home.parent / "project", home, own_workspace=True), home))
    assert list(home.iterdir()) == []
    return found


def test_by_default_a_tool_is_kept_within_nothing_and_that_is_said(tmp_path: Path) -> None:
    """Not an empty text: that would be nobody's word."""
    assert said(tmp_path / "home", Settings()) == NOTHING


def test_limits_are_named(tmp_path: Path) -> None:
    """By the names of the system's own table."""
    assert said(tmp_path / "home", Settings(tool_memory_gb=2, tool_file_gb=1)) == "rlimits AS FSIZE"


@pytest.mark.skipif(not version(), reason="this kernel has no Landlock")
def test_landlock_is_named_with_its_version_once_it_has_kept_something_out(tmp_path: Path) -> None:
    """Whether it was wanted if possible, or in any case."""
    (tmp_path / "project").mkdir()
    assert said(tmp_path / "home", Settings(tool_confine="on")) == f"landlock {version()}"
    assert said(tmp_path / "second", Settings(tool_confine="auto", tool_processes=5000)) == (
        f"landlock {version()}, rlimits NPROC"
    )


def test_where_it_keeps_nothing_out_it_is_not_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither when the kernel cannot do it, nor when it can and the write succeeds: the trial's own file is removed."""
    monkeypatch.setattr(trial, "version", lambda: 4)
    for number, closed in enumerate((tmp_path / "no" / "such" / "way", tmp_path / "elsewhere")):
        place = tmp_path / str(number)
        place.mkdir()
        (tmp_path / "elsewhere").mkdir(exist_ok=True)
        assert asyncio.run(in_force(Confinement(closed=(closed,)), place)) == NOTHING
        assert list(place.iterdir()) == []
