"""The end of an attempt: what it held goes back, and nobody speaks for another's attempt."""

from __future__ import annotations

import pytest

from devmesh.core import attempts
from devmesh.core.turn import Turn
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import Limits, LockMode, Outcome, Resources, Stream, TaskState
from tests.core.rig import Rig, only

MEMORY = Resources(ram_gb=4)


def working(limits: Limits | None = None) -> tuple[Rig, facts.TaskAwarded]:
    """An agent in the middle of a task, with a lock of the task and one of its own."""
    rig = Rig(limits or Limits(total=Resources(ram_gb=16)))
    rig.join("claude", declared=MEMORY)
    award = rig.begin(rig.post())
    rig.lock("claude-1", "task.py", task=award.task)
    rig.lock("claude-1", "own.py")
    return rig, award


def test_an_agent_that_says_it_is_done_frees_the_locks_of_the_task() -> None:
    """Those taken for the task end with it; one taken for nothing in particular stays."""
    rig, award = working()
    turn = Turn(rig.state, rig.now)
    attempts.give_back(turn, rig.state.tasks[award.task], said_by_agent=True)
    assert [lock.target for lock in rig.state.locks.of("claude-1")] == ["own.py"]
    assert rig.state.reserved == {}


def test_until_its_tool_has_stopped_an_agent_keeps_its_locks_and_its_memory() -> None:
    """Places in queues go back at once; those only by the agent's own word, or with their leases."""
    rig, award = working()
    rig.join("other")
    rig.lock("other-1", "hot.py", mode=LockMode.WRITE)
    asked = requests.RequestLock(targets=("hot.py",), mode=LockMode.WRITE, wait=100, task=award.task)
    rig.say("claude-1", asked)
    attempts.give_back(Turn(rig.state, rig.now), rig.state.tasks[award.task])
    assert len(rig.state.locks.of("claude-1")) == 2
    assert not rig.state.locks.waiting
    assert list(rig.state.reserved) == [award.task]


def test_giving_back_twice_is_giving_back_once() -> None:
    """The second time there is nothing to say."""
    rig, award = working()
    task = rig.state.tasks[award.task]
    attempts.give_back(Turn(rig.state, rig.now), task, said_by_agent=True)
    again = Turn(rig.state, rig.now)
    attempts.give_back(again, task, said_by_agent=True)
    assert again.effects() == []


def test_a_task_without_an_agent_has_nothing_to_give_back() -> None:
    """Queued work holds nothing."""
    rig = Rig()
    task = rig.state.tasks[rig.post()]
    turn = Turn(rig.state, rig.now)
    attempts.give_back(turn, task, said_by_agent=True)
    assert turn.effects() == []


@pytest.mark.parametrize(
    ("number", "attempt", "code", "field"),
    [(99, 1, "UNKNOWN", "task"), (1, 2, "NOT_ASSIGNED", "attempt"), (2, 1, "NOT_ASSIGNED", "task")],
)
def test_only_the_assignee_speaks_for_an_attempt(number: int, attempt: int, code: str, field: str) -> None:
    """Promise 4: an unknown task, a past attempt, another's task: refused, with the field that is wrong."""
    rig, _ = working()
    rig.post()
    said = rig.say("claude-1", requests.Report(task=number, attempt=attempt, stream=Stream.STDOUT, text="x"))
    refused = only(said, facts.RequestRefused)
    assert (refused.code, refused.field) == (code, field)


def test_the_assignee_of_an_ended_task_is_nobody() -> None:
    """A result is recorded once: after the end, the same words are refused."""
    rig, award = working()
    rig.land(rig.offer(award, "task.py").change)
    done = requests.Finish(task=award.task, attempt=1, outcome=Outcome.DONE)
    only(rig.say("claude-1", done), facts.TaskCompleted)
    assert only(rig.say("claude-1", done), facts.RequestRefused).code == "NOT_ASSIGNED"


def test_a_task_belongs_to_its_agent_from_award_to_end() -> None:
    """Not before, not after, and not while the agent is lost."""
    rig = Rig()
    rig.join("claude", "spare")
    number = rig.post()
    task = rig.state.tasks[number]
    assert not attempts.belongs(rig.state, task)
    rig.begin(number, "claude-1")
    assert attempts.belongs(rig.state, task)
    rig.lose("claude-1")
    assert attempts.belongs(rig.state, task)
    rig.pass_time(31, beat=("spare-1",))
    assert not attempts.belongs(rig.state, task)


@pytest.mark.parametrize(("attempt", "seconds"), [(0, 1), (1, 1), (2, 2), (3, 4), (7, 64), (8, 100), (500, 100)])
def test_the_back_off_doubles_up_to_a_hundred_seconds(attempt: int, seconds: float) -> None:
    """From one second, as the limits say; however often it failed, never longer."""
    assert attempts.backoff(Rig().state, attempt) == seconds


def test_a_task_is_in_its_agents_hands_in_four_states() -> None:
    """Held is every state between the award and the end."""
    assert frozenset({TaskState.CLAIMED, TaskState.WORKING, TaskState.REVIEW, TaskState.PAUSED}) == attempts.HELD
