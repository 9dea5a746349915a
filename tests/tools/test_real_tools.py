"""What each real CLI must do in a mesh: its edit lands, its failure is seen, its processes end. The model is a stub."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from devmesh.errors import TaskCancelled
from devmesh.vocabulary.terms import AgentState, TaskState
from tests.tools.conftest import Bench
from tests.tools.stub_model import script

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

PATIENCE = 150.0
LONG = 300_000
TRIES_ON = {("qwen", 503), ("continue", 503), ("droid", 503)}
"Tries again for minutes without a word: ended by the time limit, for a reason nobody learns."


def until(condition: Callable[[], object], patience: float = 60.0) -> bool:
    """Whether it comes to hold in that time."""
    end = time.monotonic() + patience
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return bool(condition())


def test_an_edit_lands(bench: Bench) -> None:
    """One prompt, one file, in the project; for one that only answers, the answer."""
    bench.launch()
    steps = [{"write": "n.txt", "text": "by a tool\n"}] if bench.entry.edits else []
    task = bench.post(script(*steps, {"say": "All done."}))
    result = task.result(PATIENCE)
    assert result.outcome is TaskState.COMPLETED
    assert "All done." in result.summary or bench.name == "aider"
    if bench.entry.edits:
        assert (bench.mesh.project / "n.txt").read_text() == "by a tool\n"
        assert result.files == ("n.txt",)


def test_a_long_prompt_arrives_whole(bench: Bench) -> None:
    """300 kB, to its last word."""
    bench.launch()
    task = bench.post(script({"say": "Read."}) + "x" * 99 + "\n" + ("y" * 99 + "\n") * (LONG // 100) + "LAST WORD")
    assert task.result(PATIENCE).outcome is TaskState.COMPLETED
    assert bench.model.longest_prompt() > LONG
    assert any("LAST WORD" in heard.prompt for heard in bench.model.heard)


@pytest.mark.parametrize("status", [401, 503])
def test_a_refusal_of_the_service_parks_the_agent(bench: Bench, status: int) -> None:
    """Whatever the exit code: the task is not to blame and waits; who ran it is parked, and says in a line why."""
    name = bench.launch()
    task = bench.post(script({"refuse": status}), time_limit=45)
    agent = bench.mesh.agents[name]
    assert until(lambda: agent.state is AgentState.PARKED or task.state is TaskState.FAILED, PATIENCE), task.output()
    if agent.state is AgentState.PARKED:
        assert task.state is TaskState.QUEUED
        assert "parked" in str(bench.mesh.status())
    else:
        assert (bench.name, status) in TRIES_ON, task.summary
        assert "its time was up" in task.summary


def test_cancelling_leaves_no_process(bench: Bench) -> None:
    """Not the tool's, nor those of the command that it runs."""
    agent = bench.launch()
    runs = "shell" in bench.entry.capabilities
    task = bench.post(script({"run": "sh -c 'tail -f notes.md & exec tail -F notes.md'"} if runs else {"wait": True}))
    assert until(lambda: bench.model.heard)
    if runs:
        assert until(lambda: any("tail -F" in command for command in bench.processes()))
    assert bench.processes()
    task.cancel("enough")
    with pytest.raises(TaskCancelled):
        task.result(PATIENCE)
    assert until(lambda: not bench.processes(), 10.0), bench.processes()
    assert until(lambda: bench.mesh.agents[agent].state is AgentState.IDLE)


def test_a_review_ends_in_its_verdict(bench: Bench) -> None:
    """The last words of the tool, understood."""
    bench.mesh.launch("scripted")
    author = "Do this.\n```script\nappend notes.md\n| - more\n```\n"
    bench.mesh.post(author + script(review=[{"say": "It is well made.\nVERDICT: APPROVE"}]), review=True,
                    agents=[agent.name for agent in bench.mesh.agents])  # fmt: skip
    bench.launch()
    task = bench.mesh.tasks[1]
    assert task.result(PATIENCE).outcome is TaskState.COMPLETED
    assert any("VERDICT" in heard.prompt for heard in bench.model.heard)
    assert "- more" in (bench.mesh.project / "notes.md").read_text()
