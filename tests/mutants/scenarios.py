"""Directed scenarios for what a history of random trouble meets too rarely: short stories on the real core."""

from __future__ import annotations

from devmesh.core import events
from devmesh.core.effects import ApplyChange, HangUp, PrepareChange
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import (
    Limits,
    LockMode,
    Outcome,
    PlannedWrite,
    QuestionKind,
    Resources,
    Role,
    TaskState,
    Verdict,
)
from tests.core.rig import BLOB, ZERO, Rig, only


def a_circle_closed_by_a_grant_is_broken() -> None:
    """An upgrade past the queue can make somebody wait who did not before: nobody is left waiting for ever."""
    rig = Rig()
    first, second, third = rig.join("one", "two", "three")
    rig.lock(first, "f", mode=LockMode.CO_WRITE)
    rig.lock(second, "g", mode=LockMode.WRITE)
    rig.lock(third, "z", mode=LockMode.WRITE)
    rig.say(first, requests.RequestLock(targets=("g",), mode=LockMode.WRITE, wait=60))
    rig.say(second, requests.RequestLock(targets=("f", "z"), mode=LockMode.READ, wait=60))
    said = rig.say(first, requests.RequestLock(targets=("f",), mode=LockMode.WRITE, wait=60))
    assert [fact.agent for fact in said if isinstance(fact, facts.LockWaitEnded)] == [second]


def a_heartbeat_renews_only_what_is_held() -> None:
    """The answer lists neither what was given back nor what is another's: whoever believes in it stops (S7)."""
    rig = Rig()
    first, second = rig.join("one", "two")
    (gone,) = rig.lock(first, "a.py")
    (kept,) = rig.lock(first, "b.py")
    (foreign,) = rig.lock(second, "c.py")
    rig.say(first, requests.ReleaseLock(tokens=(gone,)))
    rig.say(first, requests.Heartbeat(tokens=(gone, kept, foreign)))
    renewed = only(rig.told[rig.connections[first]], facts.LeasesRenewed)
    assert renewed.tokens == (kept,)


def _asking() -> Rig:
    """Two agents; the first asks for leave."""
    rig = Rig()
    rig.join("one", "two")
    wish = requests.Ask(text="May I?", question_kind=QuestionKind.PERMISSION, agents_may_answer=True)
    rig.say("one-1", wish)
    return rig


def a_permission_is_the_persons_to_give() -> None:
    """Neither who asks nor another agent gives it."""
    rig = _asking()
    for agent in ("one-1", "two-1"):
        rig.say(agent, requests.AnswerQuestion(question=1, answer="yes"))
    assert rig.state.questions[1].answer is None


def a_refusing_service_costs_no_attempt() -> None:
    """However often it refuses, the task is not poison."""
    rig = Rig(Limits(attempts=2, lease=1e6))
    rig.join("one")
    task = rig.post()
    for _ in range(3):
        award = rig.begin(task)
        said = requests.Finish(task=task, attempt=award.attempt, outcome=Outcome.BLOCKED)
        rig.say(award.agent, said)
        rig.pass_time(4000)
    failed = rig.begin(task)
    rig.say(failed.agent, requests.Finish(task=task, attempt=failed.attempt, outcome=Outcome.FAILED))
    assert rig.state.tasks[task].state is TaskState.QUEUED


def a_copy_is_another_agents() -> None:
    """Who has one copy is not asked for the next."""
    rig = Rig()
    rig.join("one")
    rig.say(rig.person(), requests.PostTask(prompt="p", copies=2))
    award = rig.begin(1)
    rig.land(rig.offer(award).change)
    rig.say(award.agent, requests.Finish(task=1, attempt=award.attempt, outcome=Outcome.DONE))
    assert rig.state.tasks[1].state is TaskState.COMPLETED
    assert rig.state.tasks[2].bidding is None


def a_paused_task_goes_on_with_memory_set_aside() -> None:
    """Its processes begin anew, so does what they take."""
    rig = Rig(Limits(total=Resources(ram_gb=4)))
    rig.join("one", declared=Resources(ram_gb=3))
    award = rig.begin(rig.post())
    rig.say(rig.person(), requests.PauseTask(task=award.task))
    rig.say(award.agent, requests.StandDown(task=award.task, attempt=award.attempt))
    rig.say(rig.person(), requests.ResumeTask(task=award.task))
    assert rig.state.reserved


def a_tool_that_has_not_stopped_keeps_its_memory() -> None:
    """Its task was called off; who waits for that memory waits until the agent says that nothing of it is left."""
    rig = Rig(Limits(total=Resources(ram_gb=4)))
    rig.join("one", "two", declared=Resources(ram_gb=3))
    award = rig.begin(rig.post(), "one-1")
    rig.say(rig.person(), requests.CancelTask(task=award.task))
    waiting = rig.state.tasks[rig.post()]
    assert waiting.bidding is None
    rig.say("one-1", requests.StandDown(task=award.task, attempt=award.attempt))
    assert waiting.bidding is not None


