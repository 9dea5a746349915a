"""When to look at the project: once something was written, and a moment after. Judges nothing.

A witness tells of writes; without one, glances at the stamps of the files do, more often where a write is expected.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

from devmesh.bridge.guarding.footprint import Footprint
from devmesh.bridge.guarding.trail import Trail
from devmesh.bridge.workspace import to_its_end
from devmesh.errors import DevMeshError

_log = logging.getLogger(__name__)

PACE = 0.25
"Seconds between two looks, or two glances at the stamps of the files, where those are quick."
NEAR = 0.02
"Seconds between two glances at the files the tool was just granted, which it is about to write."
EXPECTED = 10.0
"Seconds for which it is thought to be."
SHARE = 0.02
"Of one processor, at most so much is spent glancing: in a large project, glances are rarer."
SETTLED = 0.05
"Seconds a file must have been left alone before it is read: half a write is nobody's version."
SETTLING = 4
"Times this is waited for; then it is read although it is still being written."


class Looking:
    """Calls `look` after every write, until cancelled; what the disk refuses is said in the log."""

    def __init__(self, trail: Trail, look: Callable[[], Awaitable[object]]) -> None:
        self._trail = trail
        self._look = look
        self._written = asyncio.Event()
        "Something was, as the witness says; or may have been, before it was listened to."
        self._written.set()
        self._footprint = Footprint(trail.repository.project)
        self._near = Footprint(trail.repository.project)
        "Of what was granted last."
        self._near_until = 0.0
        self._granted = asyncio.Event()
        self._pause = PACE

    def expect(self, paths: Iterable[str]) -> None:
        """The tool was granted these, and will write them."""
        self._near = Footprint(self._trail.repository.project)
        self._near.tread(paths)
        self._near_until = time.monotonic() + EXPECTED
        self._granted.set()

    async def keep(self) -> None:
        """Look for ever."""
        loop = asyncio.get_running_loop()
        self._trail.witness.listen(lambda: loop.call_soon_threadsafe(self._written.set))
        try:
            while True:
                await (self._told() if self._trail.witness.complete else self._glanced())
                try:
                    await self._look()
                except DevMeshError as error:
                    _log.warning("the project could not be looked at: %s", error)
        finally:
            self._trail.witness.listen(None)

    # ---- told by the witness ----

    async def _told(self) -> None:
        """Until something was written, and is left alone. In between nothing is missed: looks need not hurry."""
        await asyncio.sleep(PACE)
        await self._written.wait()
        for _ in range(SETTLING):
            self._written.clear()
            await asyncio.sleep(SETTLED)
            if not self._written.is_set():
                return

    # ---- by the stamps of the files ----

    async def _glanced(self) -> None:
        """Likewise. What was written since the last glance, while one looked, shows at the next."""
        await to_its_end(lambda: self._footprint.tread(self._trail.paths()))
        while True:
            await self._wait(self._pause)
            if await self._glance():
                break
        for _ in range(SETTLING):
            await asyncio.sleep(SETTLED)
            if not await self._glance():
                return

    async def _glance(self) -> bool:
        """Whether something was written."""
        changed, took = await asyncio.to_thread(_timed, self._footprint)
        self._pause = max(PACE, took / SHARE)
        return changed

    async def _wait(self, seconds: float) -> None:
        """So long, or until the tool has written what it was just granted."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if time.monotonic() < self._near_until:
                await asyncio.sleep(min(NEAR, left))
                if self._near.changed():
                    return
            else:
                self._granted.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await self._granted.wait()


def _timed(footprint: Footprint) -> tuple[bool, float]:
    """Whether something was written, and the seconds of processor time that it took to see."""
    begun = time.thread_time()
    return footprint.changed(), time.thread_time() - begun
