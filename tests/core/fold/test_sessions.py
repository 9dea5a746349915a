"""Facts about the mesh and its sessions, applied one by one."""

from __future__ import annotations

from devmesh.core.apply import apply
from devmesh.core.state import MeshState
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.terms import Limits, LockMode, Role
from tests.core.rig import Rig, only

START = facts.CoordinatorStarted(epoch=1, project="p", limits=Limits(session_keep=10))


def told(state: MeshState, *said: facts.AnyFact, now: float = 0.0) -> MeshState:
    """The facts, one after the other."""
    for fact in said:
        apply(state, Recorded(sequence=state.sequence + 1, fact=fact, now=now))
    return state


def opened(session: int = 1, connection: int = 1, key: str = "k") -> facts.SessionOpened:
    """An agent's session."""
    return facts.SessionOpened(session=session, connection=connection, role=Role.AGENT, key=key)


def test_a_start_takes_epoch_and_limits_over() -> None:
    """A replay uses the limits of its time."""
    state = told(MeshState(), START)
    assert (state.epoch, state.project, state.running, state.limits.session_keep) == (1, "p", True, 10)


def test_a_stop_is_remembered_until_the_next_start() -> None:
    """Whether the last coordinator said goodbye is how the next one knows that it did."""
    state = told(MeshState(), START, facts.CoordinatorStopped())
    assert not state.running
    assert told(state, START).running


def test_a_start_finds_nobody_connected() -> None:
    """Connections ended with the former coordinator; sessions and keys live on."""
    state = told(MeshState(), START, opened(), facts.WatchBegun(session=1), START)
    assert state.by_connection == {}
    assert state.watchers == {}
    assert state.sessions[1].connection is None
    assert state.by_key == {"k": 1}


def test_a_start_gives_every_agent_and_lock_a_new_lease() -> None:
    """Renewals are not kept, so nobody is expired by a restart."""
    rig = Rig()
    rig.join("a")
    (token,) = rig.lock("a-1", "x.py", mode=LockMode.WRITE)
    later = rig.now + 500
    told(rig.state, facts.CoordinatorStarted(epoch=2, project="p", limits=rig.limits), now=later)
    agent = rig.state.agents["a-1"]
    assert agent.away
    assert agent.deadline == later + rig.limits.lease
    assert rig.state.locks.locks[token].deadline == later + rig.limits.lease


def test_a_stall_puts_off_every_end_of_a_lease() -> None:
    """For as long as the limits say."""
    state = told(MeshState(), START)
    told(state, facts.CoordinatorStalled(seconds=9), now=100.0)
    assert state.no_expiry_before == 100.0 + state.limits.stall_credit
    assert told(state, START).no_expiry_before == 0.0


def test_a_resumed_session_has_its_newest_connection_only() -> None:
    """And watches no longer until it asks again."""
    state = told(MeshState(), START, opened(), facts.WatchBegun(session=1))
    told(state, facts.SessionResumed(session=1, connection=2))
    assert state.by_connection == {2: 1}
    assert state.watchers == {}


def test_dropped_resumed_dropped_forgotten() -> None:
    """A session without an agent is due for forgetting from its last drop on, and never while connected."""
    state = told(MeshState(), START, opened(), facts.SessionDropped(session=1), now=5.0)
    assert state.alarms.times == {("session", "1"): 15.0}
    told(state, facts.SessionResumed(session=1, connection=2), now=6.0)
    assert state.alarms.times == {}
    told(state, facts.SessionDropped(session=1), now=20.0)
    assert state.alarms.times == {("session", "1"): 30.0}
    told(state, facts.SessionForgotten(session=1), now=30.0)
    assert (state.sessions, state.by_key, state.by_connection, state.alarms.times) == ({}, {}, {}, {})


def test_dropping_twice_is_dropping_once() -> None:
    """The same end may be heard of by two ways."""
    state = told(MeshState(), START, opened(), facts.SessionDropped(session=1), facts.SessionDropped(session=1))
    assert state.sessions[1].connection is None


def test_a_dropped_agent_is_away_and_its_session_is_kept() -> None:
    """As long as the agent is in the mesh."""
    rig = Rig()
    rig.join("a")
    dropped = only(rig.lose("a-1"), facts.SessionDropped)
    assert rig.state.agents["a-1"].away
    assert ("session", str(dropped.session)) not in rig.state.alarms.times


def test_session_numbers_are_never_used_again() -> None:
    """Not even that of a forgotten one."""
    state = told(MeshState(), START, opened(), facts.SessionDropped(session=1), facts.SessionForgotten(session=1))
    assert state.number("session") == 2
