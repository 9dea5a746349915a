"""Facts about agents, the framework and hardware, applied."""

from __future__ import annotations

from typing import Any

from devmesh.core.apply import apply
from devmesh.core.state import SetAside
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.terms import Resources
from tests.core.rig import Rig


def told(rig: Rig, *said: Any) -> None:
    """The facts, one after the other, now."""
    for fact in said:
        sequence = rig.state.sequence + 1 if fact.recorded else 0
        apply(rig.state, Recorded(sequence=sequence, fact=fact, now=rig.now))


def with_agents(*tools: str) -> Rig:
    """A mesh with these agents."""
    rig = Rig()
    rig.join(*tools)
    return rig


def test_an_agent_that_joins_is_known_counted_and_due() -> None:
    """By name, per tool, and with the deadline of its lease."""
    rig = with_agents("a", "a", "b")
    assert rig.state.names == {"a": 2, "b": 1}
    agent = rig.state.agents["a-2"]
    assert agent.deadline == agent.heard_at + rig.limits.lease == agent.joined_at + rig.limits.lease
    assert rig.state.alarms.times["agent", "a-2"] == agent.deadline
    assert rig.state.sessions[agent.joined.session].agent == "a-2"


def test_an_agent_that_is_gone_has_nothing_and_is_not_due() -> None:
    """Left or lost alike; its name is never used again."""
    for fact in (facts.AgentLeft(agent="a-1"), facts.AgentLost(agent="a-1")):
        rig = with_agents("a")
        told(rig, fact)
        agent = rig.state.agents["a-1"]
        assert (agent.gone, agent.task, agent.reviewing) == (True, None, None)
        assert ("agent", "a-1") not in rig.state.alarms.times
        assert rig.state.architect is None
        assert rig.join("a") == ["a-2"]


def test_another_agents_going_leaves_the_architect() -> None:
    """Only its own end takes the office away."""
    rig = with_agents("a", "b")
    told(rig, facts.AgentLeft(agent="b-1"))
    assert rig.state.architect == "a-1"


def test_the_session_of_an_agent_lost_while_away_is_due_for_forgetting() -> None:
    """Nobody would come back for it."""
    rig = with_agents("a")
    rig.lose("a-1")
    told(rig, facts.AgentLost(agent="a-1"))
    session = rig.state.agents["a-1"].joined.session
    assert rig.state.alarms.times["session", str(session)] == rig.now + rig.limits.session_keep


def test_agents_long_gone_are_forgotten_and_the_present_are_not() -> None:
    """Two hundred of those gone are remembered, so that every look at the present ones stays quick."""
    rig = with_agents("old")
    for number in range(210):
        name = f"b-{number + 1}"
        told(rig, facts.AgentJoined(agent=name, session=1, tool="b"), facts.AgentLeft(agent=name))
    assert "old-1" in rig.state.agents
    assert "b-1" not in rig.state.agents
    assert len(rig.state.agents) <= 202
    assert rig.state.names["b"] == 210


def test_pausing_resuming_and_dismissing() -> None:
    """Who is dismissed takes no more work, like one who is paused."""
    rig = with_agents("a")
    paused = []
    for kind in (facts.AgentPaused, facts.AgentResumed, facts.AgentDismissed):
        told(rig, kind(agent="a-1"))
        paused.append(rig.state.agents["a-1"].paused)
    assert paused == [True, False, True]


def test_a_renewal_moves_the_deadline_and_the_measured_memory() -> None:
    """Later, never earlier, by the time it was heard."""
    rig = with_agents("a")
    rig.now += 12
    told(rig, facts.LeasesRenewed(agent="a-1", lease=30, ram_gb=2.5, vram_gb=1))
    agent = rig.state.agents["a-1"]
    assert (agent.heard_at, agent.deadline) == (rig.now, rig.now + 30)
    assert agent.used == Resources(ram_gb=2.5, vram_gb=1)


def test_the_author_of_a_framework_has_read_it() -> None:
    """Nobody else has, until they say so."""
    rig = with_agents("a", "b")
    told(rig, facts.GoalSet(text="g"), facts.FrameworkProposed(version=3, agent="a-1", goal="g", overview="o"))
    assert (rig.state.agents["a-1"].framework_read, rig.state.agents["b-1"].framework_read) == (3, 0)
    assert rig.state.number("framework") == 4
    told(rig, facts.FrameworkRead(agent="b-1", version=3))
    assert rig.state.agents["b-1"].framework_read == 3


def test_the_ledger_holds_what_is_reserved_until_it_is_released() -> None:
    """By task; releasing what is not reserved changes nothing."""
    rig = with_agents("a")
    four = Resources(ram_gb=4)
    told(rig, facts.HardwareReserved(agent="a-1", task=7, amount=four, free=Resources()))
    assert rig.state.reserved == {7: SetAside("a-1", four)}
    for _ in range(2):
        told(rig, facts.HardwareReleased(agent="a-1", task=7, amount=four, free=four))
        assert rig.state.reserved == {}


def test_the_machine_is_as_it_was_last_measured() -> None:
    """Total and used."""
    rig = with_agents("a")
    told(rig, facts.HardwareSampled(total=Resources(ram_gb=16), used=Resources(ram_gb=3)))
    assert (rig.state.measured_total.ram_gb, rig.state.measured_used.ram_gb) == (16, 3)


def test_discoveries_are_counted() -> None:
    """Their text is in the audit's index, not in the state."""
    rig = with_agents("a")
    told(rig, facts.DiscoveryShared(discovery=1, agent="a-1", title="t", text="x" * 1000))
    assert rig.state.number("discovery") == 2
