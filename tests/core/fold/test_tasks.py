"""Facts about tasks, applied."""

from __future__ import annotations

from typing import Any

import pytest

from devmesh.core.apply import apply
from devmesh.core.fold.tasks import KEPT
from devmesh.core.state import MeshState
from devmesh.errors import IllegalTransition
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.terms import TaskKind, TaskState
from tests.core.rig import Rig

BY: dict[str, Any] = {"task": 1, "attempt": 1, "agent": "a-1"}


def told(rig: Rig, *said: Any) -> None:
    """The facts, one after the other, now."""
    for fact in said:
        apply(rig.state, Recorded(sequence=rig.state.sequence + 1, fact=fact, now=rig.now))


def posted(**options: Any) -> Rig:
    """A task and one agent, which has not spoken yet."""
    rig = Rig()
    rig.join("a")
    rig.post(**options)
    return rig


def awarded(**options: Any) -> Rig:
    """The agent has the task."""
    rig = posted(**options)
    told(rig, facts.TaskAwarded(**BY, prompt="do it"))
    return rig


def started(**options: Any) -> Rig:
    """Its tool runs."""
    rig = awarded(**options)
    told(rig, facts.TaskStarted(**BY, workspace="w"))
    return rig


def test_an_open_bidding_is_due_when_its_window_ends() -> None:
    """And holds who may speak."""
    rig = posted()
    bidding = rig.state.tasks[1].bidding
    assert bidding is not None
    assert (bidding.attempt, bidding.agents) == (1, ("a-1",))
    assert rig.state.alarms.times["bidding", "1"] == rig.now + rig.limits.bid_window


def test_the_last_word_of_a_bidder_counts() -> None:
    """Yes after no, no after yes."""
    rig = posted()
    bidding = rig.state.tasks[1].bidding
    assert bidding is not None
    bid = facts.BidPlaced(**BY, confidence=0.5, fitness=0.5)
    told(rig, bid, facts.BidDeclined(**BY))
    assert (list(bidding.bids), list(bidding.declined)) == ([], ["a-1"])
    told(rig, bid)
    assert (list(bidding.bids), list(bidding.declined)) == (["a-1"], [])


def test_a_word_after_the_bidding_is_closed_changes_nothing() -> None:
    """It crossed the award on its way."""
    rig = awarded()
    told(rig, facts.BidPlaced(**BY, confidence=0.5, fitness=0.5), facts.BidDeclined(**BY))
    assert rig.state.tasks[1].bidding is None


def test_an_award_binds_task_and_agent() -> None:
    """To each other, with an attempt counted and a time by which to begin."""
    rig = awarded()
    task, agent = rig.state.tasks[1], rig.state.agents["a-1"]
    assert (task.state, task.agent, task.attempt, task.bidding) == (TaskState.CLAIMED, "a-1", 1, None)
    assert (agent.task, agent.reviewing, agent.awards) == (1, None, 1)
    assert rig.state.alarms.times["task", "1"] == rig.now + rig.limits.claim_limit
    assert ("bidding", "1") not in rig.state.alarms.times


def test_a_review_is_had_beside_work() -> None:
    """In a place of its own."""
    rig = posted()
    told(rig, facts.TaskAwarded(**BY, prompt="judge", task_kind=TaskKind.REVIEW))
    assert (rig.state.agents["a-1"].task, rig.state.agents["a-1"].reviewing) == (None, 1)


def test_a_started_task_is_due_at_its_limit_and_a_lease() -> None:
    """Its own limit, else the mesh's."""
    for rig, limit in ((started(time_limit=10.0), 10.0), (started(), Rig().limits.task_limit)):
        assert rig.state.alarms.times["task", "1"] == rig.now + limit + rig.limits.lease
        assert rig.state.tasks[1].workspace == "w"


def test_work_given_is_counted_from_the_start_to_the_end() -> None:
    """Who was served least is known from this."""
    rig = started()
    rig.now += 40
    told(rig, facts.TaskCompleted(**BY, summary="done"))
    agent = rig.state.agents["a-1"]
    assert (agent.served, agent.task) == (40, None)
    task = rig.state.tasks[1]
    assert (task.state, task.summary, task.ended_at) == (TaskState.COMPLETED, "done", rig.now)
    assert not [key for key in rig.state.alarms.times if key[0] == "task"]


