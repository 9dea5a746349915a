"""What this agent may rightly believe it holds. Knows leases and tickets; not what the locks are for.

A belief ends before the coordinator's lease does, whatever was late: at the send time of the last request that proved
the lock, plus the lease, less the margin. A grant that arrives as news proves nothing about when it was made, so it
counts from the next acknowledged renewal on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, replace

from devmesh.bridge.asking import Reply
from devmesh.bridge.link import Link
from devmesh.errors import Code, Refused
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import (
    LeasesRenewed,
    LockExpired,
    LockGranted,
    LockQueued,
    LockReleased,
    LockWaitEnded,
    Standing,
)
from devmesh.vocabulary.requests import ReleaseLock, RequestLock
from devmesh.vocabulary.terms import LockMode

_UNPROVEN = float("-inf")


@dataclass(frozen=True, slots=True)
class Held:
    """One lock, as far as we know."""

    token: int
    target: str
    mode: LockMode
    task: int | None
    until: float
    "Monotonic seconds at which our belief in it ends."


@dataclass(frozen=True, slots=True)
class _Ended:
    """A wait that ended without a grant."""

    code: str
    message: str


_ASK_AGAIN = _Ended("", "")
"The mesh knows nothing of this wait any more."

_Outcome = tuple[LockGranted, ...] | _Ended


class Locks:
    """The locks of one agent. `renew` is asked to send a heartbeat when a belief needs proof."""

    def __init__(
        self, link: Link, renew: Callable[[], Awaitable[None]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._link = link
        self._renew = renew
        self._clock = clock
        self._trusted = 0.0
        self._held: dict[int, Held] = {}
        self._waits: dict[int, asyncio.Future[_Outcome]] = {}
        self._still_waiting: frozenset[int] = frozenset()
        "The tickets that waited when our connection was last resumed."
        self._giving_back: set[asyncio.Future[None]] = set()
        self._over: set[int] = set()
        "Tasks that ended here; what is granted for them afterwards is given back."

    def trust(self, lease: float, margin: float) -> None:
        """How long a proof is good for, in seconds."""
        self._trusted = lease - margin

    def forget(self) -> None:
        """We are no agent of the mesh any more: nothing is held, and nobody waits."""
        self._held.clear()
        for wait in self._waits.values():
            _settle(wait, _ASK_AGAIN)

    # ---- what is held ----

    @property
    def tokens(self) -> tuple[int, ...]:
        """Every token that is, or may be, ours: what a heartbeat is to renew."""
        return tuple(self._held)

    def believed(self, task: int | None = None) -> tuple[Held, ...]:
        """The locks we may act on now; those of one task, if it is given."""
        now = self._clock()
        return tuple(held for held in self._held.values() if now < held.until and (task is None or held.task == task))

    def renewed(self, sent_at: float, fact: LeasesRenewed, listed: Collection[int]) -> None:
        """Take in the answer to a heartbeat sent then: what was listed and is missing in it is gone."""
        for token in listed:
            held = self._held.get(token)
            if held is not None and token in fact.tokens:
                self._held[token] = replace(held, until=max(held.until, sent_at + self._trusted))
            elif held is not None:
                del self._held[token]

    def heard(self, recorded: Recorded) -> None:
        """Take in one fact told to this agent."""
        match recorded.fact:
            case LockGranted() as granted:
                self._granted(granted)
            case LockReleased() as ended:
                self._held.pop(ended.token, None)
            case LockExpired() as ended:
                self._held.pop(ended.token, None)
            case LockQueued() as queued:
                self._waits.setdefault(queued.ticket, asyncio.get_running_loop().create_future())
            case LockWaitEnded() as ended:
                _settle(self._waits.get(ended.ticket), _Ended(ended.code, ended.message))
            case Standing() as standing:
                self._reconcile(standing)
            case _:
                return

    def _granted(self, granted: LockGranted) -> None:
        self._note(granted)
        if granted.ticket is not None:
            _settle(self._waits.get(granted.ticket), (granted,))
        if granted.task in self._over:
            self._giving_back.add(task := asyncio.ensure_future(self.release((granted.token,))))
            task.add_done_callback(self._giving_back.discard)

    def _note(self, granted: LockGranted) -> None:
        if granted.replaces is not None:
            self._held.pop(granted.replaces, None)
        if granted.token not in self._held:
            self._held[granted.token] = Held(granted.token, granted.target, granted.mode, granted.task, _UNPROVEN)

    def _reconcile(self, standing: Standing) -> None:
        """How things stand is what counts, for locks and for waits."""
        live = {granted.token: granted for granted in standing.locks}
        self._held = {token: held for token, held in self._held.items() if token in live}
        self._still_waiting = frozenset(standing.tickets)
        for granted in standing.locks:
            self._note(granted)
        for ticket, wait in list(self._waits.items()):
            brought = tuple(granted for granted in standing.locks if granted.ticket == ticket)
            if brought:
                _settle(wait, brought)
            elif ticket not in standing.tickets:
                _settle(wait, _ASK_AGAIN)

    # ---- asking, and giving back ----

    async def acquire(
        self, targets: Iterable[str], mode: LockMode, task: int | None, wait: float | None = None
    ) -> tuple[Held, ...]:
        """Hold all of the targets, and return what we hold of this task. `wait` as in `RequestLock`.

        Raises Refused: LOCK_HELD, LOCK_TIMEOUT, DEADLOCK, or what else the mesh has against it.
        """
        wanted = tuple(targets)
        self._over.discard(task)
        for token, held in self._held.items():
            if held.target in wanted and held.mode is not mode:  # it may be replaced before we hear of that
                self._held[token] = replace(held, until=_UNPROVEN)
        while wanted:
            if await self._asked(RequestLock(targets=wanted, mode=mode, task=task, wait=wait)):
                break
        return self.believed(task)

    async def _asked(self, request: RequestLock) -> bool:
        """Ask once, and wait in the queue if need be; False when the answer no longer counts."""
        reply = await self._link.request(request)
        queued = reply.find(LockQueued)
        if queued is not None:
            outcome = await self._waited(queued.ticket)
            if isinstance(outcome, _Ended):
                return outcome is not _ASK_AGAIN and _refuse(outcome)
            await self._renew()
            return True
        self._prove(reply)
        return all(granted.token in self._held for granted in reply.all(LockGranted))

    def _prove(self, reply: Reply) -> None:
        """Grants that answer a request were made after it was sent. One older than our return may be gone again."""
        for recorded in reply.facts:
            if isinstance(recorded.fact, LockGranted):
                held = self._held.get(recorded.fact.token)
                if held is not None:
                    self._held[held.token] = replace(held, until=max(held.until, reply.asked_at + self._trusted))

    async def _waited(self, ticket: int) -> _Outcome:
        wait = self._waits.get(ticket)
        if wait is None:  # an old answer, told again after we came back: how it stood then is what counts
            if ticket not in self._still_waiting:
                return _ASK_AGAIN
            wait = self._waits[ticket] = asyncio.get_running_loop().create_future()
        try:
            return await wait
        finally:
            self._waits.pop(ticket, None)

    async def refresh(self) -> None:
        """Have the mesh say now which of our locks still live."""
        await self._renew()

    async def release(self, tokens: Iterable[int]) -> None:
        """Give back. The belief ends before the request is sent."""
        given = tuple(token for token in tokens if self._held.pop(token, None) is not None)
        for start in range(0, len(given), 1000):
            await self._link.ask(ReleaseLock(tokens=given[start : start + 1000]))

    async def end(self, task: int) -> None:
        """Give back everything of this task, also what is still granted for it from now on."""
        self._over.add(task)
        await self.release([held.token for held in self._held.values() if held.task == task])


def _settle(wait: asyncio.Future[_Outcome] | None, outcome: _Outcome) -> None:
    if wait is not None and not wait.done():
        wait.set_result(outcome)


def _refuse(ended: _Ended) -> bool:
    code = Code(ended.code) if ended.code in Code.__members__ else Code.LOCK_HELD
    raise Refused(ended.message or f"the wait for the lock ended: {ended.code}", code=code, rule=3)
