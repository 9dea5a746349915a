"""A tool's processes that take more of a real card than was set aside: seen within two samples, answered as is set."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

import devmesh
from devmesh.mesh import Mesh
from devmesh.processes.graphics import Graphics
from devmesh.vocabulary.terms import Resources
from tests.card.card import GIGABYTE, MEBIBYTE, argv, needs_card, processes, until
from tests.mesh.conftest import script

pytestmark = [pytest.mark.slow, needs_card]

BEAT = 0.5
SET_ASIDE = 1.5
TAKEN = (1000, 2000)
"Megabytes: by a process, and by its child in a session of its own."
NEAR = 64 * MEBIBYTE


class Hoarding:
    """A mesh whose one agent begins to take more of the card than was set aside."""

    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        self.before = Graphics().memory().used
        self._graphics = Graphics()
        self._bridge = psutil.Process(int(mesh.agents.df()["pid"].iloc[0]))

    def taken(self) -> dict[int, int]:
        """Bytes of the card, by each process of the agent's tool that has any, as `nvidia-smi` tells."""
        below = self.below()
        return {pid: used for pid, used in processes().items() if pid in below}

    def below(self) -> set[int]:
        """All its processes."""
        return {process.pid for process in self._bridge.children(recursive=True)}

    def is_over(self) -> bool:
        """Whether both have what they take."""
        return self._graphics.memory_of(self.below()) > sum(TAKEN) * 10**6

    def is_back(self, pids: set[int]) -> bool:
        """Whether these processes are gone, and the card's memory is as free as before."""
        return not any(map(psutil.pid_exists, pids)) and self._graphics.memory().used < self.before + NEAR

    def actions(self) -> list[str]:
        """What was done about overuse so far."""
        return list(self.mesh.audit.df("hardware_exceeded")["action"])


@contextmanager
def hoarding(project: Path, home: Path, policy: str) -> Iterator[Hoarding]:
    """By a scripted tool: it can continue a conversation."""
    with devmesh.start(project, ws_port=0, home=home, overuse=policy, heartbeat_sec=BEAT, lock_ttl_sec=6) as mesh:
        mesh.launch("scripted")
        begun = Hoarding(mesh)
        mesh.post(script(f"run {shlex.join(argv(60, *TAKEN))}"), needs=Resources(vram_gb=SET_ASIDE))
        yield begun


def test_a_warning_leaves_the_tool_at_work(project: Path, tmp_path: Path) -> None:
    """Said within two heartbeats, with what the real tree has of the card; its processes keep it."""
    with hoarding(project, tmp_path / "home", "warn") as seen:
        until(seen.is_over)
        assert until(lambda: bool(seen.actions())) < 2 * BEAT + 1
        taken = seen.taken()
        assert len(taken) == len(TAKEN)
        until(
            lambda: seen.mesh.agents.df()["used_vram_gb"].iloc[0] == pytest.approx(sum(taken.values()) / 1e9, abs=0.01)
        )
        assert seen.actions() == ["warned"]
        assert seen.mesh.tasks[1].state == "working"
        said = seen.mesh.hardware.df().query("event == 'exceeded'").iloc[0]
        assert said["declared_vram_gb"] == SET_ASIDE
        assert SET_ASIDE < said["vram_gb"] <= sum(taken.values()) / GIGABYTE + 0.01


def test_a_pause_ends_a_tool_that_can_go_on_later(project: Path, tmp_path: Path) -> None:
    """The memory is had again, on the card and in the ledger; the task waits for the person."""
    with hoarding(project, tmp_path / "home", "pause") as seen:
        until(seen.is_over)
        pids = set(seen.taken())
        assert until(lambda: seen.mesh.tasks[1].state == "paused") < 2 * BEAT + 1
        until(lambda: seen.is_back(pids), 2)
        until(lambda: len(seen.mesh.hardware) == 0)
        assert seen.actions() == ["paused"]


def test_a_stop_ends_the_attempt(project: Path, tmp_path: Path) -> None:
    """Its processes are gone and the card has its memory back within 2 s; it counts against the task."""
    with hoarding(project, tmp_path / "home", "stop") as seen:
        until(seen.is_over)
        pids = set(seen.taken())
        assert until(lambda: len(seen.mesh.audit.df("task_abandoned")) > 0) < 2 * BEAT + 1
        until(lambda: seen.is_back(pids), 2)
        assert seen.actions()[0] == "stopped"
        reason = seen.mesh.audit.df("task_abandoned")["reason"].iloc[0]
        assert "GPU memory, more than set aside" in reason


def test_a_pause_freezes_a_tool_that_cannot_go_on_later(project: Path, tmp_path: Path) -> None:
    """A tool of one's own, by what it declares: it stands still with what it has, which stays set aside."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    command = json.dumps(["{executable}", *argv(60, *TAKEN)[1:]])
    (home / "tools.toml").write_text(
        f'[tools.hoarder]\ntitle = "Hoarder"\nexecutables = [{json.dumps(sys.executable)}]\ncommand = {command}\n'
        f'install = "-"\nvram_gb = {SET_ASIDE}\n'
    )
    with devmesh.start(project, ws_port=0, home=home, overuse="pause", heartbeat_sec=BEAT, lock_ttl_sec=6) as mesh:
        mesh.launch("hoarder")
        seen = Hoarding(mesh)
        task = mesh.post("Take it.")
        until(seen.is_over)
        taken = seen.taken()
        assert until(lambda: task.state == "paused") < 2 * BEAT + 1
        until(lambda: all(psutil.Process(pid).status() == psutil.STATUS_STOPPED for pid in taken), 2)
        assert seen.taken() == taken
        assert [held.amount.vram_gb for held in mesh.hardware] == [SET_ASIDE]
        task.cancel()
        until(lambda: seen.is_back(set(taken)), 2)
