"""Lock requests put to the real core by hand, each in a turn of its own; the table is checked after every one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from devmesh.core import lock_requests
from devmesh.core.effects import Record
from devmesh.core.lock_invariants import check
from devmesh.core.locks import LockTable
from devmesh.core.state import MeshState
from devmesh.core.turn import Turn
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import Limits, LockMode

F = TypeVar("F")
BEGINNING = 7_777.0


class Desk:
    """One mesh, its locks alone. Time is set by hand."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.state = MeshState()
        self.state.limits = limits or Limits(lease=30.0, lock_wait=120.0)
        self.now = BEGINNING
        self.story: list[tuple[float, Any]] = []
        "Every fact with its time."

    @property
    def table(self) -> LockTable:
        """Its locks."""
        return self.state.locks

    def turn(self, decide: Callable[[Turn], None]) -> list[Any]:
        """The facts of one decision."""
        turn = Turn(self.state, self.now)
        decide(turn)
        said = [effect.recorded.fact for effect in turn.effects() if isinstance(effect, Record)]
        self.story += [(self.now, fact) for fact in said]
        assert check(self.table) == []
        return said

    def ask(
        self,
        agent: str,
        *targets: str,
        mode: LockMode = LockMode.WRITE,
        wait: float | None = None,
        task: int | None = None,
    ) -> list[Any]:
        """Request a lock."""
        asked = requests.RequestLock(targets=targets, mode=mode, wait=wait, task=task)
        return self.turn(lambda turn: lock_requests.request(turn, agent, asked))

    def take(self, agent: str, *targets: str, mode: LockMode = LockMode.WRITE) -> tuple[int, ...]:
        """Request a lock that is granted at once; its tokens."""
        said = self.ask(agent, *targets, mode=mode)
        assert all(isinstance(fact, facts.LockGranted) for fact in said), said
        return tuple(fact.token for fact in said)

    def wait(
        self,
        agent: str,
        *targets: str,
        mode: LockMode = LockMode.WRITE,
        wait: float | None = None,
        task: int | None = None,
    ) -> int:
        """Request a lock that has to wait; the ticket."""
        said = self.ask(agent, *targets, mode=mode, wait=wait, task=task)
        assert [type(fact) for fact in said] == [facts.LockQueued], said
        return int(said[0].ticket)

    def release(self, agent: str, *tokens: int) -> list[Any]:
        """Give back."""
        return self.turn(lambda turn: lock_requests.release(turn, agent, tokens))

    def sweep(self, after: float = 0.0) -> list[Any]:
        """Let time pass, then end what is over."""
        self.now += after
        return self.turn(lock_requests.sweep)

    def renew(self, agent: str, *tokens: int) -> None:
        """A heartbeat."""
        self.table.apply(facts.LeasesRenewed(agent=agent, tokens=tokens, lease=self.state.limits.lease), self.now)


def only(said: list[Any], kind: type[F]) -> F:
    """The one fact of the turn, which is of this kind."""
    assert len(said) == 1, said
    assert isinstance(said[0], kind), said
    return said[0]


def holders(desk: Desk) -> dict[str, list[tuple[str, str]]]:
    """Per target who holds it in which mode, in the order of their tokens."""
    held: dict[str, list[tuple[str, str]]] = {}
    for lock in desk.table.locks.values():
        held.setdefault(lock.target, []).append((lock.agent, str(lock.mode)))
    return held
