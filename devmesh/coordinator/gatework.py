"""The one line of work before the write gate: what is compared, checked and applied, in order, off the loop.

Knows effects and their outcomes; what they mean for a change, the core decides.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from devmesh import logs
from devmesh.coordinator.checks import Checks
from devmesh.coordinator.inbox import Inbox
from devmesh.coordinator.tree import WriteGate
from devmesh.core.effects import ApplyChange, PrepareChange, RunCheck
from devmesh.core.events import Applied, Checked, Prepared

Work = PrepareChange | RunCheck | ApplyChange

_log = logs.logger("coordinator")


class GateLine:
    """One worker. A check that runs when other work arrives is no longer wanted, and is ended."""

    def __init__(self, gate: WriteGate, inbox: Inbox, check_limit: float) -> None:
        self._gate = gate
        self._inbox = inbox
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="devmesh-gate")
        self._checks = Checks(gate.repository, self._executor, check_limit)
        self._waiting: deque[tuple[Work, bool]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._check: asyncio.Task[Checked] | None = None

    def begin(self, effect: Work, *, resumed: bool) -> None:
        """Put it in line."""
        self._waiting.append((effect, resumed))
        if self._check is not None:
            self._check.cancel()
        if self._worker is None:
            self._worker = asyncio.get_running_loop().create_task(self._work(), name="devmesh gate")

    async def idle(self) -> None:
        """Forget what waits, end a check, and return when nothing runs any more. An exchange is always finished."""
        self._waiting.clear()
        if self._check is not None:
            self._check.cancel()
        if self._worker is not None:
            await asyncio.wait([self._worker])

    async def close(self) -> None:
        """The same, for good."""
        await self.idle()
        await asyncio.get_running_loop().run_in_executor(self._executor, self._gate.tidy)
        self._executor.shutdown(wait=False)

    async def tidy(self) -> None:
        """Let go of what somebody had open, when there is nothing else to do."""
        if self._worker is None:
            await asyncio.get_running_loop().run_in_executor(self._executor, self._gate.tidy)

    async def _work(self) -> None:
        try:
            while self._waiting:
                outcome = await self._do(*self._waiting.popleft())
                if outcome is not None:
                    self._inbox.put(outcome)
        finally:
            self._worker = None

    async def _do(self, effect: Work, resumed: bool) -> Prepared | Checked | Applied | None:  # noqa: FBT001 - one of a pair
        """Its outcome; None for a check nobody waits for any more."""
        loop = asyncio.get_running_loop()
        try:
            match effect:
                case PrepareChange():
                    return await loop.run_in_executor(self._executor, self._gate.prepare, effect)
                case ApplyChange():
                    return await loop.run_in_executor(self._executor, lambda: self._gate.apply(effect, resumed=resumed))
                case RunCheck():
                    return await self._run_check(effect)
        except Exception as error:  # noqa: BLE001 - our own fault; the gate must not stay shut for it
            _log.exception("the gate failed", change=effect.change)
            return _failed(effect, f"{type(error).__name__}: {error}")

    async def _run_check(self, effect: RunCheck) -> Checked | None:
        self._check = asyncio.get_running_loop().create_task(self._checks.run(effect), name="devmesh check")
        try:
            await asyncio.wait([self._check])
            return None if self._check.cancelled() else self._check.result()
        finally:
            self._check = None


def _failed(effect: Work, problem: str) -> Prepared | Checked | Applied:
    """Our own fault, said to the core rather than leaving the gate shut for ever."""
    match effect:
        case PrepareChange():
            return Prepared(change=effect.change, problem=problem)
        case ApplyChange():
            return Applied(change=effect.change, problem=problem)
        case RunCheck():
            return Checked(change=effect.change, passed=False, tail=problem)
