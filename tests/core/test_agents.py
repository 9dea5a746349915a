"""Agents: joining, being heard, leaving, being lost."""

from __future__ import annotations

from devmesh.core import events
from devmesh.core.lock_requests import PORTION
from devmesh.core.rules import RULES
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import AgentState, Limits, LockMode, Resources, Role
from tests.core.rig import Rig, only


def test_names_count_per_tool_and_are_never_used_again() -> None:
    """claude-1, claude-2, codex-1; after claude-1 left, the next is claude-3."""
    rig = Rig()
    assert rig.join("claude", "claude", "codex") == ["claude-1", "claude-2", "codex-1"]
    rig.say("claude-1", requests.Leave())
    assert rig.join("claude") == ["claude-3"]


def test_an_agent_is_given_the_rulebook_and_its_lease() -> None:
    """What it must keep to is told when it joins: ten rules, the heartbeat, the lease."""
    rig = Rig(Limits(lease=20, heartbeat=4))
    rig.connect("x")
    joined = only(rig.say("x", requests.Join(tool="x")), facts.AgentJoined)
    assert all(rule.name in joined.rulebook for rule in RULES)
    assert (joined.lease, joined.limits_heartbeat) == (20, 4)


def test_joining_twice_is_joining_once() -> None:
    """A second Join on the same session is answered with the same name."""
    rig = Rig()
    rig.join("x")
    assert rig.say("x-1", requests.Join(tool="x")) == []
    assert [fact.agent for fact in rig.told[rig.connections["x-1"]] if isinstance(fact, facts.AgentJoined)] == ["x-1"]


def test_another_protocol_is_refused_with_what_to_do() -> None:
    """A bridge of another version learns both numbers."""
    rig = Rig()
    rig.connect("x")
    refused = only(rig.say("x", requests.Join(tool="x", protocol=99)), facts.RequestRefused)
    assert (refused.code, refused.field) == ("WRONG_PROTOCOL", "protocol")
    assert refused.hint


def test_a_full_mesh_takes_nobody_more() -> None:
    """The limit of agents is kept, and counts only those present."""
    rig = Rig(Limits(agents=1))
    rig.join("x")
    rig.connect("y")
    assert only(rig.say("y", requests.Join(tool="y")), facts.RequestRefused).code == "LIMIT"
    rig.say("x-1", requests.Leave())
    only(rig.say("y", requests.Join(tool="y")), facts.AgentJoined)


def test_heartbeats_keep_an_agent_and_its_locks() -> None:
    """Heard every five seconds, nothing ends; the answer lists what was renewed."""
    rig = Rig()
    rig.join("x")
    (token,) = rig.lock("x-1", "a.py", mode=LockMode.WRITE)
    assert not rig.pass_time(300, beat=("x-1",))
    assert rig.state.agents["x-1"].state is AgentState.IDLE
    rig.say("x-1", requests.Heartbeat(tokens=(token, 999)))
    renewed = [fact for fact in rig.told[rig.connections["x-1"]] if isinstance(fact, facts.LeasesRenewed)]
    assert renewed[0].tokens == (token,)


def test_a_heartbeat_leaves_no_row() -> None:
    """Renewals are told, not kept: losing one in a crash is harmless."""
    rig = Rig()
    rig.join("x")
    assert rig.say("x-1", requests.Heartbeat()) == []


def test_silence_ends_an_agent_at_its_lease_not_before() -> None:
    """Rule 4: lost at 30 s, still there at 29."""
    rig = Rig()
    rig.join("x")
    assert not [fact for fact in rig.pass_time(29.9) if isinstance(fact, facts.AgentLost)]
    only(rig.pass_time(0.2), facts.AgentLost)
    assert rig.state.agents["x-1"].state is AgentState.GONE


def test_our_own_lateness_ends_nobody() -> None:
    """Promise: after a stall of the coordinator no lease ends until the credit has passed."""
    rig = Rig()
    rig.join("x")
    rig.lock("x-1", "a.py")
    rig.now += 60
    rig.feed(events.Stalled(seconds=60, cause="a long cell"))
    said = rig.feed(events.Woke())
    assert not [fact for fact in said if isinstance(fact, facts.AgentLost | facts.LockExpired)]
    rig.say("x-1", requests.Heartbeat(tokens=tuple(lock.token for lock in rig.state.locks.of("x-1"))))
    assert not [f for f in rig.pass_time(12, beat=("x-1",)) if isinstance(f, facts.AgentLost | facts.LockExpired)]


def test_a_restart_rearms_every_lease() -> None:
    """However long the coordinator was away, survivors have a whole lease to come back."""
    rig = Rig()
    rig.join("x")
    rig.pass_time(25)
    rig.feed(events.Started(project="rig", version="test", limits=rig.limits))
    assert not [fact for fact in rig.pass_time(29) if isinstance(fact, facts.AgentLost)]
    only(rig.pass_time(2), facts.AgentLost)


