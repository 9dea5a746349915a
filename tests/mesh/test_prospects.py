"""Why a queued task goes to nobody."""

from __future__ import annotations

from typing import Any

import pytest

from devmesh.core.apply import apply
from devmesh.core.state import MeshState
from devmesh.errors import WaitTimeout
from devmesh.jupyter.panels import source_of
from devmesh.mesh import Mesh
from devmesh.mesh.prospects import held_up
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import AgentJoined, BudgetReached, SessionOpened, TaskCancelled, TaskPaused, TaskPosted
from devmesh.vocabulary.requests import Finish
from devmesh.vocabulary.terms import AgentState, Blockage, Budget, Outcome, Role, Spending
from tests.mesh.visitor import Visitor


def told(*facts: Any) -> MeshState:
    """The state after these facts."""
    state = MeshState()
    sessions = [
        SessionOpened(session=fact.session, connection=fact.session, role=Role.AGENT, key=fact.agent)
        for fact in facts
        if isinstance(fact, AgentJoined)
    ]
    for number, fact in enumerate([*sessions, *facts], start=1):
        apply(state, Recorded(sequence=number, fact=fact, now=float(number)))
    return state


def here(name: str, *capabilities: str) -> AgentJoined:
    """An agent that joined."""
    return AgentJoined(agent=name, session=ord(name[0]), tool=name.partition("-")[0], capabilities=capabilities)


@pytest.mark.parametrize(
    ("agents", "wishes", "reason"),
    [
        ((), {}, "no agent is here"),
        ((here("a-1"),), {}, ""),
        ((here("a-1"),), {"agents": ("a-1", "bob")}, ""),
        ((here("a-1"),), {"agents": ("a",)}, ""),
        ((here("a-1"),), {"agents": ("bob", "eve")}, "bob or eve is not here"),
        ((here("a-1"), here("b-1", "gpu")), {"capabilities": ("gpu",)}, ""),
        ((here("a-1"),), {"capabilities": ("gpu",)}, "nobody here is able to: gpu"),
        ((here("a-1"),), {"excludes": ("a-1",)}, "somebody other than a-1 is needed"),
        ((here("a-1"), here("b-1")), {"excludes": ("a-1",)}, ""),
        ((), {"depends_on": (7,)}, ""),
    ],
)
def test_a_queued_task_says_what_it_lacks(agents: tuple[AgentJoined, ...], wishes: dict[str, Any], reason: str) -> None:
    """Whom it names, what it asks for, whom it rules out; nothing where it may find somebody, or waits for others."""
    state = told(*agents, TaskPosted(task=1, prompt="x", **wishes))
    assert held_up(state, state.tasks[1]) == reason


@pytest.mark.slow
def test_an_agent_that_keeps_a_paused_task_is_named(mesh: Mesh) -> None:
    """It takes no other work until somebody resumes or cancels that."""
    visitor, first = Visitor(mesh), mesh.post("begin")
    visitor.begin(first.number)
    mesh.pause(first)
    second = mesh.post("more")
    assert second.held_up == "visitor-1 keeps paused task 1"
    with pytest.raises(WaitTimeout, match=r"task 2 is not over after 0.1 s \(queued: visitor-1 keeps paused task 1\)"):
        second.result(0.1)
    mesh.cancel(first)
    visitor.leave()


def test_a_task_whose_budget_is_used_up_says_so() -> None:
    """Nobody is missing: the person decides."""
    state = told(
        TaskPosted(task=1, prompt="x"),
        BudgetReached(task=1, budget=Budget(tokens=1), spent=Spending(input_tokens=2)),
        TaskPaused(task=1),
    )
    assert held_up(state, state.tasks[1]) == "its budget, or the mesh's, is used up"


def test_a_task_that_is_over_lacks_nothing() -> None:
    """Only what is queued can be held up."""
    state = told(TaskPosted(task=1, prompt="x"), TaskCancelled(task=1))
    assert held_up(state, state.tasks[1]) == ""


@pytest.mark.slow
def test_a_parked_agent_is_named_with_its_reason_wherever_one_looks(mesh: Mesh) -> None:
    """In what holds a task up, in the status, and in the row of the agent; resumed by the person, it is tried again."""
    visitor, task = Visitor(mesh), mesh.post("Ask the service")
    visitor.begin(task.number)
    visitor.say(
        Finish(
            task=task.number,
            attempt=1,
            outcome=Outcome.BLOCKED,
            summary="429 too many requests",
            blockage=Blockage.RATE_LIMIT,
            retry_in=600.0,
        )
    )
    mesh._door.replica.when(lambda state: state.agents["visitor-1"].parked).result(5)
    assert task.held_up == "parked: visitor-1 (rate limit)"
    (said,) = mesh.status().parked
    assert said.startswith("visitor-1 (rate limit)")
    assert "tried again in" in said
    (row,) = source_of(mesh._operations).view().agents
    assert (row.state, row.parked.partition(":")[0]) == (AgentState.PARKED, "rate limit")
    assert row.retry_at is not None
    mesh.resume("visitor-1")
    assert mesh.status().parked == ()
    visitor.leave()
