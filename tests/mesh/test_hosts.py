"""A mesh is the same whatever carries its coordinator: a thread, a process, or the very loop that runs here."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import devmesh
from devmesh.address import read_connection
from devmesh.errors import MeshError, MeshLost, NoMesh
from tests.mesh.conftest import script

pytestmark = pytest.mark.slow


def test_a_process_of_its_own_carries_it(project: Path, tmp_path: Path) -> None:
    """Work is done there; a cell that holds the interpreter delays nothing; its end is clean."""
    with devmesh.start(project, ws_port=0, home=tmp_path / "home", host="process") as mesh:
        connection = read_connection(mesh.home)
        assert connection.pid != psutil.Process().pid
        assert mesh.is_host
        mesh.launch("scripted")
        task = mesh.post(script("write made.txt", "| here"))
        assert task.result(timeout=60).outcome == "completed"
        child = psutil.Process(connection.pid)
    assert not child.is_running()
    with pytest.raises(NoMesh):
        read_connection(mesh.home)


def test_the_process_ends_with_its_parent(project: Path, tmp_path: Path) -> None:
    """Also with one that was killed: nothing is left behind, and the next start goes on from the record."""
    home = tmp_path / "home"
    program = (
        "import sys, os, signal, devmesh\n"
        "mesh = devmesh.start(sys.argv[1], ws_port=0, home=sys.argv[2], host='process')\n"
        "mesh.post('Something')\nfrom devmesh.address import read_connection\n"
        "print(read_connection(mesh.home).pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    argv = [sys.executable, "-c", program, str(project), str(home)]
    said = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    deadline = time.monotonic() + 20
    while psutil.pid_exists(int(said)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(int(said))
    with devmesh.start(project, ws_port=0, home=home) as mesh:
        assert [task.number for task in mesh.tasks] == [1]


def test_the_running_loop_carries_it(project: Path, tmp_path: Path) -> None:
    """Awaited operations work; a plain one says why it cannot, and what to do."""

    async def story() -> None:
        mesh = await devmesh.start_here(project, ws_port=0, home=tmp_path / "home")
        try:
            assert read_connection(mesh.home).pid == psutil.Process().pid
            task = await mesh.aio.post("Something")
            with pytest.raises(MeshError, match="would block the loop"):
                mesh.post("Something else")
            await mesh.aio.cancel(task)
        finally:
            await mesh.aio.stop()
        assert not mesh.is_running

    asyncio.run(story())


def test_a_loop_that_can_be_entered_again_takes_plain_calls(project: Path, tmp_path: Path) -> None:
    """As a cell makes them: start, post, look, stop, all on the loop that carries the coordinator."""
    program = f"""
import asyncio, devmesh

async def cell():
    devmesh.enable_nested()
    mesh = devmesh.start({str(project)!r}, ws_port=0, home={str(tmp_path / "home")!r}, host="kernel")
    task = mesh.post("Something")
    mesh.cancel(task)
    print(task.number, mesh.is_host, mesh.tasks[1].state)
    mesh.stop()

asyncio.run(cell())
"""
    ran = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert (ran.stdout.split(), ran.returncode) == (["1", "True", "cancelled"], 0), ran.stderr


def test_the_kernels_loop_must_be_there_and_enterable(project: Path, tmp_path: Path) -> None:
    """Else the way to have it is named."""
    with pytest.raises(MeshError) as refused:
        devmesh.start(project, ws_port=0, home=tmp_path / "home", host="kernel")
    assert "start_here" in (refused.value.hint or "")


@pytest.mark.parametrize("host", ["thread", "process"])
def test_a_coordinator_that_cannot_go_on_says_why_at_once(host: str, project: Path, tmp_path: Path) -> None:
    """Its folder is gone: whoever asks or waits is told, not left waiting until it might come back."""
    mesh = devmesh.start(project, ws_port=0, home=tmp_path / "home", host=host)
    task = mesh.post("Something")
    shutil.rmtree(mesh.home)
    began = time.monotonic()
    with pytest.raises(MeshLost, match="the coordinator ended: "):
        mesh.post("Something else")
    with pytest.raises(MeshLost):
        task.result(timeout=10)
    assert time.monotonic() - began < 10
    assert mesh.is_closed
