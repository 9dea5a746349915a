"""The life of a task."""

from __future__ import annotations

from typing import Any

import pytest

from devmesh.core import events
from devmesh.core.effects import ApplyChange
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import Lane, LanePolicy, Limits, LockMode, Outcome, PlannedWrite, Resources, TaskState
from tests.core.rig import Rig, only


def finish(award: facts.TaskAwarded, outcome: Outcome = Outcome.DONE) -> requests.Finish:
    """The end of the awarded attempt."""
    return requests.Finish(task=award.task, attempt=award.attempt, outcome=outcome, summary="said")


def test_a_task_goes_from_queue_to_completed() -> None:
    """Posted, bid for, awarded, started, landed, finished: each step is a fact and the last one is COMPLETED."""
    rig = Rig()
    rig.join("claude")
    task = rig.post("write it")
    completed = rig.complete(task)
    assert completed.agent == "claude-1"
    assert rig.state.tasks[task].state is TaskState.COMPLETED
    kinds = [type(r.fact).__name__ for r in rig.kept if getattr(r.fact, "task", None) == task]
    assert kinds == [
        "TaskPosted", "BiddingOpened", "BidPlaced", "TaskAwarded", "TaskStarted", "LockGranted", "ChangeOffered",
        "GateEntered", "ChangeApplying", "ChangeApplied", "TaskCompleted",
    ]  # fmt: skip


def test_done_is_not_believed_without_a_landed_change() -> None:
    """Finish(done) before anything landed is refused as UNCHECKED and the task goes on."""
    rig = Rig()
    rig.join("liar")
    award = rig.begin(rig.post())
    refused = only(rig.say("liar-1", finish(award)), facts.RequestRefused)
    assert refused.code == "UNCHECKED"
    assert rig.state.tasks[award.task].state is TaskState.WORKING


def test_a_result_is_recorded_once() -> None:
    """A second Finish finds the task no longer assigned."""
    rig = Rig()
    rig.join("claude")
    task = rig.post()
    rig.complete(task)
    again = requests.Finish(task=task, attempt=1, outcome=Outcome.DONE)
    assert only(rig.say("claude-1", again), facts.RequestRefused).code == "NOT_ASSIGNED"


def test_a_past_attempt_cannot_speak() -> None:
    """After a failed attempt, a late message of it is refused, also from the agent that has the task again."""
    rig = Rig()
    rig.join("claude")
    award = rig.begin(rig.post())
    only(rig.say("claude-1", finish(award, Outcome.FAILED)), facts.TaskRequeued)
    second = rig.begin(award.task)
    assert second.attempt == 2
    assert only(rig.say("claude-1", finish(award, Outcome.FAILED)), facts.RequestRefused).code == "NOT_ASSIGNED"


def test_nobody_finishes_for_another() -> None:
    """Another agent's Finish for my task is refused."""
    rig = Rig()
    rig.join("a", "b")
    award = rig.begin(rig.post())
    other = "b-1" if award.agent == "a-1" else "a-1"
    assert only(rig.say(other, finish(award)), facts.RequestRefused).code == "NOT_ASSIGNED"


def test_a_task_fails_for_good_after_its_attempts() -> None:
    """Three failed attempts make poison; what depends on it fails too, and the person can retry it."""
    rig = Rig()
    rig.join("claude")
    task = rig.post()
    waiting = rig.post(depends_on=(task,))
    said: list[Any] = []
    for attempt in (1, 2, 3):
        award = rig.begin(task)
        assert award.attempt == attempt
        said = rig.say("claude-1", finish(award, Outcome.FAILED))
    failed = [fact for fact in said if isinstance(fact, facts.TaskFailed)]
    assert [fact.task for fact in failed] == [task, waiting]
    assert failed[0].poison
    assert not failed[1].poison
    rig.say(rig.person(), requests.RetryTask(task=task))
    fourth = rig.begin(task)
    assert fourth.attempt == 4
    assert only(rig.say("claude-1", finish(fourth, Outcome.FAILED)), facts.TaskRequeued).delay == 1.0


