"""A check run for a reviewer: its result in words, its output harmless, nothing of it left."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from devmesh.bridge.checking import CheckRun
from tests.bridge.rig import PATIENCE, until
from tests.coordinator.rig import looped

pytestmark = pytest.mark.slow

CASES = {
    "echo fine": (True, "it passed", "fine\n"),
    "echo out; echo err >&2; exit 3": (False, "it failed with exit code 3", "out\n\nerr\n"),
    "kill -9 $$": (False, "it was ended by signal 9", ""),
    "python -c 'import devmesh_no_such_module'": (False, "it failed with exit code 1", "devmesh_no_such_module"),
}


@pytest.mark.parametrize("command", CASES)
@looped
async def test_it_says_whether_it_passed_and_what_it_said(tmp_path: Path, command: str) -> None:
    """Errors last, because they are what is looked for."""
    passed, how, tail = CASES[command]
    result = await CheckRun(command, tmp_path, {}).to_end(PATIENCE)
    assert (result.passed, result.how) == (passed, how)
    assert tail in result.tail


@looped
async def test_it_ends_at_its_limit(tmp_path: Path) -> None:
    """And says so."""
    result = await CheckRun("echo begun; sleep 60", tmp_path, {}).to_end(0.3)
    assert not result.passed
    assert result.how.startswith("it did not end within")
    assert "begun" in result.tail


@looped
async def test_a_pause_stops_it_and_its_time(tmp_path: Path) -> None:
    """It goes on when it is resumed."""
    check = CheckRun("touch begun; sleep 0.3; touch done", tmp_path, {})
    running = asyncio.create_task(check.to_end(2.0))
    await until((tmp_path / "begun").exists)
    check.pause()
    await asyncio.sleep(2.2)
    assert not (tmp_path / "done").exists()
    check.resume()
    assert (await asyncio.wait_for(running, PATIENCE)).passed
    assert check.seconds < 2.0


@looped
async def test_cancelling_leaves_nothing_alive(tmp_path: Path) -> None:
    """Not even what ignores polite signals."""
    check = CheckRun("trap '' TERM; touch begun; sleep 60; sleep 60", tmp_path, {})
    running = asyncio.create_task(check.to_end(60.0))
    await until((tmp_path / "begun").exists)
    assert check.used().ram_gb >= 0
    running.cancel()
    await asyncio.wait([running], timeout=PATIENCE)
    assert running.cancelled()
    assert check.used().ram_gb == 0
