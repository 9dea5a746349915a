"""A kernel that is killed and restarted in the middle of the work loses no lock, task or bridge."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from devmesh.address import home_of
from devmesh.audit.database import open_reader
from devmesh.audit.proving import prove
from devmesh.audit.rows import facts_after
from devmesh.settings import Settings
from devmesh.vocabulary import facts
from tests.jupyter.test_kernel import LIMIT, Kernel, kernel as in_a_kernel

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(150),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

kernel = in_a_kernel
"A kernel in a project of its own, with a mesh and one scripted agent."


@pytest.fixture(scope="module")
def restarted(kernel: Kernel) -> tuple[Kernel, int, int, Path]:
    """The same kernel after SIGKILL and a new start, with the bridge and the task that were at work."""
    script = "Do.\\n```script\\nsleep 6\\nwrite after.txt\\n| done\\n```"
    task = int(kernel.value(f"mesh.post('{script}').number"))
    pid = int(kernel.value("mesh.agents[names[0]]._entry().joined.pid"))
    folder = Path(kernel.value("str(mesh.project)"))
    until = time.monotonic() + LIMIT
    while kernel.value(f"str(mesh.tasks[{task}].state)") != "working":
        assert time.monotonic() < until
        time.sleep(0.1)
    state = Path(kernel.value("str(mesh.home.parent)"))
    kernel.manager.restart_kernel(now=True)
    kernel.client.wait_for_ready(timeout=LIMIT)
    content, _ = kernel.run("%load_ext devmesh\nmesh = %devmesh start")
    assert content["status"] == "ok", content
    return kernel, task, pid, home_of(folder, Settings.load(home=state))


def test_a_killed_kernel_loses_nothing(restarted: tuple[Kernel, int, int, Path]) -> None:
    """The bridge is the same process, the task it was at is done once, and the record is whole."""
    kernel, task, pid, home = restarted
    files = kernel.value(f"mesh.tasks[{task}].result({LIMIT:g}).files")
    assert files == ["after.txt"]
    assert psutil.Process(pid).is_running()
    assert kernel.value("[agent._entry().joined.pid for agent in mesh.agents]") == [pid]
    with open_reader(home) as connection:
        record = [one.fact for one in facts_after(connection, 0)]
    assert [fact.attempt for fact in record if isinstance(fact, facts.TaskCompleted)] == [1]
    assert not [fact for fact in record if isinstance(fact, facts.AgentLost | facts.LockExpired | facts.TaskAbandoned)]
    assert sum(isinstance(fact, facts.CoordinatorStarted) for fact in record) == 2
    assert prove(home).fault is None
