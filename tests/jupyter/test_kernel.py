"""A real kernel: the mesh lives while a cell runs, and an interrupt stops the cell and nothing else."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from devmesh.address import find_connection
from devmesh.jupyter.magics import INTERRUPTED
from devmesh.mesh import Mesh, connect
from devmesh.settings import Settings
from devmesh.vocabulary.terms import Role

pytestmark = [
    pytest.mark.slow,
    # the kernel's own channels are closed a little late
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

LIMIT = 30.0


class Kernel:
    """One kernel and its client."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self.client = client

    def run(self, code: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The reply to a cell, and all it sent out."""
        sent: list[dict[str, Any]] = []
        reply = self.client.execute_interactive(code, timeout=LIMIT, output_hook=sent.append)
        return reply["content"], sent

    def value(self, code: str) -> Any:
        """What an expression comes to."""
        content, sent = self.run(f"import json; print(json.dumps({code}))")
        assert content["status"] == "ok", content
        text = "".join(one["content"]["text"] for one in sent if one["msg_type"] == "stream")
        return json.loads(text.splitlines()[-1])


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel in a project of its own, with a mesh and one scripted agent."""
    folder = tmp_path_factory.mktemp("kernel")
    (folder / "project").mkdir()
    manager = KernelManager()
    manager._kernel_spec = KernelSpec(
        argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"],
        display_name="Python 3",
        language="python",
    )
    root = Path(__file__).parents[2]
    import os

    environment = os.environ | {
        "DEVMESH_HOME": str(folder / "home"),
        "DEVMESH_WS_PORT": "0",
        "PYTHONPATH": os.pathsep.join((str(root), str(root / "widgets"), os.environ.get("PYTHONPATH", ""))),
    }
    manager.start_kernel(cwd=str(folder / "project"), env=environment)
    client = manager.client()
    client.start_channels()
    made = Kernel(manager, client)
    try:
        client.wait_for_ready(timeout=LIMIT)
        content, _ = made.run("%load_ext devmesh\nmesh = %devmesh start\nnames = %devmesh launch scripted")
        assert content["status"] == "ok", content
        yield made
        made.run("%devmesh stop")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


@pytest.fixture
def outside(kernel: Kernel) -> Iterator[Mesh]:
    """The same mesh, seen from this process."""
    folder = kernel.value("[str(mesh.project), str(mesh.home.parent)]")
    joined = connect(folder[0], role=Role.OBSERVER, home=folder[1])
    yield joined
    joined.close()


def sleeping(kernel: Kernel, code: str) -> str:
    """Start a cell and return while it runs."""
    number: str = kernel.client.execute(code)
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        message = kernel.client.get_iopub_msg(timeout=LIMIT)
        if message["msg_type"] == "stream" and message["parent_header"].get("msg_id") == number:
            return number
    raise AssertionError("the cell did not begin")


def answered(kernel: Kernel, number: str) -> dict[str, Any]:
    """The reply to that cell."""
    while True:
        reply = kernel.client.get_shell_msg(timeout=LIMIT)
        if reply["parent_header"].get("msg_id") == number:
            content: dict[str, Any] = reply["content"]
            return content


def test_agents_work_while_a_cell_runs(kernel: Kernel, outside: Mesh) -> None:
    """A blocking cell of eight seconds: the task is posted before, and done before it ends."""
    task = kernel.value("mesh.post('Do.\\n```script\\nwrite while.txt\\n| done\\n```').number")
    number = sleeping(kernel, "import time; print('begun', flush=True); time.sleep(8)")
    end = time.monotonic() + 5
    while task not in {known.number for known in outside.tasks} and time.monotonic() < end:
        time.sleep(0.01)  # another client hears of it a moment later
    result = outside.tasks[task].result(7)
    assert result.files == ("while.txt",)
    assert answered(kernel, number)["status"] == "ok"


def test_an_interrupt_stops_the_cell_and_neither_mesh_nor_bridges(kernel: Kernel, outside: Mesh) -> None:
    """`%devmesh wait` is interrupted; the agent, the task and the coordinator go on."""
    pid = kernel.value("mesh.agents[names[0]]._entry().joined.pid")
    bridge, connection = psutil.Process(pid), find_connection(outside.project, Settings.load(home=outside.home.parent))
    code = "print('begun', flush=True)\n%devmesh wait"
    task = kernel.value("mesh.post('Do.\\n```script\\nsleep 2\\nwrite after.txt\\n| done\\n```').number")
    number = sleeping(kernel, code)
    time.sleep(0.3)  # the wait itself gives no signal
    kernel.manager.interrupt_kernel()
    content = answered(kernel, number)
    assert (content["status"], content["ename"]) == ("error", "KeyboardInterrupt")
    assert content["traceback"] == [INTERRUPTED]
    assert bridge.is_running()
    assert connection.is_alive()
    assert kernel.value("mesh.is_running")
    assert outside.tasks[task].result(LIMIT).files == ("after.txt",)


def test_the_mesh_shows_itself_as_a_widget(kernel: Kernel) -> None:
    """The last line of a cell: a live widget, with text and HTML beside it for where there is none."""
    for code in ("mesh", "mesh.tasks", "mesh.agents", "mesh.locks", "mesh.hardware", "mesh.audit"):
        content, sent = kernel.run(code)
        assert content["status"] == "ok"
        (result,) = [one["content"]["data"] for one in sent if one["msg_type"] == "execute_result"]
        assert {"application/vnd.jupyter.widget-view+json", "text/plain", "text/html"} <= set(result), code


def test_waiting_shows_progress_in_one_output(kernel: Kernel) -> None:
    """One display, updated in place; nothing is printed."""
    kernel.run("mesh.post('Do.\\n```script\\nsleep 0.6\\nwrite shown.txt\\n| done\\n```')")
    _, sent = kernel.run("results = mesh.wait(timeout=20)")
    shown = [one for one in sent if one["msg_type"] == "display_data"]
    updates = [one for one in sent if one["msg_type"] == "update_display_data"]
    assert len(shown) == 1
    assert updates
    assert "tasks ended" in updates[-1]["content"]["data"]["text/plain"]
    assert not [one for one in sent if one["msg_type"] == "stream"]


def test_an_error_in_a_cell_is_its_message(kernel: Kernel) -> None:
    """No traceback reaches the page, and the cell has failed."""
    content, _ = kernel.run("%devmesh cancel 999")
    assert content["status"] == "error"
    assert content["traceback"][0].startswith("devmesh: ")
    assert len(content["traceback"]) <= 2
