"""A mesh with real bridges at work: results, files, pause, cancel, waiting, and everybody gone at the end."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest

import devmesh
from devmesh.errors import MeshError, TaskCancelled, TaskFailed, ToolNotFound
from devmesh.mesh import Mesh
from devmesh.vocabulary.terms import AgentState, TaskState
from tests.mesh.conftest import script

pytestmark = pytest.mark.slow

PATIENCE = 20.0


def bridges(mesh: Mesh) -> list[psutil.Process]:
    """The processes that have joined."""
    return [psutil.Process(agent._entry().joined.pid) for agent in mesh.agents]


def test_a_task_is_done_and_its_result_says_how(busy: Mesh) -> None:
    """Files, agent, change and words; and the project holds what was landed."""
    task = busy.post(
        script("replace greeting.py", '|     return "hello"', "with", '|     return "good day"', "answer Done.")
    )
    result = task.result(PATIENCE)
    assert (result.outcome, result.files, result.attempts) == (TaskState.COMPLETED, ("greeting.py",), 1)
    assert result.agent in {agent.name for agent in busy.agents}
    assert "good day" in (busy.project / "greeting.py").read_text()
    assert '+    return "good day"' in task.diff()
    assert "Done." in task.summary
    assert busy.files["greeting.py"].changed_by == result.agent


def test_a_task_can_be_awaited(busy: Mesh) -> None:
    """`await task` is its result, on the caller's own loop."""

    async def post_and_await() -> str:
        task = await busy.aio.post(script("append notes.md", "| - awaited", "answer Awaited."))
        return str((await task).summary)

    assert "Awaited." in asyncio.run(asyncio.wait_for(post_and_await(), PATIENCE))


def test_a_task_that_fails_for_good_raises_its_reason(busy: Mesh) -> None:
    """TaskFailed after the last attempt, with the agent's reason."""
    task = busy.post(script("fail it cannot be done"))
    with pytest.raises(TaskFailed, match="cannot be done") as raised:
        task.result(PATIENCE)
    assert raised.value.task == task.number


def test_a_failed_task_is_done_when_its_cause_is_mended_and_it_is_retried(busy: Mesh) -> None:
    """By the very agent that failed it, which begins at attempt 1 once more."""
    task = busy.post(script("replace cause.txt", "| broken", "with", "| mended"), agents=busy.agents.keys()[0])
    with pytest.raises(TaskFailed):
        task.result(PATIENCE)
    (busy.project / "cause.txt").write_text("broken\n")
    task.retry()
    assert task.result(PATIENCE).files == ("cause.txt",)


def test_what_happened_can_be_read(busy: Mesh) -> None:
    """A task's story, its bids, its change, and the state before it was there."""
    task = busy.post(script("append notes.md", "| - on record"))
    task.result(PATIENCE)
    story = task.story()
    assert list(story.columns) == ["time", "kind", "agent", "what"]
    assert [story["kind"].iloc[0], story["kind"].iloc[-1]] == ["task_posted", "task_completed"]
    assert task.agent in set(busy.tasks.bids().query(f"task == {task.number} and won")["agent"])
    assert busy.files.changes().query(f"task == {task.number}")["state"].tolist() == ["applied"]
    posted = story["time"].iloc[0].to_pydatetime()
    assert task.number in busy.at(posted).tasks
    assert task.number not in busy.at(posted.timestamp() - 0.01).tasks


def test_a_cancelled_task_stops_its_tool(busy: Mesh) -> None:
    """The process is gone, nothing landed, and the agent is free again."""
    task = busy.post(script("sleep 60", "append notes.md", "| - never"))
    working(task)
    task.cancel("enough")
    with pytest.raises(TaskCancelled):
        task.result(PATIENCE)
    agent = busy.agents[str(task._read("agent") or next(iter(busy.agents)).name)]
    assert until(lambda: agent.state is AgentState.IDLE)
    assert "never" not in (busy.project / "notes.md").read_text()


def test_a_paused_task_waits_until_it_is_resumed(busy: Mesh) -> None:
    """Paused means stopped where it is; resumed, it ends as if nothing had been."""
    task = busy.post(script("sleep 0.5", "append notes.md", "| - resumed", "answer Resumed."))
    working(task)
    busy.pause(task)
    assert task.state is TaskState.PAUSED
    time.sleep(0.8)
    assert task.state is TaskState.PAUSED
    task.resume()
    assert "Resumed." in task.result(PATIENCE).summary


def test_interrupting_a_wait_stops_the_waiting_and_not_the_mesh(busy: Mesh) -> None:
    """Ctrl-C in the middle of `wait`: the task, the bridges and the handle go on."""
    task = busy.post(script("sleep 1", "append notes.md", "| - went on", "answer Went on."))
    before = bridges(busy)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        busy.wait(task, progress=False)
    assert busy.is_running
    assert all(bridge.is_running() for bridge in before)
    assert "Went on." in task.result(PATIENCE).summary


def test_waiting_for_all_gives_the_results_of_those_completed(busy: Mesh) -> None:
    """Those that failed are left out; `result()` of a task says why."""
    tasks = [busy.post(script(f"write made-{number}.txt", "| made")) for number in range(3)]
    results = busy.wait(*tasks, timeout=PATIENCE, progress=False)
    assert [result.task for result in results] == [task.number for task in tasks]
    busy.wait(timeout=PATIENCE)
    assert not busy.status().tasks.get("queued")


def test_a_tool_that_is_not_here_is_named_before_anything_starts(busy: Mesh) -> None:
    """ToolNotFound with how to get it, and nobody joined."""
    before = len(busy.agents)
    with pytest.raises(ToolNotFound) as raised:
        busy.launch("scripted", "nosuchtool")
    assert raised.value.hint
    assert len(busy.agents) == before
    with pytest.raises(MeshError, match="name at least one tool"):
        busy.launch()
    for count, said in ((0, "at least one"), (100_000, "at most 100")):
        with pytest.raises(MeshError, match=said):
            busy.launch("scripted", count=count)
    assert len(busy.agents) == before


def test_an_agent_can_be_paused_and_sent_home(busy: Mesh) -> None:
    """It takes no work while paused, and its process ends when dismissed."""
    (name,) = busy.launch("scripted")
    agent = busy.agents[name]
    agent.pause()
    assert agent.state is AgentState.PAUSED
    agent.resume()
    process = psutil.Process(agent._entry().joined.pid)
    agent.dismiss("no longer needed")
    assert until(lambda: name not in busy.agents)
    assert until(lambda: not process.is_running())


def test_stopping_leaves_no_process(tmp_path: Path) -> None:
    """Every bridge is gone when `stop` returns, also one that is in the middle of its work."""
    (tmp_path / "project").mkdir()
    with devmesh.start(tmp_path / "project", ws_port=0, home=tmp_path / "home") as mesh:
        mesh.launch("scripted", count=2)
        task = mesh.post(script("sleep 60"))
        working(task)
        assert until(lambda: len(families(mesh)) >= 3)  # it is begun before its tool runs
        everybody = families(mesh)
    assert until(lambda: not any(process.is_running() for process in everybody), 3.0)


def families(mesh: Mesh) -> list[psutil.Process]:
    """The bridges, and what they started."""
    return [one for bridge in bridges(mesh) for one in (bridge, *bridge.children(recursive=True))]


def working(task: devmesh.mesh.Task) -> None:
    """Until its tool runs."""
    assert until(lambda: task.state is TaskState.WORKING), task


def until(holds: object, patience: float = PATIENCE) -> bool:
    """Whether it comes true within some seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if holds():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False