def test_no_attempt_of_before_a_retry_can_speak() -> None:
    """Promise 4: numbers go on after a retry, so the same agent's word for its first attempt is refused for ever."""
    rig = Rig()
    rig.join("claude")
    first = rig.begin(rig.post())
    rig.say(rig.person(), requests.CancelTask(task=first.task))
    rig.say(rig.person(), requests.RetryTask(task=first.task))
    rig.begin(first.task)
    assert only(rig.say("claude-1", finish(first, Outcome.FAILED)), facts.RequestRefused).code == "NOT_ASSIGNED"


def test_back_off_doubles() -> None:
    """A failed attempt waits 1 s, then 2 s, before the task is offered again."""
    rig = Rig()
    rig.join("claude")
    task = rig.post()
    for expected in (1.0, 2.0):
        award = rig.begin(task)
        assert only(rig.say("claude-1", finish(award, Outcome.FAILED)), facts.TaskRequeued).delay == expected
        assert rig.state.tasks[task].bidding is None
        rig.pass_time(expected)


def test_dependencies_are_waited_for() -> None:
    """A task is offered only once everything it depends on is completed."""
    rig = Rig()
    rig.join("claude")
    first = rig.post()
    second = rig.post(depends_on=(first,))
    assert rig.state.tasks[second].bidding is None
    rig.complete(first)
    assert rig.state.tasks[second].bidding is not None


def test_urgent_tasks_come_first() -> None:
    """With one agent, the task of priority 1 is offered before older ones of priority 3."""
    rig = Rig()
    usual, urgent = rig.post(), rig.post(priority=1)
    rig.join("claude")
    assert rig.state.tasks[urgent].bidding is not None
    assert rig.state.tasks[usual].bidding is None


def test_cancelling_tells_the_agent_and_frees_it() -> None:
    """The agent is told and asked for other work; its locks stay until its tool has stopped and it gives them back."""
    rig = Rig()
    rig.join("claude")
    award = rig.begin(rig.post())
    rig.lock("claude-1", "a.py", task=award.task)
    rig.say(rig.person(), requests.CancelTask(task=award.task, reason="no longer wanted"))
    assert any(isinstance(f, facts.TaskCancelled) for f in rig.told[rig.connections["claude-1"]])
    assert rig.state.locks.of("claude-1") != ()
    assert rig.state.tasks[rig.post()].bidding is not None


def test_what_is_landing_cannot_be_cancelled() -> None:
    """While files are being exchanged, cancelling is refused, and works out as landed."""
    rig = Rig()
    rig.join("claude")
    award = rig.begin(rig.post())
    change = rig.offer(award, "a.py").change
    plan = tuple(rig.state.changes[change].offered.files)
    rig.feed(events.Prepared(change=change, plan=_plan(plan), current="0" * 40))
    assert rig.wanted(ApplyChange)
    said = rig.say(rig.person(), requests.CancelTask(task=award.task))
    assert only(said, facts.RequestRefused).code == "WRONG_STATE"
    only(rig.feed(events.Applied(change=change)), facts.ChangeApplied)


def _plan(files: Any) -> Any:
    return tuple(PlannedWrite(path=f.path, expected=f.before, after=f.after) for f in files)


def test_pause_and_resume_go_back_to_where_it_was() -> None:
    """A paused working task resumes as working, with the same agent and attempt."""
    rig = Rig()
    rig.join("claude")
    award = rig.begin(rig.post())
    rig.say(rig.person(), requests.PauseTask(task=award.task))
    assert rig.state.tasks[award.task].state is TaskState.PAUSED
    rig.say(rig.person(), requests.ResumeTask(task=award.task))
    task = rig.state.tasks[award.task]
    assert (task.state, task.agent, task.attempt) == (TaskState.WORKING, "claude-1", 1)


def test_a_tool_that_ends_while_paused_loses_nothing() -> None:
    """An offer made as the pause arrives is taken, lands, and the task can be completed."""
    rig = Rig()
    rig.join("claude")
    award = rig.begin(rig.post())
    rig.say(rig.person(), requests.PauseTask(task=award.task))
    rig.land(rig.offer(award, "a.py").change)
    only(rig.say("claude-1", finish(award)), facts.TaskCompleted)
    assert rig.state.tasks[award.task].state is TaskState.COMPLETED


