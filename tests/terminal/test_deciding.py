"""Deciding from a terminal: tasks, questions, conflicts and costs, for a person and for a program."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import devmesh as library
from devmesh.mesh import Mesh
from devmesh.terminal import exits
from devmesh.vocabulary.facts import QuestionAsked, WriteFound
from devmesh.vocabulary.requests import Ask, ReportUsage, ReportWrite
from devmesh.vocabulary.terms import TaskState
from tests.mesh.visitor import Visitor
from tests.terminal.test_at_work import Run

pytestmark = pytest.mark.slow


@pytest.fixture
def mesh(project: Path, tmp_path: Path) -> Iterator[Mesh]:
    """The mesh of the project, in this process; the command is another."""
    with library.start(project, ws_port=0, home=tmp_path / "home", lock_ttl_sec=600) as started:
        yield started


def test_tasks_are_cancelled_retried_paused_and_resumed(devmesh: Run, mesh: Mesh) -> None:
    """Each says what it did, in words or as JSON."""
    mesh.post("one")
    assert devmesh("pause", "1").stdout == "paused task 1\n"
    assert devmesh("resume", "1").stdout == "resumed task 1\n"
    assert json.loads(devmesh("cancel", "1", "--reason", "enough", "--json").stdout) == {"done": "cancelled task 1"}
    assert devmesh("retry", "1").stdout == "queued task 1 again\n"
    mesh._door.replica.when(lambda state: state.tasks[1].state is TaskState.QUEUED or None).result(5)
    refused = devmesh("cancel", "9")
    assert refused.returncode == exits.REFUSED
    assert "Traceback" not in refused.stderr


def test_one_that_is_refused_keeps_no_other_from_being_done(devmesh: Run, mesh: Mesh) -> None:
    """The rest is done all the same, and the command says that it failed."""
    mesh.post("one")
    mesh.post("two")
    said = devmesh("cancel", "1", "9", "2")
    assert said.returncode == exits.REFUSED
    assert said.stdout == "cancelled task 1\ncancelled task 2\n"
    assert "task 9" in said.stderr


def test_the_inbox_is_read_and_answered(devmesh: Run, mesh: Mesh) -> None:
    """Empty, with a question, and empty again."""
    assert devmesh("inbox").stdout == "nobody asks anything\n"
    visitor = Visitor(mesh)
    number = visitor.ask(QuestionAsked, Ask(text="\x1b[31mMay I?", options=("yes", "no"))).question
    (row,) = json.loads(devmesh("inbox", "--json").stdout)
    assert (row["question"], row["agent"], row["options"]) == (number, "visitor-1", ["yes", "no"])
    shown = devmesh("inbox").stdout
    assert shown.endswith("May I?\n  answers: yes | no\n")
    assert "\x1b" not in shown
    assert devmesh("answer", str(number), "perhaps").returncode == exits.REFUSED
    assert devmesh("answer", str(number), "yes").stdout == f"answered question {number}\n"
    assert json.loads(devmesh("inbox", "--json").stdout) == []
    visitor.leave()


def test_conflicts_and_costs_are_read(devmesh: Run, mesh: Mesh) -> None:
    """As a table, one of them as a diff, and for a program."""
    assert devmesh("conflicts").stdout == "nothing to decide\n"
    assert devmesh("costs").stdout == "nothing was spent yet, or no tool said so\n"
    visitor = Visitor(mesh)
    mesh.post("spend")
    visitor.begin(1)
    visitor.say(ReportUsage(task=1, attempt=1, input_tokens=900, output_tokens=100, dollars=0.5))
    visitor.ask(WriteFound, ReportWrite(path="notes.md", task=1, attempt=1))
    assert "$0.50, 1,000 tokens" in devmesh("costs").stdout
    spent = json.loads(devmesh("costs", "--json").stdout)
    assert (spent["dollars"], spent["budget"], spent["tasks"][0]["task"]) == (0.5, {"dollars": None, "tokens": None}, 1)
    assert "write 1" in devmesh("conflicts").stdout
    assert json.loads(devmesh("conflicts", "--json").stdout)[0]["conflict"] == "write 1"
    assert json.loads(devmesh("conflicts", "write", "1", "--json").stdout) == {"conflict": "write 1", "diff": ""}
    assert devmesh("conflicts", "write", "9").returncode == exits.REFUSED
    visitor.leave()
