"""The state's own small truths: what is derived can never disagree with what it is derived from."""

from __future__ import annotations

import pytest

from devmesh.core.state import ENDED, Bidding, MeshState
from devmesh.core.transitions import TASK_TRANSITIONS
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import AgentState, TaskState
from tests.core.rig import Rig


def test_an_agents_state_follows_from_its_life() -> None:
    """Idle, working, paused, away, gone: in the order in which they win over each other."""
    rig = Rig()
    rig.join("a")
    agent = rig.state.agents["a-1"]
    seen = [agent.state]
    award = rig.begin(rig.post())
    seen.append(agent.state)
    rig.say(rig.person(), requests.PauseAgent(agent="a-1"))
    seen.append(agent.state)
    rig.lose("a-1")
    seen.append(agent.state)
    rig.pass_time(60)
    seen.append(agent.state)
    assert seen == [AgentState.IDLE, AgentState.WORKING, AgentState.PAUSED, AgentState.AWAY, AgentState.GONE]
    assert rig.state.tasks[award.task].agent is None


def test_an_agent_with_only_a_review_is_working() -> None:
    """Judging is work."""
    rig = Rig()
    rig.join("a", "b")
    change = rig.offer(rig.begin(rig.post(review=True), "a-1"), "x.py").change
    review = rig.state.changes[change].review
    assert review is not None
    rig.award(review, "b-1")
    assert rig.state.agents["b-1"].task is None
    assert rig.state.agents["b-1"].state is AgentState.WORKING


@pytest.mark.parametrize(
    ("bids", "declined", "spoke"),
    [((), (), False), (("a",), (), False), (("a",), ("b",), True), ((), ("a", "b"), True), (("a", "b"), (), True)],
)
def test_a_bidding_knows_when_all_have_spoken(bids: tuple[str, ...], declined: tuple[str, ...], *, spoke: bool) -> None:
    """A no counts as much as a yes."""
    bidding = Bidding(attempt=1, agents=("a", "b"), closes_at=9.0)
    for name in bids:
        bidding.bids[name] = facts.BidPlaced(task=1, attempt=1, agent=name, confidence=1, fitness=1)
    bidding.declined.update(dict.fromkeys(declined))
    assert bidding.all_spoke is spoke


def test_an_ended_task_leaves_its_state_only_when_queued_again() -> None:
    """Completed never; failed and cancelled only by the person's retry. This is what `ended` means."""
    for state in TaskState:
        leads = set(TASK_TRANSITIONS[state])
        assert (leads <= {facts.TaskRequeued}) is (state in ENDED)
    assert TASK_TRANSITIONS[TaskState.COMPLETED] == {}


def test_open_tasks_are_those_not_ended() -> None:
    """Decisions look at these only: a long history costs them nothing."""
    rig = Rig()
    rig.join("a")
    first, second = rig.post(), rig.post()
    rig.complete(first)
    assert list(rig.state.open_tasks) == [second]
    assert rig.state.tasks[first].ended


def test_a_number_is_taken_when_its_fact_is_applied() -> None:
    """Asking for the next number twice gives the same one."""
    rig = Rig()
    assert rig.state.number("task") == rig.state.number("task") == 1
    assert rig.post() == 1
    assert rig.state.number("task") == 2


def test_present_are_those_who_joined_and_did_not_go() -> None:
    """In the order of joining."""
    rig = Rig()
    rig.join("a", "b", "c")
    rig.say("b-1", requests.Leave())
    assert [agent.name for agent in rig.state.present] == ["a-1", "c-1"]


def test_a_new_state_knows_nothing() -> None:
    """Every count is zero, every table empty."""
    state = MeshState()
    assert (state.sequence, state.epoch, state.now, state.running) == (0, 0, 0.0, False)
    assert not any((state.sessions, state.agents, state.tasks, state.changes, state.locks.locks, state.watchers))
