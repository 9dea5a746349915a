"""Memory taken beyond what was set aside is seen within two heartbeats, and answered as the settings say."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

import devmesh
from devmesh.mesh import Mesh
from tests.mesh.conftest import script

pytestmark = pytest.mark.slow

BEAT = 0.5
LARGE = 300_000_000


@contextmanager
def hoarding(project: Path, home: Path, policy: str) -> Iterator[tuple[Mesh, psutil.Process]]:
    """A mesh whose one agent begins to take 400 MB where 100 were declared, and its bridge."""
    with devmesh.start(project, ws_port=0, home=home, overuse=policy, heartbeat_sec=BEAT, lock_ttl_sec=6) as mesh:
        mesh.launch("scripted")
        mesh.post(script("hoard 400", "sleep 60"), title="hoard")
        yield mesh, psutil.Process(int(mesh.agents.df()["pid"].iloc[0]))


def large(bridge: psutil.Process) -> list[psutil.Process]:
    """Its tool's processes that take more than was set aside."""
    try:
        return [process for process in bridge.children(recursive=True) if process.memory_info().rss > LARGE]
    except psutil.NoSuchProcess:  # one that ended while it was looked at
        return []


def until(happens: Callable[[], bool], seconds: float = 20.0) -> float:
    """Wait for it; how long it took."""
    began = time.monotonic()
    while not happens():
        assert time.monotonic() - began < seconds, "it did not happen"
        time.sleep(0.02)
    return time.monotonic() - began


def actions(mesh: Mesh) -> list[str]:
    """What was done about overuse so far."""
    return list(mesh.audit.df("hardware_exceeded")["action"])


def test_a_warning_leaves_the_tool_at_work(project: Path, tmp_path: Path) -> None:
    """Said once, within two heartbeats of the memory being taken."""
    with hoarding(project, tmp_path / "home", "warn") as (mesh, bridge):
        until(lambda: bool(large(bridge)))
        assert until(lambda: bool(actions(mesh))) < 2 * BEAT + 1
        assert large(bridge)
        assert actions(mesh) == ["warned"]
        assert mesh.tasks[1].state == "working"


def test_a_pause_ends_the_processes_and_keeps_the_task(project: Path, tmp_path: Path) -> None:
    """The memory is had again, in the machine and in the ledger; the task waits for the person."""
    with hoarding(project, tmp_path / "home", "pause") as (mesh, bridge):
        until(lambda: mesh.tasks[1].state == "paused")
        until(lambda: not large(bridge) and len(mesh.hardware) == 0)
        assert actions(mesh) == ["paused"]


def test_a_stop_ends_the_attempt(project: Path, tmp_path: Path) -> None:
    """Its processes are gone, and it counts against the task."""
    with hoarding(project, tmp_path / "home", "stop") as (mesh, bridge):
        until(lambda: len(mesh.audit.df("task_abandoned")) > 0)
        until(lambda: not large(bridge))
        assert actions(mesh)[0] == "stopped"
        assert "more than set aside" in mesh.audit.df("task_abandoned")["reason"].iloc[0]
