"""From a message to a rule: sessions, roles, repetition."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from devmesh.core import events
from devmesh.core.effects import HangUp, Search, SendState, Tell
from devmesh.core.hearing import FROM_AGENTS, OF_AGENTS, OF_TASKS, OF_THE_MESH
from devmesh.core.sessions import MAY_SAY
from devmesh.errors import Code
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.record import kind_of
from devmesh.vocabulary.terms import Budget, LockMode, Outcome, Role, Stream, Verdict
from tests.core.rig import ZERO, Rig, only

EXAMPLES: dict[type[Any], Any] = {
    requests.Join: requests.Join(tool="x"),
    requests.Leave: requests.Leave(),
    requests.Heartbeat: requests.Heartbeat(),
    requests.RequestLock: requests.RequestLock(targets=("a",), mode=LockMode.READ),
    requests.ReleaseLock: requests.ReleaseLock(tokens=(1,)),
    requests.Bid: requests.Bid(task=1),
    requests.Decline: requests.Decline(task=1),
    requests.ReadFramework: requests.ReadFramework(version=1),
    requests.Start: requests.Start(task=1, attempt=1),
    requests.Report: requests.Report(task=1, attempt=1, stream=Stream.STDOUT, text="x"),
    requests.OfferChange: requests.OfferChange(task=1, attempt=1, base=ZERO, head=ZERO),
    requests.Finish: requests.Finish(task=1, attempt=1, outcome=Outcome.DONE),
    requests.Review: requests.Review(change=1, verdict=Verdict.APPROVE),
    requests.ProposeFramework: requests.ProposeFramework(overview="x"),
    requests.ShareDiscovery: requests.ShareDiscovery(title="t", text="x"),
    requests.SearchKnowledge: requests.SearchKnowledge(query="x"),
    requests.Look: requests.Look(),
    requests.Watch: requests.Watch(),
    requests.PostTask: requests.PostTask(prompt="x"),
    requests.CancelTask: requests.CancelTask(task=1),
    requests.PauseTask: requests.PauseTask(task=1),
    requests.ResumeTask: requests.ResumeTask(task=1),
    requests.RetryTask: requests.RetryTask(task=1),
    requests.ReprioritiseTask: requests.ReprioritiseTask(task=1, priority=1),
    requests.PauseAgent: requests.PauseAgent(agent="x"),
    requests.ResumeAgent: requests.ResumeAgent(agent="x"),
    requests.DismissAgent: requests.DismissAgent(agent="x"),
    requests.ForceRelease: requests.ForceRelease(token=1, reason="x"),
    requests.SetGoal: requests.SetGoal(text="x"),
    requests.ReportUsage: requests.ReportUsage(task=1, attempt=1),
    requests.StandDown: requests.StandDown(task=1, attempt=1),
    requests.Ask: requests.Ask(text="x"),
    requests.AnswerQuestion: requests.AnswerQuestion(question=1, answer="x"),
    requests.ReportWrite: requests.ReportWrite(path="x"),
    requests.SetBudget: requests.SetBudget(budget=Budget()),
    requests.SetAnswerRule: requests.SetAnswerRule(pattern="x", answer="y"),
    requests.DropAnswerRule: requests.DropAnswerRule(rule=1),
    requests.IssueCredential: requests.IssueCredential(digest="0" * 64, role=Role.AGENT),
    requests.RevokeCredential: requests.RevokeCredential(credential=1),
}


def test_every_request_has_a_line_in_the_table_and_a_handler() -> None:
    """Nothing can be said that no rule answers; nothing is in a table that cannot be said."""
    every = set(get_args(requests.AnyRequest))
    handled = {*FROM_AGENTS, *OF_TASKS, *OF_AGENTS, *OF_THE_MESH}
    handled |= {requests.Join, requests.Watch, requests.SearchKnowledge, requests.Look}
    assert set(MAY_SAY) == every == handled == set(EXAMPLES)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("kind", list(EXAMPLES), ids=kind_of)
def test_nobody_says_more_than_the_table_allows(kind: type[Any], role: Role) -> None:
    """Promise 8: role comes from the connection; what is not in its line is FORBIDDEN and changes nothing."""
    rig = Rig()
    rig.connect("someone", role)
    said = rig.say("someone", EXAMPLES[kind])
    refusals = [fact for fact in said if isinstance(fact, facts.RequestRefused) and fact.code == "FORBIDDEN"]
    assert bool(refusals) is (role not in MAY_SAY[kind])
    if refusals:
        assert (refusals[0].request, refusals[0].rule) == (kind_of(kind), 2)
        assert len(said) == 1


@pytest.mark.parametrize(
    "kind", [kind for kind in EXAMPLES if MAY_SAY[kind] == {Role.AGENT} and kind is not requests.Join]
)
def test_an_agent_must_join_first(kind: type[Any]) -> None:
    """Before Join every request of an agent is refused with what to do."""
    rig = Rig()
    rig.connect("someone")
    refused = only(rig.say("someone", EXAMPLES[kind]), facts.RequestRefused)
    assert refused.code == "NOT_JOINED"
    assert "join" in refused.hint


def test_a_repeated_request_has_one_effect_and_the_same_answer() -> None:
    """The reply was lost and the request is sent again under its number: one task, the same answer."""
    rig = Rig()
    rig.person()
    first = only(rig.say("person", requests.PostTask(prompt="x")), facts.TaskPosted)
    assert rig.say("person", requests.PostTask(prompt="x"), again=True) == []
    (tell,) = [effect for effect in rig.effects if isinstance(effect, Tell)]
    assert first in [recorded.fact for recorded in tell.facts]
    assert tell.reply_to == rig.ids["person"]
    assert list(rig.state.tasks) == [first.task]


def test_a_late_duplicate_has_no_effect() -> None:
    """A number below the highest answered, and no longer remembered, is refused as OUT_OF_ORDER."""
    rig = Rig()
    rig.person()
    for _ in range(80):
        rig.post()
    late = events.Heard(connection=rig.connections["person"], id=1, request=requests.PostTask(prompt="late"))
    assert rig.feed(late) == []
    assert isinstance(rig.told[rig.connections["person"]][0], facts.RequestMalformed)
    assert rig.told[rig.connections["person"]][0].code == Code.OUT_OF_ORDER


def test_every_request_is_answered_even_when_nothing_happened() -> None:
    """Releasing what is no longer held is harmless and still gets its reply."""
    rig = Rig()
    rig.join("a")
    assert rig.say("a-1", requests.ReleaseLock(tokens=(99,))) == []
    (tell,) = [effect for effect in rig.effects if isinstance(effect, Tell)]
    assert (tell.facts, tell.reply_to) == ((), rig.ids["a-1"])


def test_a_newer_connection_ends_the_older() -> None:
    """The same key on a second connection takes the session over; the first is hung up."""
    rig = Rig()
    rig.join("a")
    old = rig.connections["a-1"]
    rig.feed(events.Connected(connection=500, role=Role.AGENT, key="a/0"))
    assert [effect.connection for effect in rig.wanted(HangUp)] == [old]
    standing = [fact for fact in rig.told[500] if isinstance(fact, facts.Standing)]
    assert standing[0].agent == "a-1"
    assert rig.feed(events.Heard(connection=old, id=9, request=requests.Leave())) == []


def test_the_same_key_with_another_role_is_another_session() -> None:
    """A key never carries a role over."""
    rig = Rig()
    rig.join("a")
    said = rig.feed(events.Connected(connection=500, role=Role.OPERATOR, key="a/0"))
    only(said, facts.SessionOpened)


def test_a_stranger_is_not_heard() -> None:
    """A message on a connection without a session does nothing at all."""
    rig = Rig()
    assert rig.feed(events.Heard(connection=77, id=1, request=requests.Leave())) == []
    assert rig.feed(events.Lost(connection=77)) == []


def test_an_objection_becomes_a_refusal_on_record() -> None:
    """What the coordinator found wrong (a path that leaves the project) is refused, with field and code."""
    rig = Rig()
    rig.join("a")
    objection = events.Objection(code=Code.PATH_ESCAPES, message="../x leaves the project", field="targets")
    said = rig.say("a-1", requests.RequestLock(targets=("x",), mode=LockMode.READ), objection=objection)
    assert only(said, facts.RequestRefused).code == "PATH_ESCAPES"


def test_a_watcher_gets_the_state_and_then_everything() -> None:
    """The state once; afterwards every fact, also those that concern somebody else."""
    rig = Rig()
    rig.connect("eye", Role.OBSERVER)
    rig.say("eye", requests.Watch())
    assert rig.wanted(SendState)[0].reply_to == rig.ids["eye"]
    assert not [effect for effect in rig.effects if isinstance(effect, Tell)]
    rig.join("a")
    assert rig.connections["eye"] in rig.told


def test_a_search_is_handed_on() -> None:
    """The core does not search; it asks for it to be done and answered."""
    rig = Rig()
    rig.connect("eye", Role.OBSERVER)
    rig.say("eye", requests.SearchKnowledge(query="pytest"))
    assert rig.wanted(Search)[0].query == "pytest"


def test_a_dropped_session_without_an_agent_is_forgotten() -> None:
    """After an hour away, the answers kept for a terminal's session are given up; its number is never used again."""
    rig = Rig()
    rig.connect("cli", Role.OPERATOR)
    (number,) = rig.state.sessions
    rig.lose("cli")
    only(rig.pass_time(3700), facts.SessionForgotten)
    rig.connect("cli2", Role.OPERATOR)
    assert list(rig.state.sessions) == [number + 1]
