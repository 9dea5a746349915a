"""Mutants of the lock rules: the matrix, the queue, leases, tokens. Each takes one mechanism out."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from devmesh.coordinator.lateness import Lateness
from devmesh.core import agents, hearing, lock_requests, locks, sessions, vigil
from devmesh.core.apply import FOLD
from devmesh.core.state import Agent, MeshState
from devmesh.core.turn import Turn
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.terms import LockMode
from tests.simulation.machine import Machine

Patch = pytest.MonkeyPatch
HEARD: Any = hearing.FROM_AGENTS
FOLDED: Any = FOLD
Table = locks.LockTable


def writers_join_readers(patch: Patch) -> None:
    """WRITE is granted beside READ."""
    patch.setitem(locks.BLOCKING, LockMode.WRITE, locks.BLOCKING[LockMode.WRITE] - {LockMode.READ})


def co_writers_join_readers(patch: Patch) -> None:
    """CO_WRITE begins while others read."""
    patch.setitem(locks.BLOCKING, LockMode.CO_WRITE, locks.BLOCKING[LockMode.CO_WRITE] - {LockMode.READ})


def readers_let_announcers_in(patch: Patch) -> None:
    """The table itself is wrong, and what is derived from it: INTENT is granted beside READ."""
    wrong = locks.COMPATIBLE[LockMode.READ] | {LockMode.INTENT}
    patch.setitem(locks.COMPATIBLE, LockMode.READ, wrong)
    patch.setitem(locks.BLOCKING, LockMode.INTENT, locks.BLOCKING[LockMode.INTENT] - {LockMode.READ})


def upgrades_ignore_others(patch: Patch) -> None:
    """Who holds a lock gets it in any other mode, whoever else holds it."""
    real = Table.in_the_way

    def in_the_way(self: Table, agent: str, targets: Any, mode: LockMode, before_ticket: int | None = None) -> Any:
        asked = [target for target in targets if self.holding(agent, target) is None]
        return real(self, agent, asked, mode, before_ticket)

    patch.setattr(Table, "in_the_way", in_the_way)


def queue_is_overtaken(patch: Patch) -> None:
    """Who waits is not looked at: a stream of readers starves a writer."""
    for mode in LockMode:
        patch.setitem(locks.PRECEDING, mode, frozenset())


def deadlock_is_not_seen(patch: Patch) -> None:
    """Circles of waiters are never looked for."""
    patch.setattr(lock_requests, "circle", lambda *_: None)
    patch.setattr(lock_requests, "circle_through", lambda *_: None)


def late_deadlock_is_not_seen(patch: Patch) -> None:
    """Only the circle that a new request closes is looked for, not one that a grant closes."""
    patch.setattr(lock_requests, "circle_through", lambda *_: None)


def waiters_are_not_woken(patch: Patch) -> None:
    """The end of a lock wakes nobody who waits for it."""
    patch.setattr(vigil.Vigil, "ended", lambda *_: None)


def leases_are_not_rearmed(patch: Patch) -> None:
    """After a restart leases go on as if the coordinator had been there."""
    patch.setattr(Table, "rearm", lambda *_: None)


def agents_are_not_rearmed(patch: Patch) -> None:
    """After a restart an agent is lost for having been silent while there was nobody to hear it."""
    real = FOLDED[facts.CoordinatorStarted]

    def started(state: MeshState, recorded: Recorded, fact: Any) -> None:
        deadlines = {agent.name: agent.deadline for agent in state.present}
        real(state, recorded, fact)
        for name, deadline in deadlines.items():
            state.alarms.set("agent", name, deadline)

    patch.setitem(FOLDED, facts.CoordinatorStarted, started)


def stall_gives_no_credit(patch: Patch) -> None:
    """The coordinator's own lateness is not made up for."""
    patch.delitem(FOLDED, facts.CoordinatorStalled)


def sleep_is_not_noticed(patch: Patch) -> None:
    """Nobody asks how late the coordinator is, when it wakes (S13)."""
    patch.setattr(Lateness, "check", Lateness._look)


