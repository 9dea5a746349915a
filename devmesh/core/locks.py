"""The lock table: who holds what, who waits for what, until when. Changed only by facts; decides only by the matrix.

Knows no clock and no disk: `now` is mesh time, targets are canonical.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from devmesh.core.deadlines import Deadlines
from devmesh.core.holdings import Holdings
from devmesh.core.lock_index import LockIndex
from devmesh.core.lock_records import Blockers, Lock, Waiting
from devmesh.core.patterns import escape
from devmesh.core.vigil import Vigil
from devmesh.vocabulary import facts
from devmesh.vocabulary.terms import LockMode

__all__ = ["COMPATIBLE", "WRITING", "Blockers", "Lock", "LockTable", "Waiting", "compatible"]

READ, WRITE, INTENT, CO_WRITE = LockMode.READ, LockMode.WRITE, LockMode.INTENT, LockMode.CO_WRITE

COMPATIBLE: Final[dict[LockMode, frozenset[LockMode]]] = {
    READ: frozenset({READ}),
    WRITE: frozenset(),
    INTENT: frozenset({READ}),
    CO_WRITE: frozenset({READ, CO_WRITE}),
}
"""Held -> what another agent may be granted beside it. Not symmetric: a reader may join who announces or co-writes,
but nobody begins to while another reads."""
WRITING: Final = frozenset({WRITE, CO_WRITE})
"Modes that cover a change."
BLOCKING: Final = {
    requested: frozenset(held for held in LockMode if requested not in COMPATIBLE[held]) for requested in LockMode
}
"Requested -> the held modes that stand in its way."
PRECEDING: Final = {
    requested: BLOCKING[requested] | (frozenset(LockMode) - COMPATIBLE[requested]) for requested in LockMode
}
"""Requested -> the modes it must not overtake when an earlier request waits for them: those it would have to wait for,
and those it would keep waiting. So no stream of readers starves a writer."""


def compatible(held: LockMode, requested: LockMode) -> bool:
    """Whether another agent may be granted `requested` while one holds `held`."""
    return requested in COMPATIBLE[held]


class LockTable:
    """The locks and the queue, and what finds them quickly: derived, rebuilt from these two, never stored."""

    def __init__(self) -> None:
        self.locks: dict[int, Lock] = {}
        "By token, ascending."
        self.waiting: dict[int, Waiting] = {}
        "By ticket, ascending: first come first served."
        self.pinned: dict[int, None] = {}
        "Tokens that cannot end now: the change they cover is being landed."
        self.vigil = Vigil()
        self.held_at: LockIndex[Lock] = LockIndex()
        self.wanted_at: LockIndex[Waiting] = LockIndex()
        self._holdings: dict[str, Holdings[Lock]] = {}
        self._tickets: dict[str, dict[int, Waiting]] = {}
        self._leases: Deadlines[int] = Deadlines(self._lease_end)
        self._patience: Deadlines[int] = Deadlines(
            lambda ticket: self.waiting[ticket].deadline if ticket in self.waiting else None
        )

    @classmethod
    def rebuild(cls, locks: Mapping[int, Lock], waiting: Mapping[int, Waiting]) -> LockTable:
        """The table that holds exactly these."""
        table = cls()
        for token in sorted(locks):
            table._add_lock(locks[token])
        for ticket in sorted(waiting):
            table._add_waiting(waiting[ticket])
        return table

    # ---- facts

    def apply(self, fact: facts.AnyFact, now: float) -> None:
        """Make a fact about locks true; any other changes nothing."""
        match fact:
            case facts.LockGranted():
                self._granted(fact, now)
            case facts.LockQueued():
                self._add_waiting(
                    Waiting(
                        ticket=fact.ticket,
                        agent=fact.agent,
                        targets=fact.targets,
                        mode=fact.mode,
                        wait=fact.wait,
                        deadline=now + fact.wait,
                        asked_at=now,
                        task=fact.task,
                    )
                )
            case facts.LockWaitEnded():
                self._drop_waiting(fact.ticket)
            case facts.LockReleased() | facts.LockExpired():
                self._drop_lock(fact.token)
            case facts.LeasesRenewed():
                self._renew(fact, now)
            case _:
                pass

    def rearm(self, now: float) -> None:
        """Every lease and every wait begins anew: a coordinator that was away expires nobody for it."""
        for lock in self.locks.values():
            lock.deadline = now + lock.lease
        for waiting in self.waiting.values():
            waiting.deadline = now + waiting.wait
        self._leases.rebuild(self.locks)
        self._patience.rebuild(self.waiting)

    def pin(self, tokens: Iterable[int]) -> None:
        """Let these not end, whatever their lease says. Tokens no longer held are ignored."""
        self.pinned.update(dict.fromkeys(token for token in tokens if token in self.locks))

    def unpin(self, tokens: Iterable[int]) -> None:
        """Let them end again: at once, if their lease is over. Harmless for tokens that were not pinned."""
        for token in tokens:
            if token in self.pinned:
                del self.pinned[token]
                self.vigil.ended(token)
                self._leases.push(self.locks[token].deadline, token)

    # ---- questions

    def of(self, agent: str) -> tuple[Lock, ...]:
        """What the agent holds, by token."""
        holdings = self._holdings.get(agent)
        return tuple(holdings.by_number.values()) if holdings else ()

    def waiting_of(self, agent: str) -> tuple[Waiting, ...]:
        """What the agent waits for, by ticket."""
        return tuple(self._tickets.get(agent, {}).values())

    def load(self, agent: str) -> int:
        """How many locks it holds and targets it waits for."""
        holdings = self._holdings.get(agent)
        waited = sum(len(waiting.targets) for waiting in self.waiting_of(agent)) if self.waiting else 0
        return waited + (len(holdings.by_number) if holdings else 0)

    def pinned_of(self, agent: str, targets: Iterable[str]) -> Lock | None:
        """A lock the agent holds on one of these targets that cannot change now."""
        if not self.pinned:
            return None
        locks = (self.holding(agent, target) for target in targets)
        return next((lock for lock in locks if lock is not None and lock.token in self.pinned), None)

    def holding(self, agent: str, target: str, mode: LockMode | None = None) -> Lock | None:
        """The agent's lock on exactly this target; None if it has none, or in another mode than the one asked about."""
        holdings = self._holdings.get(agent)
        lock = holdings.by_target.get(target) if holdings else None
        return lock if lock is not None and mode in {None, lock.mode} else None

    def covering(self, agent: str, path: str) -> Lock | None:
        """The agent's lock under which it may change this file: WRITE if there is one, else CO_WRITE."""
        holdings = self._holdings.get(agent)
        locks = holdings.around(escape(path)) if holdings else ()
        writing = sorted((lock for lock in locks if lock.mode in WRITING), key=lambda lock: lock.mode is CO_WRITE)
        return writing[0] if writing else None

    def conflicts(
        self, agent: str, targets: Iterable[str], mode: LockMode, *, before_ticket: int | None = None
    ) -> Blockers:
        """Everything that stands in the way of this request, were it made now or had it the ticket."""
        return Blockers.among(self.in_the_way(agent, targets, mode, before_ticket))

    def in_the_way(
        self, agent: str, targets: Iterable[str], mode: LockMode, before_ticket: int | None = None
    ) -> Iterator[Lock | Waiting]:
        """The same, one after the other, earlier requests before locks: the first tells whether there is any.

        Nobody stands in their own way. Where the agent holds the target already, or a directory or glob around it,
        earlier requests do not either: they wait for this agent anyway. Where it does in the same mode, nothing does.
        """
        for target in targets:
            own = self._around(agent, target)
            if any(lock.mode is mode for lock in own):
                continue
            if not own and self.waiting:
                for waiter in self.wanted_at.overlapping(target, PRECEDING[mode], before_ticket):
                    if waiter.agent != agent:
                        yield waiter
            for lock in self.held_at.overlapping(target, BLOCKING[mode]):
                if lock.agent != agent:
                    yield lock

    def next_deadline(self) -> float | None:
        """The earliest moment at which a lock or a wait may end by itself."""
        lease, patience = self._leases.next(), self._patience.next()
        if lease is None or patience is None:
            return patience if lease is None else lease
        return min(lease, patience)

    def due(self, now: float) -> tuple[tuple[Lock, ...], tuple[Waiting, ...]]:
        """Locks whose lease is over, by token, but not the pinned; requests that waited long enough, by ticket."""
        locks = tuple(self.locks[token] for token in self._leases.due(now))
        return locks, tuple(self.waiting[ticket] for ticket in self._patience.due(now))

    # ---- keeping the indices

    def _around(self, agent: str, target: str) -> tuple[Lock, ...]:
        holdings = self._holdings.get(agent)
        return holdings.around(target) if holdings else ()

    def _lease_end(self, token: int) -> float | None:
        return self.locks[token].deadline if token in self.locks and token not in self.pinned else None

    def _granted(self, fact: facts.LockGranted, now: float) -> None:
        if fact.ticket is not None:
            self._drop_waiting(fact.ticket)
        if fact.replaces is not None:
            self._drop_lock(fact.replaces)
        self._add_lock(
            Lock(
                token=fact.token,
                agent=fact.agent,
                target=fact.target,
                mode=fact.mode,
                lease=fact.lease,
                deadline=now + fact.lease,
                granted_at=now,
                task=fact.task,
                ticket=fact.ticket,
            )
        )
        self.vigil.rouse(self._tickets.get(fact.agent, ()))

    def _renew(self, fact: facts.LeasesRenewed, now: float) -> None:
        """A renewal never makes a lease end earlier."""
        for token in fact.tokens:
            lock = self.locks.get(token)
            if lock is not None and lock.agent == fact.agent:
                lock.deadline = max(lock.deadline, now + fact.lease)

    def _add_lock(self, lock: Lock) -> None:
        self.locks[lock.token] = lock
        self._holdings.setdefault(lock.agent, Holdings()).add(lock)
        self.held_at.add(lock.target, lock)
        self._leases.push(lock.deadline, lock.token)

    def _drop_lock(self, token: int) -> None:
        lock = self.locks.pop(token, None)
        if lock is None:
            return
        self.pinned.pop(token, None)
        holdings = self._holdings[lock.agent]
        holdings.remove(lock)
        if not holdings.by_number:
            del self._holdings[lock.agent]
        self.held_at.remove(lock.target, lock)
        self.vigil.ended(token)

    def _add_waiting(self, waiting: Waiting) -> None:
        self.waiting[waiting.ticket] = waiting
        self._tickets.setdefault(waiting.agent, {})[waiting.ticket] = waiting
        for target in waiting.targets:
            self.wanted_at.add(target, waiting)
        self._patience.push(waiting.deadline, waiting.ticket)
        self.vigil.rouse((waiting.ticket,))

    def _drop_waiting(self, ticket: int) -> None:
        waiting = self.waiting.pop(ticket, None)
        if waiting is None:
            return
        tickets = self._tickets[waiting.agent]
        del tickets[ticket]
        if not tickets:
            del self._tickets[waiting.agent]
        for target in waiting.targets:
            self.wanted_at.remove(target, waiting)
        self.vigil.forget(ticket)
        self.vigil.ended(ticket)
