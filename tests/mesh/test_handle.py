"""The handle of a mesh without agents: what can be asked, what is refused, and how it ends."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest

import devmesh
from devmesh.errors import AlreadyRunning, Malformed, MeshError, MeshLost, NoMesh, Refused, TaskCancelled, WaitTimeout
from devmesh.mesh import Mesh, current
from devmesh.vocabulary.terms import TaskState

pytestmark = pytest.mark.slow


def test_starting_twice_gives_the_same_mesh(mesh: Mesh, project: Path, tmp_path: Path) -> None:
    """A second start in this process is no second coordinator."""
    assert devmesh.start(project, ws_port=0, home=tmp_path / "home") is mesh
    assert devmesh.connect(project, home=tmp_path / "home") is mesh
    assert current() is mesh


def test_a_mesh_is_found_from_a_folder_inside_its_project(mesh: Mesh, project: Path, tmp_path: Path) -> None:
    """`connect` looks upwards."""
    (project / "deep").mkdir()
    assert devmesh.connect(project / "deep", home=tmp_path / "home") is mesh


def test_connecting_where_no_mesh_runs_says_so(project: Path, tmp_path: Path) -> None:
    """NoMesh, with what to do."""
    with pytest.raises(NoMesh, match="no mesh runs"):
        devmesh.connect(project, home=tmp_path / "home")


def test_starting_for_no_folder_says_so(tmp_path: Path) -> None:
    """One clear error before anything is started."""
    with pytest.raises(MeshError, match="not a folder"):
        devmesh.start(tmp_path / "nowhere", home=tmp_path / "home")


def test_a_mesh_of_another_process_is_not_started_again(project: Path, tmp_path: Path) -> None:
    """AlreadyRunning names the process and how to join it."""
    import subprocess
    import sys

    words = [sys.executable, "-m", "devmesh.terminal", "serve", "--project", str(project), "--port", "0", "--json"]
    environment = os.environ | {"DEVMESH_HOME": str(tmp_path / "home")}
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=environment) as other:
        assert other.stdout is not None
        other.stdout.readline()
        try:
            with pytest.raises(AlreadyRunning, match=str(other.pid)) as raised:
                devmesh.start(project, home=tmp_path / "home")
            assert "connect" in str(raised.value.hint)
            joined = devmesh.connect(project, home=tmp_path / "home")
            assert not joined.is_host
            assert joined.post("from here").number == 1
            with pytest.raises(MeshError, match="another process"):
                joined.stop()
            joined.close()
        finally:
            other.terminate()


def test_a_posted_task_can_be_read_at_once(mesh: Mesh) -> None:
    """What `post` returns is in every noun already."""
    task = mesh.post("Do it\nplease", priority=2, files="src/", title="")
    assert (task.number, task.state, task.priority, task.title) == (1, TaskState.QUEUED, 2, "Do it")
    assert mesh.tasks[1].number == mesh.task(1).number == 1
    assert 1 in mesh.tasks
    assert [each.number for each in mesh.tasks] == [1]
    assert mesh.status().tasks == {"queued": 1}


def test_a_wish_that_does_not_fit_is_named(mesh: Mesh) -> None:
    """Malformed says the field; nothing was posted."""
    with pytest.raises(Malformed, match="priority") as raised:
        mesh.post("x", priority=9)
    assert raised.value.field == "priority"
    assert not len(mesh.tasks)


def test_a_refusal_of_the_mesh_is_raised(mesh: Mesh) -> None:
    """With its code, and without harm to what follows."""
    with pytest.raises(Refused, match="nobody"):
        mesh.pause("nobody")
    with pytest.raises(Refused):
        mesh.cancel(7)
    assert mesh.is_running


def test_waiting_for_a_task_that_goes_on_times_out(mesh: Mesh) -> None:
    """WaitTimeout names the task, and the task is as it was."""
    task = mesh.post("Nobody is here")
    with pytest.raises(WaitTimeout) as raised:
        task.result(0.05)
    assert raised.value.task == task.number
    with pytest.raises(WaitTimeout):
        mesh.wait(timeout=0.05, progress=False)
    assert task.state is TaskState.QUEUED


def test_a_cancelled_task_says_so_to_whoever_waits(mesh: Mesh) -> None:
    """Plain and awaited alike, and asyncio's own CancelledError is not what is raised."""
    task = mesh.post("Never mind")
    assert repr(task.cancel("changed my mind")) == "cancelled task 1"
    with pytest.raises(TaskCancelled):
        task.result(1.0)

    async def await_it() -> None:
        with pytest.raises(TaskCancelled):
            await task

    asyncio.run(await_it())
    assert mesh.wait(timeout=1.0, progress=False) == ()