def test_a_dropped_connection_keeps_locks_and_task_until_the_lease_ends() -> None:
    """AWAY, not gone; back within the lease, everything is as it was."""
    rig = Rig()
    rig.join("x")
    award = rig.begin(rig.post())
    rig.lock("x-1", "a.py")
    rig.lose("x-1")
    assert rig.state.agents["x-1"].away
    rig.pass_time(20)
    rig.feed(events.Connected(connection=900, role=Role.AGENT, key="x/0"))
    assert rig.state.agents["x-1"].state is AgentState.WORKING
    (standing,) = [fact for fact in rig.told[900] if isinstance(fact, facts.Standing)]
    assert standing.task == award
    assert [lock.target for lock in standing.locks] == ["a.py"]


def test_a_lost_agents_locks_end_with_their_own_leases() -> None:
    """It may still act on a lock granted after its last heartbeat, so that lock is not given away early."""
    rig = Rig()
    rig.join("x", "y")
    rig.pass_time(20, beat=("y-1",))
    rig.lock("x-1", "a.py", mode=LockMode.WRITE)
    only(rig.pass_time(11, beat=("y-1",)), facts.AgentLost)
    assert not rig.lock("y-1", "a.py", mode=LockMode.WRITE)
    only(rig.pass_time(20, beat=("y-1",)), facts.LockExpired)
    assert rig.lock("y-1", "a.py", mode=LockMode.WRITE)


def test_leaving_frees_locks_at_once() -> None:
    """`Leave` is the agent's own word."""
    rig = Rig()
    rig.join("x", "y")
    rig.lock("x-1", "a.py", mode=LockMode.WRITE)
    rig.say("x-1", requests.Leave(reason="done"))
    assert rig.lock("y-1", "a.py", mode=LockMode.WRITE)


def test_the_first_agent_is_architect_and_has_an_heir() -> None:
    """Rule 1: when the architect goes, the one that joined first of those left takes its place."""
    rig = Rig()
    rig.join("a", "b", "c")
    assert rig.state.architect == "a-1"
    assert only(rig.say("a-1", requests.Leave()), facts.ArchitectNamed).agent == "b-1"
    rig.say("b-1", requests.Leave())
    rig.say("c-1", requests.Leave())
    assert rig.state.architect is None


def test_pausing_an_agent_stops_new_work() -> None:
    """Paused and resumed by name; twice in a row is refused."""
    rig = Rig()
    rig.join("x")
    rig.say(rig.person(), requests.PauseAgent(agent="x-1"))
    assert rig.state.agents["x-1"].state is AgentState.PAUSED
    assert only(rig.say("person", requests.PauseAgent(agent="x-1")), facts.RequestRefused).code == "WRONG_STATE"
    rig.say("person", requests.ResumeAgent(agent="x-1"))
    assert only(rig.say("person", requests.ResumeAgent(agent="x-1")), facts.RequestRefused).code == "WRONG_STATE"
    assert rig.state.tasks[rig.post()].bidding is not None


def test_dismissing_tells_the_agent_and_gives_it_nothing_new() -> None:
    """The bridge is told to go; until then it is not asked."""
    rig = Rig()
    rig.join("x")
    rig.say(rig.person(), requests.DismissAgent(agent="x-1", reason="enough"))
    assert any(isinstance(fact, facts.AgentDismissed) for fact in rig.told[rig.connections["x-1"]])
    assert rig.state.tasks[rig.post()].bidding is None


def test_over_use_is_said_once_when_it_begins() -> None:
    """An agent using more than it declared is reported when it goes over, not at every heartbeat."""
    rig = Rig()
    rig.join("x", declared=Resources(ram_gb=2))
    over = requests.Heartbeat(used=Resources(ram_gb=3))
    assert only(rig.say("x-1", over), facts.HardwareExceeded).used.ram_gb == 3
    assert rig.say("x-1", over) == []
    assert rig.say("x-1", requests.Heartbeat(used=Resources(ram_gb=1))) == []
    only(rig.say("x-1", over), facts.HardwareExceeded)


def test_an_unknown_agent_is_named() -> None:
    """Asking something of an agent that is not there says so."""
    rig = Rig()
    refused = only(rig.say(rig.person(), requests.DismissAgent(agent="ghost")), facts.RequestRefused)
    assert (refused.code, refused.field) == ("UNKNOWN", "agent")


def test_many_leases_that_end_at_once_end_in_portions() -> None:
    """One turn is bounded by so many; the alarm rings again at once until all that is over has ended."""
    rig = Rig()
    rig.join("x")
    rig.lock("x-1", *(f"f{number}" for number in range(2 * PORTION + 1)))
    rig.now += 31
    ended = []
    for _ in range(3):
        assert rig.alarm is not None
        assert rig.alarm <= rig.now
        ended.append(sum(isinstance(fact, facts.LockExpired) for fact in rig.feed(events.Woke())))
    assert ended == [PORTION, PORTION, 1]
    assert rig.alarm is None or rig.alarm > rig.now