def test_the_gate_may_be_late_with_the_change_of_a_paused_task_whose_agent_was_lost() -> None:
    """The task is queued beneath its pause by then: what the gate says of the withdrawn change alters nothing."""
    rig = Rig()
    rig.join("claude")
    award = rig.begin(rig.post())
    change = rig.offer(award, "a.py").change
    rig.say(rig.person(), requests.PauseTask(task=award.task))
    rig.pass_time(2 * rig.limits.lease)
    said = rig.feed(events.Prepared(change=change, plan=(), current="0" * 40))
    task = rig.state.tasks[award.task]
    assert (said, task.state, task.paused_from, task.agent) == ([], TaskState.PAUSED, TaskState.QUEUED, None)


def test_a_paused_queued_task_is_not_offered() -> None:
    """Pausing in the queue closes the bidding; resuming opens one again."""
    rig = Rig()
    rig.join("claude")
    task = rig.post()
    rig.say(rig.person(), requests.PauseTask(task=task))
    assert rig.state.tasks[task].bidding is None
    rig.say(rig.person(), requests.ResumeTask(task=task))
    assert rig.state.tasks[task].bidding is not None


def test_a_lost_agent_hands_its_task_to_another() -> None:
    """Rule 4: silence past the lease abandons the task; another agent gets attempt 2."""
    rig = Rig()
    rig.join("a", "b")
    award = rig.begin(rig.post(), "a-1")
    assert award.agent == "a-1"
    rig.lose("a-1")
    said = rig.pass_time(31, beat=("b-1",))
    only(said, facts.AgentLost)
    abandoned = only(said, facts.TaskAbandoned)
    assert (abandoned.task, abandoned.death) == (award.task, True)
    assert rig.begin(award.task).agent == "b-1"


def test_two_deaths_are_poison() -> None:
    """A task that cost two agents is not given to a third."""
    rig = Rig()
    task = rig.post()
    said: list[Any] = []
    for _ in range(2):
        (agent,) = rig.join("doomed")
        rig.begin(task)
        rig.lose(agent)
        said = rig.pass_time(60)
    failed = only(said, facts.TaskFailed)
    assert failed.poison
    assert rig.state.tasks[task].state is TaskState.FAILED


def test_leaving_is_no_death() -> None:
    """An agent that leaves cleanly hands its work back at once, without blame."""
    rig = Rig()
    rig.join("a")
    award = rig.begin(rig.post())
    said = rig.say("a-1", requests.Leave())
    assert not only(said, facts.TaskAbandoned).death
    assert only(said, facts.TaskRequeued).delay == 0
    assert rig.state.tasks[award.task].state is TaskState.QUEUED


def test_landed_work_counts_though_its_agent_is_lost() -> None:
    """Promise 4: a change that landed completes its task, once, when its agent dies before saying so."""
    rig = Rig()
    rig.join("a", "b")
    award = rig.begin(rig.post(), "a-1")
    rig.land(rig.offer(award, "a.py").change)
    rig.lose("a-1")
    said = rig.pass_time(40, beat=("b-1",))
    only(said, facts.TaskCompleted)
    assert rig.state.tasks[award.task].state is TaskState.COMPLETED


def test_an_agent_lost_in_mid_landing_is_settled_afterwards() -> None:
    """While files are exchanged neither lock nor task is taken away; then the task is completed, the lock ends."""
    rig = Rig()
    rig.join("a", "b")
    award = rig.begin(rig.post(), "a-1")
    change = rig.offer(award, "a.py").change
    rig.feed(events.Prepared(change=change, plan=_plan(rig.state.changes[change].offered.files), current="0" * 40))
    rig.lose("a-1")
    said = rig.pass_time(40, beat=("b-1",))
    assert not [f for f in said if isinstance(f, facts.LockExpired | facts.LockReleased | facts.TaskAbandoned)]
    said = rig.feed(events.Applied(change=change))
    only(said, facts.ChangeApplied)
    only(said, facts.TaskCompleted)
    only(rig.pass_time(31, beat=("b-1",)), facts.LockExpired)