def test_every_operation_can_be_awaited_on_another_loop(mesh: Mesh) -> None:
    """`mesh.aio` has the same calls, and the running loop stays free meanwhile."""

    async def all_of_it() -> int:
        task = await mesh.aio.post("From asyncio", priority=1)
        with pytest.raises(Refused):
            await mesh.aio.pause("nobody")
        ticks = 0
        waiting = asyncio.ensure_future(mesh.aio.wait(task))
        for _ in range(20):
            await asyncio.sleep(0.001)
            ticks += 1
        await mesh.aio.cancel(task)
        assert await waiting == ()
        return ticks

    assert asyncio.run(all_of_it()) == 20
    assert "post" in dir(mesh.aio)
    with pytest.raises(AttributeError):
        _ = mesh.aio.nonsense


def test_what_is_shared_can_be_found(mesh: Mesh) -> None:
    """Full text, best first, quoted with its source."""
    number = mesh.share("The parser", "It does not close its file.")
    assert [found.discovery for found in mesh.search("file parser")] == [number]
    assert mesh.knowledge[number].title == "The parser"
    assert len(mesh.knowledge) == 1
    with pytest.raises(KeyError):
        _ = mesh.knowledge[99]


def test_the_nouns_show_themselves_as_text(mesh: Mesh) -> None:
    """Without a kernel: a table, or that there is nothing."""
    mesh.post("<b>bold</b>")
    assert "<b>bold</b>" in repr(mesh.tasks)
    for noun in (mesh.agents, mesh.locks, mesh.hardware, mesh.files, mesh.knowledge):
        assert "none" in repr(noun)
    bundle = mesh.tasks._repr_mimebundle_()
    assert "&lt;b&gt;bold" in bundle["text/html"]
    assert "queued" in mesh._repr_mimebundle_()["text/plain"]


def test_the_record_is_there_and_whole(mesh: Mesh) -> None:
    """A frame of facts, a story per task, and a verdict."""
    task = mesh.post("Something")
    assert list(mesh.audit.df("task_*")["kind"]) == ["task_posted"]
    assert [type(recorded.fact).__name__ for recorded in task.facts()] == ["TaskPosted"]
    assert task.output() == ""
    assert task.diff() == ""
    assert mesh.audit.verify().ok
    assert len(mesh.audit) == len(mesh.audit.df())
    assert list(mesh.tasks.df()["title"]) == ["Something"]


def test_every_history_that_can_be_drawn_is(mesh: Mesh) -> None:
    """Also all that happened; a noun without a picture says so."""
    mesh.post("Something")
    for noun in (mesh.agents, mesh.tasks, mesh.locks, mesh.hardware, mesh.audit):
        assert noun.plot().to_json()
    with pytest.raises(MeshError, match="no picture of files"):
        mesh.files.plot()


def test_stopping_ends_everything_and_twice_is_harmless(project: Path, tmp_path: Path) -> None:
    """No thread is left, the handle is closed, and those who waited are told."""
    before = set(threading.enumerate())
    mesh = devmesh.start(project, ws_port=0, home=tmp_path / "home")
    waiting = mesh.post("Nobody is here").future()
    mesh.stop()
    mesh.stop()
    deadline = time.monotonic() + 5  # a thread with nothing left to do may still be on its way out
    while set(threading.enumerate()) != before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert set(threading.enumerate()) == before
    assert mesh.is_closed
    with pytest.raises(MeshLost):
        waiting.result(0)
    with pytest.raises(MeshLost):
        mesh.post("too late")
    with pytest.raises(NoMesh):
        current()


def test_a_stopped_mesh_goes_on_where_it_was(project: Path, tmp_path: Path) -> None:
    """The record outlives the process: tasks and numbers are there again."""
    with devmesh.start(project, ws_port=0, home=tmp_path / "home") as first:
        first.post("one")
    with devmesh.start(project, ws_port=0, home=tmp_path / "home") as second:
        assert [task.title for task in second.tasks] == ["one"]
        assert second.post("two").number == 2


def test_the_handle_only_delegates() -> None:
    """At most 200 lines, and the signature of `post` is the one that is used."""
    import inspect

    from devmesh.mesh import handle

    assert len(inspect.getsource(handle).splitlines()) <= 200
    assert "priority" in inspect.signature(Mesh.post).parameters


def test_a_mesh_whose_coordinator_ended_is_started_again(project: Path, tmp_path: Path) -> None:
    """The dead one is not handed out; the old handle follows to the new coordinator."""
    first = devmesh.start(project, ws_port=0, home=tmp_path / "home")
    assert first._host is not None
    first._host.stop()
    assert not first.is_host
    with devmesh.start(project, ws_port=0, home=tmp_path / "home") as second:
        assert second is not first
        assert second.is_host
        assert second.post("again").number == 1
    first.close()