def the_wall_clock_decides(patch: Patch) -> None:
    """Time is what the wall clock says, whoever sets it (S12)."""
    patch.setattr(Machine, "_monotonic", Machine._wall)


def leases_are_half(patch: Patch) -> None:
    """The coordinator ends leases after half the time it told the holder."""
    real = Table._granted

    def granted(self: Table, fact: facts.LockGranted, now: float) -> None:
        real(self, fact, now)
        lock = self.locks[fact.token]
        lock.deadline = now + fact.lease / 2
        self._leases.push(lock.deadline, lock.token)

    patch.setattr(Table, "_granted", granted)


def renewals_are_half(patch: Patch) -> None:
    """A renewal is worth half of what the holder takes it for."""

    def renew(self: Table, fact: facts.LeasesRenewed, now: float) -> None:
        for token in fact.tokens:
            if token in self.locks:
                self.locks[token].deadline = now + fact.lease / 2
        self._leases.rebuild(self.locks)

    patch.setattr(Table, "_renew", renew)


def renewal_revives(patch: Patch) -> None:
    """A heartbeat's answer lists whatever was asked for, held or not (S7)."""

    def heartbeat(turn: Turn, agent: Agent, request: requests.Heartbeat) -> None:
        lease = turn.state.limits.lease
        turn.record(facts.LeasesRenewed(agent=agent.name, tokens=request.tokens, lease=lease))

    patch.setitem(HEARD, requests.Heartbeat, heartbeat)


def tokens_begin_again(patch: Patch) -> None:
    """After a restart numbering begins at 1."""
    real = FOLDED[facts.CoordinatorStarted]

    def started(state: MeshState, recorded: Recorded, fact: Any) -> None:
        real(state, recorded, fact)
        state.sequence = 0

    patch.setitem(FOLDED, facts.CoordinatorStarted, started)


def tokens_are_reused(patch: Patch) -> None:
    """A token is one more than the highest that is held, not than the highest there ever was."""
    real = Turn.record

    def record(self: Turn, fact: facts.AnyFact) -> None:
        if isinstance(fact, facts.LockGranted):
            highest = max([*self.state.locks.locks, *self.state.locks.waiting, 0])
            fact = msgspec.structs.replace(fact, token=highest + 1)
        real(self, fact)

    patch.setattr(Turn, "record", record)


def anyone_releases(patch: Patch) -> None:
    """A token is enough to release a lock; whose it is is not looked at (S10)."""

    def release(turn: Turn, agent: str, tokens: Any, reason: str = "") -> None:
        for token in dict.fromkeys(tokens):
            lock = turn.state.locks.locks.get(token)
            if lock is not None and token not in turn.state.locks.pinned:
                lock_requests._let_go(turn, lock, reason)
        lock_requests.promote(turn, agent)

    patch.setattr(lock_requests, "release", release)


def dropping_releases(patch: Patch) -> None:
    """A lost connection gives its agent's locks back at once (S18)."""
    real = sessions.disconnect

    def disconnect(turn: Turn, event: Any) -> None:
        session = turn.state.sessions.get(turn.state.by_connection.get(event.connection, 0))
        real(turn, event)
        if session is not None and session.agent is not None:
            lock_requests.release_all(turn, session.agent, "lost")

    patch.setattr(sessions, "disconnect", disconnect)


def lost_agents_release(patch: Patch) -> None:
    """An agent that is lost loses its locks with it, whatever its own clock says."""
    real = agents._part

    def part(turn: Turn, agent: Agent, fact: Any, *, death: bool) -> None:
        real(turn, agent, fact, death=death)
        lock_requests.release_all(turn, agent.name, "lost")

    patch.setattr(agents, "_part", part)


def pins_are_ignored(patch: Patch) -> None:
    """Locks end while files are exchanged under them."""
    patch.setattr(Table, "pin", lambda *_: None)