def a_revoked_credential_ends_its_connections() -> None:
    """In the same turn."""
    rig = Rig()
    rig.say(rig.person(), requests.IssueCredential(digest="0f" * 32, role=Role.AGENT))
    rig.feed(events.Connected(connection=50, role=Role.AGENT, key="a", credential=1))
    rig.say(rig.person(), requests.RevokeCredential(credential=1))
    assert [effect.connection for effect in rig.wanted(HangUp)] == [50]


def a_credential_is_one_agents() -> None:
    """While who came in by it is connected, a second connection by it does not join; a role's token lets many in."""
    rig = Rig()
    rig.say(rig.person(), requests.IssueCredential(digest="0f" * 32, role=Role.AGENT))
    for connection, key in ((50, "a"), (51, "b")):
        rig.connections[key], rig.ids[key] = connection, 0
        rig.feed(events.Connected(connection=connection, role=Role.AGENT, key=key, credential=1))
        rig.say(key, requests.Join(tool=key))
    assert [agent.name for agent in rig.state.present] == ["a-1"]
    rig.join("c", "d")
    assert len(rig.state.present) == 3


def nobody_judges_by_the_credential_of_the_author() -> None:
    """An agent offers a change and hangs up; who comes by its credential neither joins nor lets the change land."""
    rig = Rig()
    rig.say(rig.person(), requests.IssueCredential(digest="0f" * 32, role=Role.AGENT))
    rig.connections["author-1"], rig.ids["author-1"] = 50, 0
    rig.feed(events.Connected(connection=50, role=Role.AGENT, key="a", credential=1))
    rig.say("author-1", requests.Join(tool="author"))
    change = rig.offer(rig.begin(rig.post(review=True), "author-1"), "a.py").change
    rig.lose("author-1")
    rig.connections["other-1"], rig.ids["other-1"] = 51, 0
    rig.feed(events.Connected(connection=51, role=Role.AGENT, key="b", credential=1))
    rig.say("other-1", requests.Join(tool="other"))
    review = rig.state.changes[change].review or 0
    rig.say("other-1", requests.Bid(task=review))
    rig.say("other-1", requests.Review(change=change, verdict=Verdict.APPROVE))
    assert rig.state.changes[change].verdict is None
    assert [agent.name for agent in rig.state.present] == ["author-1"]


def nobody_is_taken_for_another() -> None:
    """Neither for the person nor for an agent that is here."""
    rig = Rig()
    rig.join("victim")
    for tool in ("Person", "VICTIM"):
        rig.connect(tool)
        rig.say(tool, requests.Join(tool=tool))
    assert [agent.name for agent in rig.state.present] == ["victim-1"]


def what_is_obeyed_waits_for_the_person() -> None:
    """With and without a review by an agent; nothing else than the person's yes lets it into the gate."""
    for review in (False, True):
        rig = Rig()
        rig.join("one", "critic")
        change = rig.offer(rig.begin(rig.post(review=review), "one-1"), "a.py", ".vscode/tasks.json").change
        assert not rig.wanted(PrepareChange)
        assert rig.state.changes[change].review is None
        rig.say(rig.person(), requests.Review(change=change, verdict=Verdict.APPROVE))
        assert rig.wanted(PrepareChange)


def what_links_make_obeyed_waits_for_the_person() -> None:
    """Found out at the gate; that another agent approved the change before does not help it."""
    for review in (False, True):
        rig = Rig()
        rig.join("one", "critic")
        change = rig.offer(rig.begin(rig.post(review=review), "one-1"), "GUIDE.md").change
        if review:
            rig.begin(rig.state.changes[change].review or 0, "critic-1")
            rig.say("critic-1", requests.Review(change=change, verdict=Verdict.APPROVE))
        plan = (PlannedWrite(path="GUIDE.md", expected=BLOB["a"], after=BLOB["b"]),)
        found = events.Prepared(change=change, plan=plan, current=ZERO, obeyed=("CLAUDE.md",))
        rig.feed(found)
        assert not rig.wanted(ApplyChange)
        rig.say(rig.person(), requests.Review(change=change, verdict=Verdict.APPROVE))
        rig.feed(found)
        assert rig.wanted(ApplyChange)


def writes_are_reported_by_who_works() -> None:
    """Neither who has no task nor who names another's leaves the person something to decide."""
    rig = Rig()
    rig.join("one", "two")
    award = rig.begin(rig.post(), "one-1")
    rig.say("two-1", requests.ReportWrite(path="a.py", task=award.task, attempt=award.attempt))
    rig.say("two-1", requests.ReportWrite(path="a.py"))
    assert "write" not in rig.state.counted
    rig.say("one-1", requests.ReportWrite(path="a.py", task=award.task, attempt=award.attempt))
    assert rig.state.counted["write"] == 1