def test_a_claim_never_begun_goes_to_another() -> None:
    """Awarded but not started in time: abandoned, with the attempt counted."""
    rig = Rig()
    rig.join("slow")
    award = rig.award(rig.post())
    said = rig.pass_time(125, beat=("slow-1",))
    assert only(said, facts.TaskAbandoned).task == award.task


def test_time_in_a_lock_queue_does_not_count_as_late() -> None:
    """A claimed task whose agent waits for a lock is not abandoned for lateness."""
    rig = Rig()
    rig.join("holder", "waiter")
    rig.lock("holder-1", "hot.py", mode=LockMode.WRITE)
    award = rig.award(rig.post(), "waiter-1")
    rig.say("waiter-1", requests.RequestLock(targets=("hot.py",), mode=LockMode.WRITE, wait=1000, task=award.task))
    said = rig.pass_time(200, beat=("holder-1", "waiter-1"))
    assert not [fact for fact in said if isinstance(fact, facts.TaskAbandoned)]


def test_the_time_limit_ends_an_attempt() -> None:
    """A task that works past its limit (and a lease of grace) is abandoned, and its agent is told."""
    rig = Rig()
    rig.join("claude")
    award = rig.begin(rig.post(time_limit=10.0))
    said = rig.pass_time(45, beat=("claude-1",))
    assert only(said, facts.TaskAbandoned).attempt == award.attempt


def test_locked_files_are_held_before_work_starts() -> None:
    """A file of the locked lane must be under WRITE when the tool starts."""
    rig = Rig(Limits(lanes=(LanePolicy(glob="*.lock", lane=Lane.LOCKED),)))
    rig.join("claude")
    award = rig.award(rig.post(files=("poetry.lock", "a.py")))
    assert award.locked == ("poetry.lock",)
    start = requests.Start(task=award.task, attempt=1)
    assert only(rig.say("claude-1", start), facts.RequestRefused).rule == 3
    rig.lock("claude-1", "poetry.lock", mode=LockMode.WRITE, task=award.task)
    only(rig.say("claude-1", start), facts.TaskStarted)


def test_a_task_larger_than_the_machine_is_refused() -> None:
    """Rule 6: what can never fit is refused at once, with both figures."""
    rig = Rig(Limits(total=Resources(ram_gb=16)))
    said = rig.say(rig.person(), requests.PostTask(prompt="x", needs=Resources(ram_gb=64)))
    refused = only(said, facts.RequestRefused)
    assert (refused.code, refused.rule) == ("HARDWARE_FULL", 6)
    assert "64" in refused.message
    assert "16" in refused.message


@pytest.mark.parametrize(
    "request_",
    [requests.CancelTask(task=9), requests.PauseTask(task=9), requests.RetryTask(task=9), requests.ResumeTask(task=9)],
)
def test_an_unknown_task_is_named(request_: Any) -> None:
    """Asking something of a task that does not exist says so."""
    rig = Rig()
    assert only(rig.say(rig.person(), request_), facts.RequestRefused).code == "UNKNOWN"


@pytest.mark.parametrize("kind", [requests.ResumeTask, requests.RetryTask])
def test_what_makes_no_sense_now_is_refused(kind: Any) -> None:
    """Resuming what is not paused, retrying what has not failed: refused, state untouched."""
    rig = Rig()
    task = rig.post()
    assert only(rig.say(rig.person(), kind(task=task)), facts.RequestRefused).code == "WRONG_STATE"
    assert rig.state.tasks[task].state is TaskState.QUEUED


def test_a_task_resumed_during_its_back_off_is_offered_when_that_is_over() -> None:
    """The pause had put its alarm away."""
    rig = Rig(Limits(backoff=10.0))
    rig.join("claude")
    award = rig.begin(rig.post())
    rig.say("claude-1", finish(award, Outcome.FAILED))
    rig.say(rig.person(), requests.PauseTask(task=award.task))
    rig.say(rig.person(), requests.ResumeTask(task=award.task))
    assert rig.state.tasks[award.task].bidding is None
    said = rig.pass_time(11, beat=("claude-1",))
    assert only(said, facts.BiddingOpened).task == award.task
