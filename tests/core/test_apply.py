"""Facts change the state, and nothing else does: one table, every history foldable, answers kept for repeats."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from devmesh.core.apply import FOLD, apply
from devmesh.core.snapshot import freeze
from devmesh.core.state import MeshState
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import AnyFact
from devmesh.vocabulary.record import kind_of
from devmesh.vocabulary.terms import Limits, LockMode, Role
from tests.core.rig import Rig, only

SILENT: set[type[Any]] = {
    facts.RequestRefused,
    facts.RequestMalformed,
    facts.WatchStarted,
    facts.Standing,
    facts.FrameworkRequested,
    facts.DiscoveriesFound,
    facts.BoardShown,
    facts.OutputReported,
    facts.HardwareExceeded,
}
"Facts that change nothing but the record, or are only told."


def test_every_fact_changes_the_state_or_is_known_to_be_silent() -> None:
    """A new fact that was forgotten in the fold is found here."""
    assert set(get_args(AnyFact)) == FOLD.keys() | SILENT
    assert not FOLD.keys() & SILENT


@pytest.mark.parametrize("kind", sorted(SILENT, key=str), ids=kind_of)
def test_a_silent_fact_moves_only_time_and_sequence(kind: type[Any]) -> None:
    """Both are its own."""
    rig = Rig()
    rig.join("a")
    before = freeze(rig.state)
    apply(rig.state, Recorded(sequence=rig.state.sequence, fact=_silent(kind), now=rig.state.now))
    assert freeze(rig.state) == before


def _silent(kind: type[Any]) -> Any:
    fields: dict[type[Any], dict[str, Any]] = {
        facts.RequestRefused: {"code": "UNKNOWN", "message": "no"},
        facts.RequestMalformed: {"code": "BAD_REQUEST", "message": "no"},
        facts.WatchStarted: {"sequence": 1, "snapshot": b"{}"},
        facts.Standing: {"agent": "a-1"},
        facts.FrameworkRequested: {"agent": "a-1", "goal": "g"},
        facts.DiscoveriesFound: {"query": "q"},
        facts.BoardShown: {},
        facts.OutputReported: {"task": 1, "attempt": 1, "agent": "a-1", "stream": "stdout", "text": "x"},
        facts.HardwareExceeded: {"agent": "a-1", "declared": None, "used": None},
    }
    return kind(**fields[kind])


def test_time_is_the_latest_ever_seen() -> None:
    """A fact from before does not turn the clock back."""
    state = MeshState()
    apply(state, Recorded(sequence=1, fact=facts.GoalSet(text="a"), now=10.0))
    apply(state, Recorded(sequence=2, fact=facts.GoalSet(text="b"), now=9.0))
    assert (state.now, state.goal, state.sequence) == (10.0, "b", 2)


def test_a_fact_that_is_not_kept_has_no_number() -> None:
    """The sequence of the record has no holes."""
    rig = Rig()
    rig.join("a")
    before = rig.state.sequence
    rig.say("a-1", requests.Heartbeat())
    assert rig.state.sequence == before


def test_what_answered_a_request_is_kept_for_its_repetition() -> None:
    """With the number of the request, and only what the session was told."""
    rig = Rig()
    rig.join("a")
    tokens = rig.lock("a-1", "x.py", mode=LockMode.WRITE)
    session = rig.state.sessions[rig.state.by_connection[rig.connections["a-1"]]]
    kept = session.replies[rig.ids["a-1"]]
    assert [recorded.fact.token for recorded in kept if isinstance(recorded.fact, facts.LockGranted)] == list(tokens)
    assert session.highest == rig.ids["a-1"]


def test_a_request_that_told_its_session_nothing_is_still_answered_once() -> None:
    """The answer is empty, and kept."""
    rig = Rig()
    rig.join("a")
    token = rig.lock("a-1", "x.py", mode=LockMode.WRITE)
    rig.say(rig.person(), requests.ForceRelease(token=token[0], reason="mine"))
    session = rig.state.sessions[rig.state.by_connection[rig.connections["person"]]]
    assert list(session.replies) == [1]


def test_answers_are_kept_for_the_latest_requests_only() -> None:
    """A session costs a bounded amount of memory."""
    rig = Rig(Limits(replies=3))
    rig.join("a")
    for name in "pqrst":
        rig.lock("a-1", f"{name}.py")
    session = rig.state.sessions[rig.state.by_connection[rig.connections["a-1"]]]
    assert list(session.replies) == [4, 5, 6]


def test_an_unknown_session_in_the_record_is_no_error() -> None:
    """It was forgotten since; what it said stays true."""
    state = MeshState()
    apply(state, Recorded(sequence=1, fact=facts.GoalSet(text="a"), session=77, request=1))
    assert state.goal == "a"


def test_a_history_can_be_folded_by_whoever_has_it() -> None:
    """Recovery, time travel and dashboards apply the same facts and get the same state."""
    rig = Rig()
    rig.join("a", "b")
    rig.connect("w", Role.OBSERVER)
    rig.complete(rig.post(), "a-1")
    only(rig.say("b-1", requests.Leave()), facts.AgentLeft)
    replica = MeshState()
    for recorded in rig.kept:
        apply(replica, recorded)
    assert freeze(replica) == freeze(rig.state)
