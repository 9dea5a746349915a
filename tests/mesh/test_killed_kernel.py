"""Promises 1 and 5: kill -9 of the kernel in the middle of the work loses nothing, and the bridges carry on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import devmesh
from devmesh.mesh import Mesh
from devmesh.vocabulary.terms import TaskState
from tests.mesh.conftest import project_at

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PATIENCE = 40.0


def killed(project: Path, home: Path) -> int:
    """Run a kernel to its violent end. Returns the last fact it had on record for certain."""
    paths = (str(ROOT), str(ROOT / "widgets"))
    ended = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("dying_kernel.py")), str(project), str(home)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == -9, ended.stderr
    return int(ended.stdout)


def finished(mesh: Mesh) -> None:
    """Wait until every task has ended."""
    for task in list(mesh.tasks):
        task.result(PATIENCE)


def test_nothing_is_lost_and_everybody_carries_on(tmp_path: Path) -> None:
    """Every fact is still there, the same agents go on with the same tasks, and each task is completed once."""
    project, home = project_at(tmp_path / "project"), tmp_path / "home"
    recorded = killed(project, home)
    with devmesh.start(project, ws_port=0, home=home) as mesh:
        before = mesh.audit.df(limit=None)
        assert list(before["sequence"][:recorded]) == list(range(1, recorded + 1))
        assert len(mesh.tasks) == 6
        finished(mesh)
        assert [task.state for task in mesh.tasks] == [TaskState.COMPLETED] * 6
        kinds = Counter(mesh.audit.df(limit=None)["kind"].astype(str))
        assert (kinds["agent_joined"], kinds["session_resumed"]) == (2, 2)
        assert kinds["coordinator_started"] == 2
        assert kinds["task_completed"] == 6
        assert not kinds["task_abandoned"]
        tokens = mesh.audit.df("lock_granted", limit=None)["token"]
        assert tokens.is_monotonic_increasing
        assert tokens.is_unique
    lines = (project / "notes.md").read_text().splitlines()
    assert sorted(line for line in lines if "line" in line) == [f"- line {number}" for number in range(6)]
