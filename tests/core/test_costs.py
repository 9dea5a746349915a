"""What is spent is counted once, and a budget stops before more is spent than it allows."""

from __future__ import annotations

from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import Budget, Limits, Spending, TaskState, Verdict
from tests.core.rig import Rig, only


def spend(rig: Rig, award: facts.TaskAwarded, dollars: float, tokens: int = 0) -> list[object]:
    """A report of the award's agent."""
    return rig.say(
        award.agent,
        requests.ReportUsage(task=award.task, attempt=award.attempt, input_tokens=tokens, dollars=dollars),
    )


def test_task_agent_and_mesh_add_up_what_is_reported() -> None:
    """Each report is an addition; one said twice counts once."""
    rig = Rig()
    rig.join("a")
    award = rig.begin(rig.post())
    spend(rig, award, 0.5, 100)
    spend(rig, award, 0.25, 10)
    rig.say("a-1", requests.ReportUsage(task=1, attempt=1, input_tokens=10, dollars=0.25), again=True)
    expected = Spending(input_tokens=110, dollars=0.75)
    assert rig.state.tasks[1].spent == rig.state.agents["a-1"].spent == rig.state.spent == expected


def test_nobody_reports_for_another() -> None:
    """Only the attempt's own agent."""
    rig = Rig()
    rig.join("a", "b")
    award = rig.begin(rig.post(), "a-1")
    said = rig.say("b-1", requests.ReportUsage(task=award.task, attempt=1, dollars=9.0))
    assert only(said, facts.RequestRefused).code == "NOT_ASSIGNED"
    assert rig.state.spent == Spending()


def test_what_was_spent_before_a_cancel_still_counts() -> None:
    """The money is gone."""
    rig = Rig()
    rig.join("a")
    award = rig.begin(rig.post())
    rig.say(rig.person(), requests.CancelTask(task=award.task))
    spend(rig, award, 0.5)
    assert rig.state.spent.dollars == 0.5


def test_a_task_that_has_spent_its_budget_is_paused() -> None:
    """And its agent is told, so that its tool stops."""
    rig = Rig()
    rig.join("a")
    award = rig.begin(rig.post(budget=Budget(dollars=1.0)))
    assert award.budget_left == Budget(dollars=1.0)
    assert rig.state.tasks[1].state is TaskState.WORKING
    said = spend(rig, award, 1.0)
    assert only(said, facts.BudgetReached).task == 1
    assert only(said, facts.TaskPaused).agent == "a-1"
    assert any(isinstance(fact, facts.TaskPaused) for fact in rig.told[rig.connections["a-1"]])


def test_another_run_that_would_exceed_the_budget_is_not_begun() -> None:
    """A run is expected to cost what the dearest so far cost: parked before, not after."""
    rig = Rig()
    rig.join("a")
    award = rig.begin(rig.post(budget=Budget(tokens=150), review=True))
    spend(rig, award, 0.0, 100)
    change = rig.offer(award, "x.py").change
    verdict = requests.Review(change=change, verdict=Verdict.CHANGES_WANTED, remarks="no")
    said = rig.say(rig.person(), verdict)
    assert only(said, facts.BudgetReached).spent.input_tokens == 100
    assert rig.state.tasks[1].state is TaskState.PAUSED


def test_a_higher_budget_lets_it_go_on() -> None:
    """What was paused for want of money only; what the person paused stays paused."""
    rig = Rig()
    rig.join("a", "b")
    one, two = rig.begin(rig.post(budget=Budget(dollars=1.0)), "a-1"), rig.begin(rig.post(), "b-1")
    spend(rig, one, 1.5)
    rig.say(rig.person(), requests.PauseTask(task=two.task))
    said = rig.say(rig.person(), requests.SetBudget(task=one.task, budget=Budget(dollars=5.0)))
    assert only(said, facts.TaskResumed).task == one.task
    assert rig.state.tasks[two.task].state is TaskState.PAUSED
    assert rig.state.tasks[one.task].state is TaskState.WORKING


def test_the_meshs_budget_stops_all_work_and_all_bidding() -> None:
    """Said once; a new budget opens the bidding again."""
    rig = Rig(Limits(budget=Budget(dollars=2.0)))
    rig.join("a", "b")
    award = rig.begin(rig.post(), "a-1")
    said = spend(rig, award, 2.0)
    assert [fact.task for fact in said if isinstance(fact, facts.BudgetReached)] == [None, award.task]
    waiting = rig.post()
    assert rig.state.tasks[waiting].bidding is None
    assert rig.state.tasks[waiting].state is TaskState.QUEUED
    said = rig.say(rig.person(), requests.SetBudget(budget=Budget()))
    assert only(said, facts.TaskResumed).task == award.task
    assert only(said, facts.BiddingOpened).task == waiting


def test_what_is_left_is_the_lesser_of_both_budgets() -> None:
    """The tool is told before it begins."""
    rig = Rig(Limits(budget=Budget(dollars=2.0, tokens=500)))
    rig.join("a")
    award = rig.begin(rig.post(budget=Budget(dollars=3.0, tokens=100)))
    assert award.budget_left == Budget(dollars=2.0, tokens=100)


def test_without_a_budget_nothing_stops() -> None:
    """The default."""
    rig = Rig()
    rig.join("a")
    award = rig.begin(rig.post())
    assert not any(isinstance(fact, facts.BudgetReached) for fact in spend(rig, award, 1e5, 10**9))
    assert rig.state.tasks[award.task].state is TaskState.WORKING


def test_an_unknown_task_gets_no_budget() -> None:
    """It is named."""
    rig = Rig()
    said = rig.say(rig.person(), requests.SetBudget(task=9, budget=Budget(dollars=1.0)))
    assert only(said, facts.RequestRefused).field == "task"


def test_a_bidding_under_way_awards_nothing_once_the_budget_is_spent() -> None:
    """The task waits for a new budget."""
    rig = Rig(Limits(budget=Budget(dollars=2.0)))
    rig.join("a", "b")
    award = rig.begin(rig.post(), "a-1")
    waiting = rig.post()
    spend(rig, award, 2.0)
    said = rig.say("b-1", requests.Bid(task=waiting))
    assert not any(isinstance(fact, facts.TaskAwarded | facts.BiddingOpened) for fact in said)
    rig.say(rig.person(), requests.SetBudget(budget=Budget()))
    assert rig.award(waiting).agent == "b-1"


def test_a_change_that_comes_back_is_not_tried_again_with_the_meshs_last_money() -> None:
    """One more run, as dear as the dearest so far, would exceed the mesh's budget: the task is paused before it."""
    rig = Rig(Limits(budget=Budget(dollars=3.0)))
    rig.join("a")
    award = rig.begin(rig.post(review=True))
    spend(rig, award, 2.0)
    change = rig.offer(award, "x.py").change
    verdict = requests.Review(change=change, verdict=Verdict.CHANGES_WANTED, remarks="no")
    said = rig.say(rig.person(), verdict)
    assert [fact.task for fact in said if isinstance(fact, facts.BudgetReached)] == [None, award.task]
    assert only(said, facts.TaskPaused).agent == "a-1"
