"""A real card's memory in a mesh: it is on record, it is granted, and never more of it than there is."""

from __future__ import annotations

import os
import shlex
import signal
from itertools import cycle
from pathlib import Path

import pytest

import devmesh
from devmesh.errors import Refused
from devmesh.mesh import Mesh, Task
from devmesh.processes.graphics import Graphics
from devmesh.vocabulary.terms import Resources
from tests.card.card import GIGABYTE, MEBIBYTE, argv, memory, needs_card, taking, until
from tests.mesh.conftest import script

pytestmark = [pytest.mark.slow, needs_card]

SHARES = (0.3, 0.55, 0.2, 0.45, 0.7, 0.25)
"Of the card: never more than three of these fit at once, and one of them goes alone with none of the next."
CONTEXT = 1.0
"Gigabytes the driver needs at most for one process that computes."


def taker(mesh: Mesh, share: float) -> Task:
    """A task that has that share of the card set aside, and takes all of it for a moment, on the real card."""
    amount = round(mesh.hardware.total.vram_gb * share, 1)
    command = shlex.join(argv(0.3, int((amount - CONTEXT) * 1000)))
    return mesh.post(script(f"run {command}", "answer Done."), needs=Resources(vram_gb=amount))


def most_held(mesh: Mesh) -> float:
    """Gigabytes set aside at once, at most; every entry of the ledger adds up, and all was given back."""
    entries = mesh.hardware.df().query("event in ('reserved', 'released')").to_dict("records")
    held = most = 0.0
    for entry in entries:
        held += entry["vram_gb"] if entry["event"] == "reserved" else -entry["vram_gb"]
        most = max(most, held)
        assert entry["free_vram_gb"] >= 0
        assert entry["free_vram_gb"] == pytest.approx(mesh.hardware.total.vram_gb - held, abs=0.01)
    assert held == pytest.approx(0, abs=0.01)
    return most


def test_the_record_has_what_the_card_says(project: Path, tmp_path: Path) -> None:
    """What there is of it and what is in use, as `nvidia-smi` has them; and the ledger grants no more."""
    with taking(3000), devmesh.start(project, ws_port=0, home=tmp_path / "home") as mesh:
        told = memory()
        until(lambda: len(mesh.hardware.df()) > 0)
        sampled = mesh.hardware.df().iloc[0]
        assert sampled["event"] == "sampled"
        assert sampled["total_vram_gb"] == pytest.approx(told.total / GIGABYTE, abs=0.01)
        assert sampled["vram_gb"] == pytest.approx(told.used / GIGABYTE, abs=64 * MEBIBYTE / GIGABYTE)
        assert mesh.hardware.used.vram_gb == sampled["vram_gb"] > 3
        assert 0 < mesh.hardware.total.vram_gb <= told.total / GIGABYTE
        with pytest.raises(Refused, match="GPU memory"):
            mesh.post("More than there is.", needs=Resources(vram_gb=told.total / GIGABYTE + 1))


@pytest.mark.timeout(150)
def test_the_card_is_never_granted_twice(project: Path, tmp_path: Path) -> None:
    """Tools take all that they set aside, and find it free, while tasks are cancelled and an agent is killed."""
    before = Graphics().memory().used
    with devmesh.start(project, ws_port=0, home=tmp_path / "home", heartbeat_sec=0.5, lock_ttl_sec=6) as mesh:
        mesh.launch("scripted", count=5)
        tasks = [taker(mesh, share) for share, _ in zip(cycle(SHARES), range(20), strict=False)]
        doomed = [mesh.post(script("sleep 60"), needs=Resources(vram_gb=20)) for _ in range(3)]
        until(lambda: len(mesh.audit.df("task_completed")) > 2)
        os.kill(int(mesh.agents.df()["pid"].iloc[0]), signal.SIGKILL)
        for task in doomed:
            task.cancel()
        mesh.wait(*tasks, timeout=100, progress=False)
        until(lambda: len(mesh.hardware) == 0)
        assert {task.state for task in tasks} == {"completed"}
        assert mesh.audit.df("task_failed").empty
        assert most_held(mesh) > mesh.hardware.total.vram_gb * 0.75
    until(lambda: Graphics().memory().used < before + 64 * MEBIBYTE, 2)
