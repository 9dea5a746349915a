"""What a winner is told: the whole task, its attempt, and which files are locked before work starts."""

from __future__ import annotations

import pytest

from devmesh.core.awards import award, lane_of, locked_globs
from devmesh.vocabulary.facts import TaskAwarded
from devmesh.vocabulary.requests import ProposeFramework, SetGoal
from devmesh.vocabulary.terms import Lane, LanePolicy, Limits, Resources, TaskKind
from tests.core.rig import BLOB, ZERO, Rig

LANES = (
    LanePolicy(glob="vendor/open.lock", lane=Lane.OPTIMISTIC),
    LanePolicy(glob="*.lock", lane=Lane.LOCKED),
    LanePolicy(glob="migrations/", lane=Lane.LOCKED),
)


@pytest.mark.parametrize(
    ("target", "lane"),
    [
        ("src/app.py", Lane.OPTIMISTIC),
        ("poetry.lock", Lane.LOCKED),
        ("deep/down/poetry.lock", Lane.OPTIMISTIC),
        ("vendor/open.lock", Lane.OPTIMISTIC),
        ("migrations/0001.py", Lane.LOCKED),
        ("migrations/", Lane.LOCKED),
        ("**", Lane.OPTIMISTIC),
    ],
)
def test_the_first_policy_that_overlaps_decides(target: str, lane: Lane) -> None:
    """A policy is a glob from the project's root; a target that none touches is optimistic."""
    assert lane_of(Rig(Limits(lanes=LANES)).state, target) is lane


def test_an_agent_is_told_every_glob_it_must_lock() -> None:
    """Also those its task does not name: a tool may turn to any file."""
    assert locked_globs(Rig(Limits(lanes=LANES)).state) == ("*.lock", "migrations/")
    assert locked_globs(Rig().state) == ()


def test_an_award_carries_all_that_was_posted() -> None:
    """The winner asks nobody anything more."""
    rig = Rig(Limits(lanes=LANES))
    number = rig.post("do it", title="It", files=("a.py", "poetry.lock"), check="true", review=True, time_limit=60)
    needs = Resources(ram_gb=1)
    said = award(rig.state, rig.state.tasks[number], "a-1", needs, fitness=0.7, bids=2, why="fittest")
    assert said == TaskAwarded(
        task=number,
        attempt=1,
        agent="a-1",
        prompt="do it",
        title="It",
        fitness=0.7,
        bids=2,
        why="fittest",
        files=("a.py", "poetry.lock"),
        locked=("poetry.lock",),
        lock_globs=("*.lock", "migrations/"),
        needs=needs,
        review=True,
        check="true",
        time_limit=60,
    )


def test_without_a_limit_of_its_own_a_task_has_the_meshs() -> None:
    """Nothing runs for ever."""
    rig = Rig(Limits(task_limit=120))
    task = rig.state.tasks[rig.post()]
    assert award(rig.state, task, "a-1", Resources(), fitness=0, bids=1, why="").time_limit == 120


def test_an_award_counts_the_attempt_before_it_is_dispatched() -> None:
    """A crash never makes an attempt free."""
    rig = Rig()
    rig.join("a")
    number = rig.post()
    assert rig.award(number).attempt == 1
    assert rig.state.tasks[number].attempt == 1


def test_a_winner_is_given_the_framework_in_force() -> None:
    """Rule 7: its version and its text."""
    rig = Rig()
    rig.join("a")
    rig.say(rig.person(), SetGoal(text="a shop"))
    rig.say("a-1", ProposeFramework(overview="Shelves first."))
    said = rig.award(rig.post())
    assert (said.framework, said.overview) == (1, "Shelves first.")


def test_a_reviewer_is_given_the_commits_to_judge() -> None:
    """And the change they belong to."""
    rig = Rig()
    rig.join("a", "b")
    change = rig.offer(rig.begin(rig.post(review=True), "a-1"), "x.py").change
    review = rig.state.changes[change].review
    assert review is not None
    said = rig.award(review, "b-1")
    assert (said.task_kind, said.reviews, said.base, said.head) == (TaskKind.REVIEW, change, ZERO, BLOB["f"])
