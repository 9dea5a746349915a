"""What is a plan and what is none: told so exactly that a tool can mend it."""

from __future__ import annotations

import pytest

from devmesh.bridge.plans import Plan, fault_in, plan_in
from devmesh.errors import DevMeshError
from devmesh.vocabulary.terms import PlannedTask

GOOD = '{"overview": "o", "tasks": [{"key": "a", "title": "t", "prompt": "p", "files": ["x.py"]}]}'


def task(key: str, *depends_on: str) -> PlannedTask:
    """A task of a plan."""
    return PlannedTask(key=key, title=key, prompt="do it", depends_on=depends_on)


@pytest.mark.parametrize(
    "answer",
    [GOOD, f"Here it is:\n```json\n{GOOD}\n```\nGood luck!", f"I think that\n{GOOD}\nwill do.", f"```\n{GOOD}\n```"],
)
def test_a_plan_is_found_in_whatever_stands_around_it(answer: str) -> None:
    """In a fence, in the middle of a text, or alone."""
    assert plan_in(answer).tasks[0].files == ("x.py",)


def test_of_several_plans_the_last_counts() -> None:
    """The first may be the example that was given."""
    assert plan_in(f'```json\n{GOOD}\n```\nor\n```json\n{{"overview": "better"}}\n```').overview == "better"


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("I have no plan.", "there is no JSON object in it"),
        ('```json\n{"overview": 1}\n```', r"Expected `str`, got `int` - at `\$.overview`"),
        ('{"overview": "o", "tasks": [{"key": "a b", "title": "t", "prompt": "p"}]}', r"at `\$\.tasks\[0\]\.key`"),
        ('```json\n{"overview": "o", "tasks": [{"key": "a"}]}\n```', "missing required field `title`"),
        ('```json\n{"overview": \n```', "holds no plan"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_schema_is_named_with_its_place(answer: str, fault: str) -> None:
    """So that the tool can be told."""
    with pytest.raises(DevMeshError, match=fault):
        plan_in(answer)


def test_a_plan_that_can_be_done_has_no_fault() -> None:
    """In any order, with several before one."""
    assert fault_in(Plan("o", (task("c", "a", "b"), task("a"), task("b", "a")))) == ""
    assert fault_in(Plan("o")) == ""


def test_repeated_and_unknown_keys_are_named() -> None:
    """With the task that says so, and the keys there are."""
    fault = fault_in(Plan("o", (task("a"), task("a"), task("b", "c"))))
    assert "2 tasks have the key 'a'" in fault
    assert "task 'b' depends on 'c', which is no task's key (a, b)" in fault


def test_a_circle_of_dependencies_is_named_task_by_task() -> None:
    """Also when others wait for the circle; one that waits for itself is the smallest."""
    fault = fault_in(Plan("o", (task("z", "a"), task("a", "b"), task("b", "c"), task("c", "a"))))
    assert "a -> b -> c -> a" in fault
    assert "z" not in fault
    assert "a -> a" in fault_in(Plan("o", (task("a", "a"),)))
