"""The framework: Rules 1 and 7."""

from __future__ import annotations

import pytest

from devmesh.core.framework import in_order
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import PlannedTask
from tests.core.rig import Rig, only

PLAN = (
    PlannedTask(key="tests", title="Tests", prompt="test it", depends_on=("code",)),
    PlannedTask(key="code", title="Code", prompt="write it", files=("a.py",), priority=2),
)


def test_the_architect_is_asked_for_a_framework() -> None:
    """A goal goes to the architect alone; one set before anyone joined reaches the first who does."""
    rig = Rig()
    rig.join("a", "b")
    said = rig.say(rig.person(), requests.SetGoal(text="a shop"))
    assert only(said, facts.FrameworkRequested).agent == "a-1"
    empty = Rig()
    empty.say(empty.person(), requests.SetGoal(text="a shop"))
    empty.connect("x")
    assert only(empty.say("x", requests.Join(tool="x")), facts.FrameworkRequested).goal == "a shop"


def test_a_framework_becomes_tasks_in_order() -> None:
    """Keys become numbers, dependencies first, whatever order the plan was written in."""
    rig = Rig()
    rig.join("a")
    said = rig.say("a-1", requests.ProposeFramework(overview="two steps", tasks=PLAN))
    posted = [fact for fact in said if isinstance(fact, facts.TaskPosted)]
    assert [(fact.title, fact.depends_on) for fact in posted] == [("Code", ()), ("Tests", (posted[0].task,))]
    assert all(fact.framework == 1 for fact in posted)


def test_nobody_else_plans() -> None:
    """Rule 1: a framework from another agent is refused."""
    rig = Rig()
    rig.join("a", "b")
    refused = only(rig.say("b-1", requests.ProposeFramework(overview="mine")), facts.RequestRefused)
    assert (refused.code, refused.rule) == ("NOT_ARCHITECT", 1)


@pytest.mark.parametrize(
    "tasks",
    [
        (PLAN[0],),
        (PLAN[1], PLAN[1]),
        (
            PlannedTask(key="a", title="", prompt="", depends_on=("b",)),
            PlannedTask(key="b", title="", prompt="", depends_on=("a",)),
        ),
    ],
    ids=["unknown dependency", "key twice", "circle"],
)
def test_an_impossible_plan_is_refused(tasks: tuple[PlannedTask, ...]) -> None:
    """Unknown dependencies, doubled keys and circles are refused, naming the field, and nothing is posted."""
    rig = Rig()
    rig.join("a")
    refused = only(rig.say("a-1", requests.ProposeFramework(overview="x", tasks=tasks)), facts.RequestRefused)
    assert refused.field == "tasks"
    assert in_order(tasks) is None
    assert not rig.state.tasks


def test_the_framework_is_read_before_work() -> None:
    """Rule 7: starting without having read the framework in force at the award is refused."""
    rig = Rig()
    rig.join("architect", "worker")
    rig.say("architect-1", requests.ProposeFramework(overview="read me", tasks=PLAN))
    (code, _) = rig.state.tasks
    award = rig.award(code, "worker-1")
    assert (award.framework, award.overview) == (1, "read me")
    start = requests.Start(task=code, attempt=1)
    assert only(rig.say("worker-1", start), facts.RequestRefused).rule == 7
    rig.say("worker-1", requests.ReadFramework(version=1))
    only(rig.say("worker-1", start), facts.TaskStarted)


def test_a_version_that_does_not_exist_cannot_be_read() -> None:
    """Reading ahead is refused."""
    rig = Rig()
    rig.join("a")
    assert only(rig.say("a-1", requests.ReadFramework(version=1)), facts.RequestRefused).code == "UNKNOWN"


def test_discoveries_carry_their_author() -> None:
    """An agent's under its name, the person's as `person`."""
    rig = Rig()
    rig.join("a")
    share = requests.ShareDiscovery(title="flaky", text="test_x needs UTC")
    assert only(rig.say("a-1", share), facts.DiscoveryShared).agent == "a-1"
    said = only(rig.say(rig.person(), share), facts.DiscoveryShared)
    assert (said.agent, said.discovery) == ("person", 2)
