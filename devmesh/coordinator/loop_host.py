"""A coordinator on the loop that runs already: for programs that are asynchronous themselves, and for debugging.

What blocks that loop blocks the mesh; so plain calls are possible only where the loop can be entered again.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from pathlib import Path
from typing import Any

from devmesh import logs
from devmesh.address import Connection
from devmesh.coordinator.hosts import STOP_WITHIN
from devmesh.coordinator.loop import Coordinator
from devmesh.errors import MeshError
from devmesh.settings import Settings

_log = logs.logger("coordinator")
_carrying: dict[asyncio.AbstractEventLoop, int] = {}
"How many coordinators each loop carries."


class LoopHost:
    """Runs a coordinator as a task of the running loop."""

    def __init__(self, project: Path, settings: Settings) -> None:
        self._coordinator = Coordinator(project, settings)
        self._loop = asyncio.get_running_loop()
        self._ended: Future[None] = Future()
        self._thread = threading.current_thread()
        self.failure: BaseException | None = None
        "Why it ended by itself, if it did."
        self.when_failed: Callable[[BaseException], None] = lambda _: None
        "Told at once, on the loop, when it ends by itself."

    async def start(self) -> Connection:
        """Start, and return once others can connect. Raises what hinders it, as `Coordinator.run` does."""
        started: asyncio.Future[Connection] = self._loop.create_future()
        self._task = self._loop.create_task(self._carry(started), name="devmesh coordinator")
        return await started

    def stop(self, timeout: float = STOP_WITHIN, *, reason: str = "stopped") -> None:
        """End cleanly, and wait for that; on the loop's own thread by entering it again. Raises MeshError when late."""
        if self._ended.done() or self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._coordinator.stop_soon, reason)
        if threading.current_thread() is self._thread:
            enter_again(self._loop, self._ended, timeout)
        elif not self._ended.done():
            wait((self._ended,), timeout)
        if not self._ended.done():
            raise MeshError(f"the coordinator did not end within {timeout:g} s; it still tries to")

    @property
    def is_running(self) -> bool:
        """Whether it coordinates now."""
        return self._coordinator.connection is not None and not self._ended.done()

    @property
    def connection(self) -> Connection | None:
        """How it is reached, while it is."""
        return self._coordinator.connection if self.is_running else None

    async def _carry(self, started: asyncio.Future[Connection]) -> None:
        _carrying[self._loop] = _carrying.get(self._loop, 0) + 1
        try:
            await self._coordinator.run(started.set_result)
        except BaseException as error:
            self.failure = error
            if started.done():
                _log.error("the coordinator ended", exc_info=error)
                self.when_failed(error)
                raise
            started.set_exception(error)
        finally:
            _carrying[self._loop] -= 1
            self._ended.set_result(None)


def carried_here() -> asyncio.AbstractEventLoop | None:
    """The loop running in this thread, if it carries a coordinator: whoever waits here would wait for themselves."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None
    return loop if _carrying.get(loop) else None


def enter_again(loop: asyncio.AbstractEventLoop, future: Future[Any], seconds: float) -> None:
    """Let the running loop go on until the future is done, at most so long. Raises MeshError where it cannot be."""
    if not is_nested(loop):
        raise MeshError(
            "a plain call would block the loop that carries the coordinator",
            hint="Await it (`await mesh.aio.post(...)`), or call devmesh.enable_nested() first.",
        )
    loop.run_until_complete(_until(future, seconds))


async def _until(future: Future[Any], seconds: float) -> None:
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    future.add_done_callback(lambda _: loop.is_closed() or loop.call_soon_threadsafe(done.set))
    with suppress(TimeoutError):
        await asyncio.wait_for(done.wait(), seconds)


def is_nested(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether that loop can be entered again while it runs."""
    return bool(getattr(type(loop), "_nest_patched", False) or getattr(loop, "_nest_patched", False))
