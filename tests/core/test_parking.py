"""An agent whose service would not serve is left alone for a while, and the task it had is not blamed."""

from __future__ import annotations

import pytest

from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import AgentState, Blockage, Limits, Outcome, TaskState
from tests.core.rig import Rig, only


def block(rig: Rig, task: int, agent: str | None = None, **said: float) -> facts.AgentParked:
    """Begin the task, and have its agent say that its service would not serve."""
    award = rig.begin(task, agent)
    told = rig.say(
        award.agent,
        requests.Finish(
            task=task, attempt=award.attempt, outcome=Outcome.BLOCKED, blockage=Blockage.RATE_LIMIT,
            summary="429: slow down", **said,
        ),
    )  # fmt: skip
    return only(told, facts.AgentParked)


def test_the_task_goes_to_another_and_the_attempt_does_not_count() -> None:
    """However many services refuse, the task is not poison; its attempts are still numbered apart."""
    rig = Rig(Limits(attempts=2))
    rig.join("a", "b", "c")
    task = rig.post()
    for agent in ("a-1", "b-1"):
        assert block(rig, task, agent).reason == "429: slow down"
    assert rig.state.tasks[task].state is TaskState.QUEUED
    assert rig.state.tasks[task].counted == 0
    assert rig.award(task).attempt == 3
    assert not rig.state.tasks[task].failed_by


def test_a_parked_agent_is_asked_nothing_until_its_time() -> None:
    """Then it may bid again, without anybody having to say so."""
    rig = Rig(Limits(park=60.0))
    rig.join("a")
    task = rig.post()
    assert block(rig, task).retry_in == 60.0
    assert rig.state.agents["a-1"].state is AgentState.PARKED
    assert not any(isinstance(fact, facts.BiddingOpened) for fact in rig.pass_time(50, beat=("a-1",)))
    said = rig.pass_time(15, beat=("a-1",))
    assert only(said, facts.AgentUnparked).agent == "a-1"
    assert only(said, facts.BiddingOpened).agents == ("a-1",)


def test_it_is_left_alone_longer_each_time_in_a_row() -> None:
    """Up to an hour; a change offered in between begins the count anew."""
    rig = Rig(Limits(park=60.0, lease=1e6))
    rig.join("a")
    task = rig.post()
    waits = []
    for _ in range(8):
        waits.append(block(rig, task).retry_in)
        rig.pass_time(3600)
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    rig.complete(task)
    assert block(rig, rig.post()).retry_in == 60


def test_what_the_service_says_counts_more() -> None:
    """It knows when it may be asked again."""
    rig = Rig()
    rig.join("a")
    assert block(rig, rig.post(), retry_in=7.0).retry_in == 7.0


def test_the_person_can_try_it_at_once() -> None:
    """With the same word that ends a pause."""
    rig = Rig()
    rig.join("a")
    block(rig, rig.post())
    said = rig.say(rig.person(), requests.ResumeAgent(agent="a-1"))
    assert only(said, facts.AgentUnparked).agent == "a-1"
    assert only(said, facts.BiddingOpened).agents == ("a-1",)


def test_a_landed_change_cannot_be_blocked() -> None:
    """It is done; saying otherwise is refused."""
    rig = Rig()
    rig.join("a")
    award = rig.begin(rig.post())
    rig.land(rig.offer(award, "x.py").change)
    said = rig.say("a-1", requests.Finish(task=award.task, attempt=award.attempt, outcome=Outcome.BLOCKED))
    assert only(said, facts.RequestRefused).code == "WRONG_STATE"


@pytest.mark.parametrize("parting", [requests.Leave()])
def test_one_that_goes_is_parked_no_more(parting: requests.Leave) -> None:
    """Nothing rings for it later."""
    rig = Rig(Limits(park=60.0))
    rig.join("a")
    block(rig, rig.post())
    rig.say("a-1", parting)
    assert not any(isinstance(fact, facts.AgentUnparked) for fact in rig.pass_time(300))