def test_a_pause_remembers_where_it_began() -> None:
    """And rings no alarm until it ends; then the time limit runs anew."""
    rig = started()
    told(rig, facts.TaskPaused(task=1, agent="a-1"))
    task = rig.state.tasks[1]
    assert (task.state, task.paused_from) == (TaskState.PAUSED, TaskState.WORKING)
    assert ("task", "1") not in rig.state.alarms.times
    rig.now += 1000
    told(rig, facts.TaskResumed(task=1, agent="a-1"))
    assert (task.state, task.paused_from) == (TaskState.WORKING, None)
    assert rig.state.alarms.times["task", "1"] > rig.now


def test_what_happens_to_a_paused_task_moves_the_state_beneath() -> None:
    """A tool that ends as it is being paused loses nothing: started under the pause, it resumes as working."""
    rig = awarded()
    told(rig, facts.TaskPaused(task=1, agent="a-1"), facts.TaskStarted(**BY))
    task = rig.state.tasks[1]
    assert (task.state, task.paused_from) == (TaskState.PAUSED, TaskState.WORKING)
    told(rig, facts.TaskCompleted(**BY))
    assert (task.state, task.paused_from) == (TaskState.COMPLETED, None)


def test_an_abandoned_task_counts_a_death_only_if_there_was_one() -> None:
    """Leaving is none."""
    for death in (True, False):
        rig = started()
        told(rig, facts.TaskAbandoned(**BY, death=death))
        assert rig.state.tasks[1].deaths == death
        assert rig.state.agents["a-1"].task is None


def test_a_requeued_task_remembers_who_failed_it_and_when_it_may_go_on() -> None:
    """It is fresh for everybody else."""
    rig = started()
    told(rig, facts.TaskRequeued(task=1, delay=4.0))
    task = rig.state.tasks[1]
    assert (task.state, task.agent, list(task.failed_by)) == (TaskState.QUEUED, None, ["a-1"])
    assert task.not_before == rig.now + 4
    assert rig.state.alarms.times["task", "1"] == rig.now + 4


def test_a_bidding_nobody_answered_is_counted_until_an_award() -> None:
    """So that the next one waits longer."""
    rig = posted()
    told(rig, facts.TaskRequeued(task=1, delay=1.0))
    assert rig.state.tasks[1].unbid == 1
    told(rig, facts.TaskAwarded(**BY, prompt="do it"))
    assert rig.state.tasks[1].unbid == 0


def test_a_retried_task_begins_like_a_new_one() -> None:
    """Attempts, deaths and grudges are forgiven; attempts go on being numbered."""
    rig = started()
    told(rig, facts.TaskRequeued(task=1), facts.TaskAwarded(**{**BY, "attempt": 2}, prompt="do it"))
    told(rig, facts.TaskAbandoned(**{**BY, "attempt": 2}, death=True), facts.TaskFailed(task=1, reason="poison"))
    assert 1 not in rig.state.open_tasks
    assert list(rig.state.tasks[1].failed_by) == ["a-1"]
    told(rig, facts.TaskRequeued(task=1))
    task = rig.state.tasks[1]
    assert (task.attempt, task.counted, task.deaths, list(task.failed_by), task.ended_at) == (2, 0, 0, [], None)
    assert 1 in rig.state.open_tasks


def test_a_priority_changes_in_the_queue() -> None:
    """What was posted stays as it was."""
    rig = posted(priority=4)
    told(rig, facts.TaskReprioritised(task=1, priority=1))
    assert (rig.state.tasks[1].priority, rig.state.tasks[1].posted.priority) == (1, 4)


@pytest.mark.parametrize("fact", [facts.TaskStarted(**BY), facts.TaskCompleted(**BY)])
def test_what_cannot_happen_is_our_own_error(fact: Any) -> None:
    """A task that is queued was neither started nor completed."""
    with pytest.raises(IllegalTransition):
        told(posted(), fact)


def test_long_ended_tasks_leave_the_state_and_what_is_waited_for_stays() -> None:
    """The state stays small however long the history; a dependency is kept as long as someone depends on it."""
    state = MeshState()
    sequence = 0

    def say(fact: Any) -> None:
        nonlocal sequence
        sequence += 1
        apply(state, Recorded(sequence=sequence, fact=fact))

    surplus = KEPT // 10 + 50
    say(facts.TaskPosted(task=1, prompt="x"))
    say(facts.TaskPosted(task=2, prompt="x", depends_on=(1,)))
    say(facts.TaskCancelled(task=1))
    for number in range(3, KEPT + surplus):
        say(facts.TaskPosted(task=number, prompt="x"))
        say(facts.TaskCancelled(task=number))
    assert {1, 2} <= state.tasks.keys()
    assert 3 not in state.tasks
    assert KEPT <= len(state.tasks) <= KEPT + KEPT // 10 + 1
    assert list(state.open_tasks) == [2]
