"""What was spent and may be spent, as a person asks for it; and what says so."""

from __future__ import annotations

from pathlib import Path

import pytest

import devmesh
from devmesh.errors import Refused
from devmesh.mesh import Mesh, Task
from devmesh.mesh.spending import money
from devmesh.vocabulary.facts import UsageReported
from devmesh.vocabulary.requests import ReportUsage
from devmesh.vocabulary.terms import Budget, Spending, TaskState
from tests.mesh.visitor import Visitor

pytestmark = pytest.mark.slow


def spend(visitor: Visitor, task: int, dollars: float, tokens: int = 1000) -> None:
    """Say that an attempt spent this."""
    said = ReportUsage(task=task, attempt=1, input_tokens=tokens, output_tokens=tokens // 10, dollars=dollars)
    visitor.ask(UsageReported, said)


def standing(task: Task) -> TaskState:
    """The state it is in now."""
    return task.state


def test_what_a_task_spends_is_counted_for_it_and_for_the_mesh(mesh: Mesh) -> None:
    """By task, in the status, and as a DataFrame."""
    visitor, task = Visitor(mesh), mesh.post("work")
    visitor.begin(task.number)
    assert list(mesh.costs) == []
    spend(visitor, task.number, 0.25)
    spend(visitor, task.number, 0.5)
    assert mesh.costs.spent == Spending(input_tokens=2000, output_tokens=200, dollars=0.75)
    assert mesh.costs[task.number] == (task.number, "visitor-1", 2000, 200, 0.75)
    assert task.spent.dollars == 0.75
    assert mesh.status().spent == "$0.75, 2,200 tokens"
    assert float(mesh.costs.df()["dollars"].sum()) == 0.75
    visitor.leave()


def test_a_task_is_paused_before_it_spends_more_than_its_budget(mesh: Mesh) -> None:
    """And goes on when the person allows more."""
    visitor, task = Visitor(mesh), mesh.post("work", budget_usd=1, budget_tokens=5000)
    assert task._read("budget") == Budget(dollars=1.0, tokens=5000)
    visitor.begin(task.number)
    spend(visitor, task.number, 1.5)
    assert standing(task) == TaskState.PAUSED
    mesh.budget(usd=10, task=task)
    assert standing(task) != TaskState.PAUSED
    visitor.leave()


def test_a_mesh_may_be_started_with_a_budget_and_given_another(project: Path, tmp_path: Path) -> None:
    """What is not given is not limited; what waits says why."""
    with devmesh.start(project, budget_usd=0.1, ws_port=0, home=tmp_path / "home") as mesh:
        assert mesh.costs.budget == Budget(dollars=0.1)
        visitor, task = Visitor(mesh), mesh.post("work")
        visitor.begin(task.number)
        spend(visitor, task.number, 0.2)
        assert "used up" in mesh.status().spent
        assert mesh.post("more").held_up == "the budget is used up"
        assert repr(mesh.budget(usd=5, tokens=100_000)) == "the mesh may spend $5.00 and 100,000 tokens"
        assert "used up" not in mesh.status().spent
        with pytest.raises(Refused):
            mesh.budget(usd=5, task=77)
        visitor.leave()


@pytest.mark.parametrize(
    ("spent", "budget", "said"),
    [
        (Spending(), Budget(), ""),
        (Spending(dollars=0.424), Budget(dollars=5), "$0.42 of $5.00"),
        (Spending(input_tokens=12_000, output_tokens=400), Budget(), "12,400 tokens"),
        (Spending(), Budget(tokens=1_000_000), "0 of 1,000,000 tokens"),
    ],
)
def test_money_is_said_with_its_limit_where_there_is_one(spent: Spending, budget: Budget, said: str) -> None:
    """Nothing is said of what was neither spent nor limited."""
    assert money(spent, budget) == said
