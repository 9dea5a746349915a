"""Who is told what: nobody misses what concerns them, and nobody is told what does not."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from devmesh.core.audience import AUDIENCE, sessions_told
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import AnyFact
from devmesh.vocabulary.terms import LockMode, Role
from tests.core.rig import Rig


def told(rig: Rig, fact: Any, **cause: int) -> set[str]:
    """The names of those told, as the rig knows them."""
    by_session = {
        session.number: name
        for name, connection in rig.connections.items()
        if (session := rig.state.sessions.get(rig.state.by_connection.get(connection, 0)))
    }
    return {by_session[number] for number in sessions_told(rig.state, Recorded(sequence=9, fact=fact, **cause))}


def crowd() -> Rig:
    """Two agents, a person, and somebody who watches."""
    rig = Rig()
    rig.join("a", "b")
    rig.person()
    rig.connect("watcher", Role.OBSERVER)
    rig.say("watcher", requests.Watch())
    return rig


WRITTEN = facts.LockGranted(token=1, agent="a-1", target="x.py", mode=LockMode.WRITE, lease=30)


def test_a_watcher_is_told_everything() -> None:
    """Also what concerns nobody else."""
    rig = crowd()
    assert told(rig, facts.CoordinatorStalled(seconds=3)) == {"watcher"}
    assert told(rig, WRITTEN) == {"watcher", "a-1"}


def test_a_lock_is_its_holders_business() -> None:
    """Another agent is not told."""
    assert "b-1" not in told(crowd(), WRITTEN)


@pytest.mark.parametrize(
    "fact",
    [
        facts.ChangeApplied(change=1, task=1, agent="a-1", files=("x.py",)),
        facts.DiscoveryShared(discovery=1, agent="a-1", title="t", text="x"),
        facts.FrameworkProposed(version=1, agent="a-1", goal="g", overview="o"),
        facts.ArchitectNamed(agent="a-1"),
        facts.CoordinatorStopped(),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_what_concerns_all_agents_reaches_all(fact: Any) -> None:
    """Rule 9: every landing is told to every agent; so are discoveries, plans, and the end."""
    assert told(crowd(), fact) == {"a-1", "b-1", "watcher"}


def test_only_those_who_may_bid_are_asked() -> None:
    """A bidding names its bidders."""
    opened = facts.BiddingOpened(task=1, attempt=1, agents=("b-1",), window=1)
    assert told(crowd(), opened) == {"b-1", "watcher"}


def test_an_answer_reaches_who_asked_though_it_concerns_another() -> None:
    """The person pauses an agent: both are told."""
    rig = crowd()
    person = rig.state.sessions[rig.state.by_connection[rig.connections["person"]]].number
    assert told(rig, facts.AgentPaused(agent="a-1"), session=person, request=1) == {"a-1", "person", "watcher"}
    assert told(rig, facts.AgentPaused(agent="a-1"), session=person) == {"a-1", "watcher"}


def test_who_asked_is_not_told_what_answers_nobody() -> None:
    """A bidding that opens because a task was posted is no answer to the one who posted it."""
    rig = crowd()
    person = rig.state.sessions[rig.state.by_connection[rig.connections["person"]]].number
    opened = facts.BiddingOpened(task=1, attempt=1, agents=("b-1",), window=1)
    assert told(rig, opened, session=person, request=1) == {"b-1", "watcher"}


def test_a_session_is_told_of_itself_and_never_of_another() -> None:
    """The first delivery is the session's own opening; whose key it holds is nobody else's business."""
    rig = crowd()
    number = rig.state.sessions[rig.state.by_connection[rig.connections["b-1"]]].number
    assert told(rig, facts.SessionResumed(session=number, connection=5)) == {"b-1", "watcher"}


def test_a_beginning_to_watch_is_told_to_nobody() -> None:
    """It is answered with the state."""
    assert told(crowd(), facts.WatchBegun(session=1)) == set()


def test_a_session_that_joined_anew_is_not_told_of_its_former_agent() -> None:
    """A name that is no longer the session's own gets nothing."""
    rig = crowd()
    rig.say("a-1", requests.Leave())
    rig.say("a-1", requests.Join(tool="a"))
    assert "a-1" not in told(rig, facts.AgentPaused(agent="a-1"))
    assert "a-1" in told(rig, facts.AgentPaused(agent="a-2"))


@pytest.mark.parametrize("kind", AUDIENCE, ids=lambda kind: kind.__name__)
def test_the_table_is_about_facts_there_are(kind: type[Any]) -> None:
    """No line of it is left over."""
    assert kind in get_args(AnyFact)


def test_those_told_come_in_the_order_of_their_sessions() -> None:
    """Deterministic, whatever order agents joined or watched in."""
    rig = crowd()
    recorded = Recorded(sequence=1, fact=facts.CoordinatorStopped())
    assert sessions_told(rig.state, recorded) == sorted(sessions_told(rig.state, recorded))
