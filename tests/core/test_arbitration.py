"""Fair bidding."""

from __future__ import annotations

from devmesh.core.arbitration import WEIGHTS
from devmesh.core.state import SetAside
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import Limits, Outcome, Resources
from tests.core.rig import Rig, only


def test_every_eligible_agent_is_asked() -> None:
    """A posted task opens one bidding, for all idle agents, told to each."""
    rig = Rig()
    names = rig.join("a", "b", "c")
    rig.post()
    opened = rig.kept[-1].fact
    assert isinstance(opened, facts.BiddingOpened)
    assert opened.agents == tuple(names)
    assert all(rig.connections[name] in rig.told for name in names)


def test_only_the_capable_and_the_chosen_are_asked() -> None:
    """Capabilities and a choice of agents (by name or tool) narrow who may bid."""
    rig = Rig()
    rig.join("a", capabilities=("python",))
    rig.join("b", capabilities=("python", "rust"))
    rig.join("c")
    assert rig.state.tasks[rig.post(capabilities=("rust",))].bidding.agents == ("b-1",)  # type: ignore[union-attr]
    assert rig.state.tasks[rig.post(agents=("c",))].bidding.agents == ("c-1",)  # type: ignore[union-attr]


def test_the_fittest_wins_whoever_spoke_first() -> None:
    """Confidence counts through fitness, not through speed."""
    rig = Rig()
    rig.join("fast", "good")
    task = rig.post()
    rig.say("fast-1", requests.Bid(task=task, confidence=0.2))
    award = only(rig.say("good-1", requests.Bid(task=task, confidence=1.0)), facts.TaskAwarded)
    assert award.agent == "good-1"
    assert award.why == "fittest"


def test_among_equals_the_least_served_wins() -> None:
    """Max-min fairness: with equal bids the work is shared out evenly, in seconds and then in awards."""
    rig = Rig()
    names = rig.join("a", "b", "c")
    for _ in range(9):
        task = rig.post()
        award = rig.begin(task)
        rig.pass_time(3, beat=tuple(names))
        rig.land(rig.offer(award, f"f{task}.py").change)
        rig.say(award.agent, requests.Finish(task=task, attempt=1, outcome=Outcome.DONE))
    assert [rig.state.agents[name].awards for name in names] == [3, 3, 3]


def test_near_equals_are_equals() -> None:
    """Fitness is rounded to tenths: a hair more confidence does not starve the others."""
    rig = Rig()
    rig.join("a", "b")
    winners = []
    for _ in range(4):
        task = rig.post()
        rig.say("a-1", requests.Bid(task=task, confidence=0.51))
        award = only(rig.say("b-1", requests.Bid(task=task, confidence=0.50)), facts.TaskAwarded)
        winners.append(award.agent)
        rig.say(award.agent, requests.Start(task=task, attempt=1))
        rig.pass_time(1)
        rig.land(rig.offer(award, "x.py").change)
        rig.say(award.agent, requests.Finish(task=task, attempt=1, outcome=Outcome.DONE))
    assert sorted(winners) == ["a-1", "a-1", "b-1", "b-1"]


def test_familiarity_with_the_files_counts() -> None:
    """Who landed a file before is fitter for the next task on it."""
    rig = Rig()
    rig.join("a", "b")
    rig.complete(rig.post(), "b-1", "src/cart.py")
    award = rig.award(rig.post(files=("src/cart.py",)))
    assert (award.agent, award.why) == ("b-1", "fittest")


def test_who_failed_a_task_is_less_fit_for_it() -> None:
    """After a failed attempt the other agent is preferred."""
    rig = Rig()
    rig.join("a", "b")
    award = rig.begin(rig.post())
    rig.say(award.agent, requests.Finish(task=award.task, attempt=1, outcome=Outcome.FAILED))
    assert rig.award(award.task).agent != award.agent


def test_a_bidding_closes_when_its_window_ends() -> None:
    """Silence is no veto: after the window the best bid so far wins."""
    rig = Rig()
    rig.join("talks", "silent")
    task = rig.post()
    rig.say("talks-1", requests.Bid(task=task))
    award = only(rig.pass_time(1), facts.TaskAwarded)
    assert award.agent == "talks-1"


def test_nobody_wants_it_so_it_is_offered_again_later() -> None:
    """A task everyone declined is offered again after a growing pause, not at once."""
    rig = Rig()
    rig.join("picky")
    task = rig.post()
    said = rig.say("picky-1", requests.Decline(task=task))
    assert only(said, facts.TaskRequeued).delay == 1.0
    assert rig.state.tasks[task].bidding is None
    rig.pass_time(1)
    assert only(rig.say("picky-1", requests.Decline(task=task)), facts.TaskRequeued).delay == 2.0


def test_a_winner_of_two_biddings_gets_one() -> None:
    """An agent that became busy is passed over, and its other task goes to the next."""
    rig = Rig()
    rig.join("a", "b")
    first, second = rig.post(), rig.post()
    rig.say("a-1", requests.Bid(task=first, confidence=1.0))
    rig.say("a-1", requests.Bid(task=second, confidence=1.0))
    rig.say("b-1", requests.Bid(task=first, confidence=0.1))
    award = only(rig.say("b-1", requests.Bid(task=second, confidence=0.1)), facts.TaskAwarded)
    assert award.agent == "b-1"


def test_a_stranger_to_the_bidding_is_refused() -> None:
    """Rule 2: a bid nobody asked for is refused."""
    rig = Rig()
    rig.join("a")
    task = rig.post()
    rig.join("late")
    assert only(rig.say("late-1", requests.Bid(task=task)), facts.RequestRefused).rule == 2


def test_bids_for_unknown_and_closed_tasks_are_refused() -> None:
    """Both say why."""
    rig = Rig()
    rig.join("a")
    assert only(rig.say("a-1", requests.Bid(task=5)), facts.RequestRefused).code == "UNKNOWN"
    task = rig.post()
    rig.award(task)
    assert only(rig.say("a-1", requests.Decline(task=task)), facts.RequestRefused).code == "WRONG_STATE"


def test_paused_and_absent_agents_are_not_asked() -> None:
    """A paused agent and one whose connection dropped get no new work; on return they do."""
    rig = Rig()
    rig.join("a", "b", "c")
    rig.say(rig.person(), requests.PauseAgent(agent="a-1"))
    rig.lose("b-1")
    assert rig.state.tasks[rig.post()].bidding.agents == ("c-1",)  # type: ignore[union-attr]


def test_a_task_waits_until_its_memory_is_free() -> None:
    """Rule 6: two tasks of 10 GB on 16 GB run one after the other."""
    rig = Rig(Limits(total=Resources(ram_gb=16)))
    rig.join("a", "b", declared=Resources(ram_gb=10))
    first, second = rig.post(), rig.post()
    award = rig.begin(first)
    assert rig.state.reserved == {first: SetAside(award.agent, Resources(ram_gb=10))}
    said = rig.pass_time(60, beat=("a-1", "b-1"))
    assert not [fact for fact in said if isinstance(fact, facts.TaskAwarded)]
    rig.land(rig.offer(award, "x.py").change)
    rig.say(award.agent, requests.Finish(task=first, attempt=1, outcome=Outcome.DONE))
    assert rig.state.reserved == {}
    assert rig.award(second).needs == Resources(ram_gb=10)


def test_the_weights_sum_to_one() -> None:
    """So that fitness is a share."""
    assert sum(WEIGHTS.values()) == 1.0
