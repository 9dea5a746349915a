"""A lock, a request that waits for one, and what stands in the way of a request. Plain values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Self

from msgspec import Struct

from devmesh.vocabulary.terms import LockMode


class Lock(Struct, gc=False):
    """One target held by one agent. It ends at its deadline unless renewed."""

    token: int
    agent: str
    target: str
    mode: LockMode
    lease: float
    deadline: float
    granted_at: float
    task: int | None = None
    ticket: int | None = None

    @property
    def number(self) -> int:
        """The token."""
        return self.token


class Waiting(Struct):
    """A request in the queue: all its targets or none, in the order of the tickets."""

    ticket: int
    agent: str
    targets: tuple[str, ...]
    mode: LockMode
    wait: float
    deadline: float
    asked_at: float
    task: int | None = None

    @property
    def number(self) -> int:
        """The ticket."""
        return self.ticket


class Blockers(NamedTuple):
    """Who stands in the way of a request: other agents' locks, by token, and earlier requests, by ticket."""

    holders: tuple[Lock, ...] = ()
    waiters: tuple[Waiting, ...] = ()

    @classmethod
    def among(cls, found: Iterable[Lock | Waiting]) -> Self:
        """These, each once."""
        holders: dict[int, Lock] = {}
        waiters: dict[int, Waiting] = {}
        for each in found:
            if isinstance(each, Lock):
                holders[each.token] = each
            else:
                waiters[each.ticket] = each
        return cls(
            tuple(holders[token] for token in sorted(holders)), tuple(waiters[ticket] for ticket in sorted(waiters))
        )

    @property
    def agents(self) -> tuple[str, ...]:
        """Each once, holders first."""
        holders = (lock.agent for lock in self.holders)
        return tuple(dict.fromkeys([*holders, *(waiting.agent for waiting in self.waiters)]))
