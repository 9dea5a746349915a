"""One turn: facts are true as soon as they are recorded, and told to each session once, after they are kept."""

from __future__ import annotations

from devmesh.core.effects import HangUp, Record, Tell
from devmesh.core.turn import Turn
from devmesh.errors import Code
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import LockMode, Role
from tests.core.rig import Rig


def in_turn(rig: Rig, who: str) -> Turn:
    """A turn that answers the next request of that connection."""
    turn = Turn(rig.state, rig.now)
    turn.session, turn.request = rig.state.by_connection[rig.connections[who]], 7
    turn.request_kind = "leave"
    return turn


def test_a_recorded_fact_is_true_at_once() -> None:
    """The next decision of the same turn sees it."""
    rig = Rig()
    turn = Turn(rig.state, rig.now)
    before = turn.next_sequence
    turn.record(facts.GoalSet(text="a shop"))
    assert rig.state.goal == "a shop"
    assert turn.next_sequence == before + 1


def test_a_fencing_token_is_the_number_of_its_grant() -> None:
    """Unique and growing, because sequence numbers are."""
    rig = Rig()
    rig.join("a")
    first, second = rig.lock("a-1", "x.py", "y.py", mode=LockMode.WRITE)
    granted = {r.fact.token: r.sequence for r in rig.kept if isinstance(r.fact, facts.LockGranted)}
    assert granted == {first: first, second: second}


def test_facts_are_kept_before_they_are_told_and_wishes_come_last() -> None:
    """In this order, whatever order they were thought of in."""
    rig = Rig()
    rig.connect("w", Role.OBSERVER)
    rig.say("w", requests.Watch())
    turn = Turn(rig.state, rig.now)
    turn.want(HangUp(connection=5, reason="x"))
    turn.record(facts.GoalSet(text="a"))
    turn.record(facts.GoalSet(text="b"))
    effects = turn.effects()
    assert [type(effect) for effect in effects] == [Record, Record, Tell, HangUp]
    told = effects[2]
    assert isinstance(told, Tell)
    assert [recorded.fact for recorded in told.facts] == [facts.GoalSet(text="a"), facts.GoalSet(text="b")]


def test_a_transient_fact_is_told_and_not_kept() -> None:
    """It has no number."""
    rig = Rig()
    rig.join("a")
    turn = Turn(rig.state, rig.now)
    turn.record(facts.LeasesRenewed(agent="a-1", lease=30))
    (told,) = turn.effects()
    assert isinstance(told, Tell)
    assert told.facts[0].sequence == 0


def test_every_request_is_answered_even_with_nothing() -> None:
    """An empty delivery that names the request: the client need not wait for more."""
    rig = Rig()
    rig.join("a")
    assert in_turn(rig, "a-1").effects() == [Tell(connection=rig.connections["a-1"], facts=(), reply_to=7)]


def test_a_request_answered_by_an_effect_is_not_answered_twice() -> None:
    """As when a search, or the whole state, is its answer."""
    rig = Rig()
    rig.join("a")
    turn = in_turn(rig, "a-1")
    turn.answered = True
    assert turn.effects() == []


def test_only_the_one_who_asked_gets_the_number_of_the_request() -> None:
    """To everybody else the same facts are news."""
    rig = Rig()
    rig.join("a", "b")
    turn = in_turn(rig, "a-1")
    turn.record(facts.ArchitectNamed(agent="a-1"))
    replies = {effect.connection: effect.reply_to for effect in turn.effects() if isinstance(effect, Tell)}
    assert replies == {rig.connections["a-1"]: 7, rig.connections["b-1"]: None}


def test_nothing_is_told_to_who_is_not_connected() -> None:
    """What they missed is in their standing when they come back."""
    rig = Rig()
    rig.join("a")
    rig.lose("a-1")
    turn = Turn(rig.state, rig.now)
    turn.record(facts.ArchitectNamed(agent="a-1"))
    assert [type(effect) for effect in turn.effects()] == [Record]


def test_a_refusal_names_request_agent_rule_and_field() -> None:
    """A refusal is a fact like any other, and too long a text is cut, not refused in turn."""
    rig = Rig()
    rig.join("a")
    turn = in_turn(rig, "a-1")
    turn.refuse(Code.FORBIDDEN, "m" * 900, rule=2, field="task", hint="h" * 900)
    (kept,) = [effect.recorded for effect in turn.effects() if isinstance(effect, Record)]
    assert kept.fact == facts.RequestRefused(
        code="FORBIDDEN",
        message="m" * 500,
        request="leave",
        agent="a-1",
        rule=2,
        field="task",
        hint="h" * 500,
    )
    assert (kept.session, kept.request) == turn.cause
