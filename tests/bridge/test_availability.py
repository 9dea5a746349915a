"""Whether an agent takes new work, and why not, in the words a person reads."""

from __future__ import annotations

from devmesh.bridge.availability import Availability
from devmesh.vocabulary.facts import AgentParked, BiddingOpened, Standing
from devmesh.vocabulary.terms import Blockage, TaskKind
from tests.bridge.rig import scripted

OPENED = BiddingOpened(task=1, attempt=1, agents=("me",), window=1.0)
PARKED = AgentParked(agent="me", blockage=Blockage.RATE_LIMIT, reason="429\x1b[2J", retry_in=30.0)


def available(**changes: object) -> tuple[Availability, list[str]]:
    """An agent of the scripted CLI, and what it tells its person."""
    told: list[str] = []
    return Availability(scripted(**changes), told.append), told


def test_an_agent_that_nothing_hinders_bids() -> None:
    """The usual case."""
    assert available()[0].reason_to_decline(OPENED) == ""


def test_each_hindrance_has_its_word() -> None:
    """The gravest first."""
    agent, told = available()
    agent.planning = lambda: True
    assert agent.reason_to_decline(OPENED) == "planning"
    agent.park(PARKED)
    assert agent.reason_to_decline(OPENED) == "parked"
    agent.paused = True
    assert agent.reason_to_decline(OPENED) == "paused"
    agent.leaving = True
    assert agent.reason_to_decline(OPENED) == "leaving"
    assert told[0].startswith("parked (rate limit: 429")
    assert told[0].endswith("tried again in 30 s, or when it is resumed")
    assert "\x1b" not in told[0]


def test_it_ends_when_it_is_told_so_or_finds_it_so_on_return() -> None:
    """And for whoever joins anew."""
    agent, told = available()
    agent.park(PARKED)
    agent.unpark()
    assert (agent.reason_to_decline(OPENED), told[-1]) == ("", "parked no more")
    agent.reconcile(Standing(agent="me", parked=True))
    assert agent.reason_to_decline(OPENED) == "parked"
    agent.reconcile(Standing(agent="me", paused=True))
    assert agent.reason_to_decline(OPENED) == "paused"
    agent.forget()
    assert agent.reason_to_decline(OPENED) == ""


def test_one_that_edits_nothing_takes_only_what_asks_for_it() -> None:
    """A review, or a task that names a capability."""
    agent, _ = available(edits=False)
    assert agent.reason_to_decline(OPENED) == "it answers, and edits nothing"
    asked = BiddingOpened(task=1, attempt=1, agents=("me",), window=1.0, capabilities=("answer",))
    review = BiddingOpened(task=1, attempt=1, agents=("me",), window=1.0, task_kind=TaskKind.REVIEW)
    assert agent.reason_to_decline(asked) == agent.reason_to_decline(review) == ""
