"""One task by several agents: each copy another's, none lands before the person chose, the rest then ends."""

from __future__ import annotations

from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import ChangeState, Outcome, TaskState, Verdict
from tests.core.rig import Rig, only


def contest(copies: int = 2) -> tuple[Rig, list[facts.TaskAwarded]]:
    """Three agents, and so many copies, each begun."""
    rig = Rig()
    rig.join("a", "b", "c")
    said = rig.say(rig.person(), requests.PostTask(prompt="do it", copies=copies))
    posted = [fact for fact in said if isinstance(fact, facts.TaskPosted)]
    assert [(fact.task, fact.contest) for fact in posted] == [(n + 1, 1) for n in range(copies)]
    return rig, [rig.begin(fact.task) for fact in posted]


def test_every_copy_is_another_agents() -> None:
    """Also a third, when two have theirs."""
    _, awards = contest(3)
    assert len({award.agent for award in awards}) == 3


def test_no_copy_lands_and_no_agent_is_asked_to_judge() -> None:
    """The person compares."""
    rig, awards = contest()
    offers = [rig.offer(award, "x.py") for award in awards]
    assert rig.state.gate is None
    assert all(rig.state.changes[offer.change].state is ChangeState.REVIEWING for offer in offers)
    assert {task.posted.task_kind.value for task in rig.state.tasks.values()} == {"work"}
    said = rig.say(awards[1].agent, requests.Review(change=offers[0].change, verdict=Verdict.APPROVE))
    assert only(said, facts.RequestRefused).code == "NOT_ASSIGNED"


def test_the_chosen_one_lands_and_the_others_end() -> None:
    """Whether they were done or not."""
    rig, awards = contest(3)
    offers = [rig.offer(award, "x.py") for award in awards[:2]]
    said = rig.say(rig.person(), requests.Review(change=offers[1].change, verdict=Verdict.APPROVE))
    assert {fact.task for fact in said if isinstance(fact, facts.TaskCancelled)} == {1, 3}
    assert only(rig.land(offers[1].change), facts.ChangeApplied).task == 2
    done = requests.Finish(task=2, attempt=awards[1].attempt, outcome=Outcome.DONE)
    rig.say(awards[1].agent, done)
    assert rig.state.tasks[2].state is TaskState.COMPLETED
    assert not rig.state.contests


def test_one_sent_back_ends_nothing() -> None:
    """Its agent goes on, like everybody else."""
    rig, awards = contest()
    offer = rig.offer(awards[0], "x.py")
    said = rig.say(rig.person(), requests.Review(change=offer.change, verdict=Verdict.CHANGES_WANTED, remarks="no"))
    assert not any(isinstance(fact, facts.TaskCancelled) for fact in said)
    assert rig.state.tasks[2].state is TaskState.WORKING


def test_a_task_alone_is_no_contest() -> None:
    """The usual case."""
    rig = Rig()
    assert rig.state.tasks[rig.post()].posted.contest is None
