"""Mutants of sessions, of the record and of recovery. Each takes one mechanism out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from devmesh.core import agents, credentials, events, hearing, naming, snapshot
from devmesh.core.apply import apply
from devmesh.core.effects import Effect, Record, Tell
from devmesh.core.sessions import MAY_SAY, REPEATABLE
from devmesh.core.state import Agent, MeshState, Session
from devmesh.core.turn import Turn
from devmesh.vocabulary import codec, facts
from devmesh.vocabulary.terms import Role
from tests.simulation import test_simulation
from tests.simulation.disk import Decision
from tests.simulation.world import World

Patch = pytest.MonkeyPatch


def role_is_not_looked_at(patch: Patch) -> None:
    """Whoever is connected may say what only the person may (promise 8)."""
    patch.setattr(hearing, "MAY_SAY", dict.fromkeys(MAY_SAY, frozenset(Role)))


def a_credential_is_for_many(patch: Patch) -> None:
    """Whoever has a secret joins as often as it likes."""
    patch.setattr(agents, "_by_same_credential", lambda *_: None)


def who_is_away_is_not_here(patch: Patch) -> None:
    """While an agent's connection is broken, another joins by its credential."""
    real = agents._by_same_credential

    def connected(state: MeshState, session: Session) -> Agent | None:
        found = real(state, session)
        return None if found is None or found.away else found

    patch.setattr(agents, "_by_same_credential", connected)


def names_alone_are_compared(patch: Patch) -> None:
    """Who joins anew by the author's credential, under another name, reviews the author's change."""
    patch.setattr(credentials, "are_one", lambda _, agent, other: agent == other)
    patch.setattr(agents, "_by_same_credential", lambda *_: None)


def any_name_is_given(patch: Patch) -> None:
    """An agent is called as its tool says it is, whoever is called so already."""
    patch.setattr(naming, "reads_like_the_person", lambda _: False)
    patch.setattr(naming, "_taken_for", lambda *_: None)


def requests_count_again(patch: Patch) -> None:
    """A request sent again, because its answer was lost, has its effect again (S22)."""
    patch.setattr(hearing, "_repeated", lambda *_: False)


def late_requests_count(patch: Patch) -> None:
    """A request that comes again after its answer was forgotten has its effect again (S23)."""

    def repeated(turn: Turn, session: Session, event: events.Heard) -> bool:
        if isinstance(event.request, REPEATABLE) or event.id not in session.replies:
            return False
        turn.answered = True
        turn.want(Tell(connection=event.connection, facts=tuple(session.replies[event.id]), reply_to=event.id))
        return True

    patch.setattr(hearing, "_repeated", repeated)


def told_before_synced(patch: Patch) -> None:
    """What happened is told while it is still on its way to the disk; a crash before the sync takes it back (S3)."""
    real = World.perform

    def written(self: World, decided: list[Decision]) -> None:
        for effect in (effect for decision in decided for effect in decision.effects):
            if isinstance(effect, Tell):
                self._tell(effect)

    def perform(self: World, effect: Effect, *, resumed: bool) -> None:
        if not isinstance(effect, Tell):
            real(self, effect, resumed=resumed)

    patch.setattr(World, "written", written)
    patch.setattr(World, "perform", perform)


def not_everything_is_recorded(patch: Patch) -> None:
    """The end of a wait is told and not kept."""
    real = World._record

    def is_kept(effect: Effect) -> bool:
        return not (isinstance(effect, Record) and isinstance(effect.recorded.fact, facts.LockWaitEnded))

    def record(self: World, effects: list[Effect], turn: int) -> None:
        real(self, [effect for effect in effects if is_kept(effect)], turn)

    patch.setattr(World, "_record", record)


def recovery_forgets(kind: type[Any]) -> Callable[[Patch], None]:
    """The mutation for one kind of fact."""

    def recovered(self: World, *, whole: bool = False) -> MeshState:
        state = MeshState()
        for line in self.written_down():
            recorded = codec.decode_recorded(line)
            if not isinstance(recorded.fact, kind):
                apply(state, recorded)
        return state

    def recovery_forgets_(patch: Patch) -> None:
        """One kind of fact changes the live state, but not the one that is recovered."""
        patch.setattr(World, "recovered", recovered)

    return recovery_forgets_


def snapshot_forgets(name: str) -> Callable[[Patch], None]:
    """The mutation for one attribute of the state."""

    def thaw(data: bytes) -> MeshState:
        state = snapshot.thaw(data)
        setattr(state, name, getattr(MeshState(), name))
        return state

    def snapshot_forgets_(patch: Patch) -> None:
        """One attribute of the state is not restored from a snapshot."""
        patch.setattr(test_simulation, "thaw", thaw)

    return snapshot_forgets_


def decisions_bypass_the_record(patch: Patch) -> None:
    """A decision changes the state beside the fact it records (Rule 10)."""
    real = Turn.record

    def record(self: Turn, fact: facts.AnyFact) -> None:
        real(self, fact)
        if isinstance(fact, facts.TaskRequeued):
            self.state.tasks[fact.task].priority = 1

    patch.setattr(Turn, "record", record)
