"""Connections become sessions: one per key, resumed by the same key, and none gets another's role."""

from __future__ import annotations

from devmesh.core import events
from devmesh.core.effects import HangUp, Tell
from devmesh.core.sessions import MAY_SAY, REPEATABLE, forget
from devmesh.core.turn import Turn
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import Limits, LockMode, Role
from tests.core.rig import Rig, only


def test_a_new_key_opens_a_session() -> None:
    """Numbered from 1, with the role its credential gave it."""
    rig = Rig()
    opened = only(rig.connect("someone", Role.OBSERVER), facts.SessionOpened)
    assert (opened.session, opened.role, opened.key) == (1, Role.OBSERVER, "someone")
    assert [type(fact) for fact in rig.told[opened.connection]] == [facts.SessionOpened]


def test_a_known_key_resumes_its_session_and_ends_the_older_connection() -> None:
    """There is one connection per session at a time: the newest."""
    rig = Rig()
    rig.connect("someone")
    first = rig.connections["someone"]
    resumed = only(rig.feed(events.Connected(connection=99, role=Role.AGENT, key="someone")), facts.SessionResumed)
    assert resumed.session == 1
    assert [effect.connection for effect in rig.wanted(HangUp)] == [first]
    assert rig.state.by_connection == {99: 1}


def test_the_end_of_an_older_connection_does_not_drop_its_successor() -> None:
    """The news that the first connection ended comes late, and changes nothing."""
    rig = Rig()
    rig.connect("someone")
    first = rig.connections["someone"]
    rig.feed(events.Connected(connection=99, role=Role.AGENT, key="someone"))
    assert rig.feed(events.Lost(connection=first)) == []
    assert rig.state.sessions[1].connection == 99


def test_a_key_with_another_role_is_another_session() -> None:
    """Promise 8: knowing an agent's secret makes nobody the operator of its session, nor the other way round."""
    rig = Rig()
    rig.connect("someone", Role.AGENT)
    opened = only(rig.feed(events.Connected(connection=99, role=Role.OPERATOR, key="someone")), facts.SessionOpened)
    assert opened.session == 2
    assert rig.state.sessions[1].role is Role.AGENT


def test_an_agent_that_comes_back_is_told_how_things_stand() -> None:
    """Promise 5: its locks with their tokens, its place in queues, its task."""
    rig = Rig()
    rig.join("a", "b")
    award = rig.begin(rig.post(), "a-1")
    (token,) = rig.lock("a-1", "x.py", mode=LockMode.WRITE, task=award.task)
    rig.lock("b-1", "hot.py", mode=LockMode.WRITE)
    rig.say("a-1", requests.RequestLock(targets=("hot.py",), mode=LockMode.WRITE, wait=100))
    rig.lose("a-1")
    key = rig.state.sessions[rig.state.agents["a-1"].joined.session].key
    rig.feed(events.Connected(connection=77, role=Role.AGENT, key=key))
    standing = only(rig.told[77], facts.Standing)
    assert [lock.token for lock in standing.locks] == [token]
    assert len(standing.tickets) == 1
    assert standing.task == award


def test_an_agent_that_comes_back_hears_the_answers_it_missed() -> None:
    """A question that was answered while it was away would else never be answered for it."""
    rig = Rig()
    rig.join("a", "b")
    rig.say("a-1", requests.Ask(text="which?"))
    rig.say("b-1", requests.Ask(text="what?"))
    rig.lose("a-1")
    for question in (1, 2):
        rig.say(rig.person(), requests.AnswerQuestion(question=question, answer="this"))
    key = rig.state.sessions[rig.state.agents["a-1"].joined.session].key
    rig.feed(events.Connected(connection=77, role=Role.AGENT, key=key))
    standing = only(rig.told[77], facts.Standing)
    assert [(answer.question, answer.answer) for answer in standing.answers] == [(1, "this")]
    assert not standing.parked


def test_a_dropped_connection_keeps_locks_and_task() -> None:
    """They end with the lease, not with the line."""
    rig = Rig()
    rig.join("a")
    award = rig.begin(rig.post())
    rig.lock("a-1", "x.py")
    only(rig.lose("a-1"), facts.SessionDropped)
    assert len(rig.state.locks.of("a-1")) == 1
    assert rig.state.tasks[award.task].agent == "a-1"
    assert rig.state.agents["a-1"].away


def test_a_connection_nobody_knows_can_end() -> None:
    """Ended before it was a session: nothing to say."""
    assert Rig().feed(events.Lost(connection=12345)) == []


def test_a_dropped_session_without_an_agent_is_forgotten_in_time() -> None:
    """With its answers; its key then opens a new session."""
    rig = Rig(Limits(session_keep=10))
    rig.connect("someone", Role.OBSERVER)
    rig.lose("someone")
    assert only(rig.pass_time(11), facts.SessionForgotten).session == 1
    assert rig.state.sessions == {}
    assert only(rig.connect("someone", Role.OBSERVER), facts.SessionOpened).session == 2


def test_a_session_that_came_back_is_not_forgotten() -> None:
    """The reminder rings and finds it connected."""
    rig = Rig(Limits(session_keep=10))
    rig.connect("someone", Role.OBSERVER)
    rig.lose("someone")
    rig.feed(events.Connected(connection=99, role=Role.OBSERVER, key="someone"))
    assert rig.pass_time(20) == []
    assert list(rig.state.sessions) == [1]


def test_a_connected_session_is_never_forgotten() -> None:
    """Whatever rang, and however late."""
    rig = Rig()
    rig.connect("someone", Role.OBSERVER)
    turn = Turn(rig.state, rig.now)
    forget(turn, 1)
    forget(turn, 99)
    assert turn.effects() == []


def test_nobody_unheard_of_is_answered() -> None:
    """A request over a connection that is no session has no effect and no reply."""
    rig = Rig()
    said = rig.feed(events.Heard(connection=5, id=1, request=requests.Watch()))
    assert said == []
    assert rig.wanted(Tell) == []


def test_what_may_be_repeated_leaves_no_fact_on_record() -> None:
    """Only such requests are exempt from being answered exactly once."""
    assert set(REPEATABLE) <= set(MAY_SAY)
    assert set(REPEATABLE) == {requests.Heartbeat, requests.SearchKnowledge, requests.Look, requests.Watch}


def test_no_agent_says_what_is_the_persons() -> None:
    """Rule 2: posting, cancelling, pausing, overruling and setting the goal are the operator's alone."""
    persons = {kind for kind, roles in MAY_SAY.items() if roles == {Role.OPERATOR}}
    assert {requests.PostTask, requests.CancelTask, requests.ForceRelease, requests.SetGoal} <= persons
    assert all(roles for roles in MAY_SAY.values())
