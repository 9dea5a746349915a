"""Whose loop carries the coordinator: a thread's of its own inside a notebook, or the process's, in the foreground.

`process_host` and `loop_host` are the other two ways; all three look alike from outside (`Host`).

Knows loops, threads and signals; nothing of what is coordinated. Threads of ours never print.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import signal
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Protocol

from devmesh import logs
from devmesh.address import Connection
from devmesh.coordinator.loop import Coordinator
from devmesh.errors import MeshError
from devmesh.settings import Settings

SWITCH_INTERVAL = 0.001
"Seconds a cell may hold the interpreter before our thread gets its turn, while agents are connected."
STOP_WITHIN = 10.0
"Seconds a clean stop may take at most; it usually takes far less than one."

_log = logs.logger("coordinator")
_hosts: weakref.WeakSet[ThreadHost] = weakref.WeakSet()


class Host(Protocol):
    """What carries a coordinator, seen by who started it."""

    failure: BaseException | None
    when_failed: Callable[[BaseException], None]

    def stop(self, timeout: float = ..., *, reason: str = ...) -> None:
        """End cleanly, and wait for that."""
        ...

    @property
    def is_running(self) -> bool:
        """Whether it coordinates now."""
        ...

    @property
    def connection(self) -> Connection | None:
        """How it is reached, while it is."""
        ...


class ThreadHost:
    """Runs a coordinator on a daemon thread with a loop of its own: a busy cell delays it, and does not stop it."""

    def __init__(self, project: Path, settings: Settings, *, home: Path | None = None) -> None:
        self._coordinator = Coordinator(project, settings, home=home)
        self._started: Future[Connection] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._carry, name="devmesh-coordinator", daemon=True)
        self._forked = False
        self.failure: BaseException | None = None
        "Why it ended by itself, if it did."
        self.when_failed: Callable[[BaseException], None] = lambda _: None
        "Told at once, on the coordinator's thread, when it ends by itself."

    def start(self) -> Connection:
        """Start, and return once others can connect. Raises what hinders it, as `Coordinator.run` does."""
        _hosts.add(self)
        self._thread.start()
        try:
            return self._started.result()
        except KeyboardInterrupt:  # the person waits no longer: nothing is left half started
            self.stop()
            raise

    def stop(self, timeout: float = STOP_WITHIN, *, reason: str = "stopped") -> None:
        """End cleanly, and wait for that. Harmless when it has ended. Raises MeshError when it takes longer."""
        loop = self._loop
        if self._forked or loop is None or not self._thread.is_alive():
            return
        with contextlib.suppress(RuntimeError):  # the loop was closed this very moment
            loop.call_soon_threadsafe(self._coordinator.stop_soon, reason)
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise MeshError(f"the coordinator did not end within {timeout:g} s; it still tries to")

    @property
    def is_running(self) -> bool:
        """Whether it coordinates now."""
        return not self._forked and self._thread.is_alive() and self._started.done() and not self._started.exception()

    @property
    def connection(self) -> Connection | None:
        """How it is reached, while it is."""
        return self._coordinator.connection if self.is_running else None

    def _carry(self) -> None:
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                self._loop = runner.get_loop()
                runner.run(self._run())
        except BaseException as error:  # noqa: BLE001 - raised in the caller's thread, or kept for it
            self.failure = error
            if not self._started.done():
                self._started.set_exception(error)
            else:
                _log.error("the coordinator ended", exc_info=error)
                self.when_failed(error)

    async def _run(self) -> None:
        with _quicker_while(lambda: self._coordinator.agents > 0) as changed:
            self._coordinator.watch_connections(changed)
            await self._coordinator.run(self._started.set_result)

    def _after_fork(self) -> None:
        """In the child the thread does not exist; what it shares with the parent is the parent's."""
        self._forked = True


async def serve(
    project: Path,
    settings: Settings,
    *,
    ready: Callable[[Connection], None] | None = None,
    until: asyncio.Future[str] | None = None,
) -> None:
    """Coordinate in the foreground until SIGTERM, SIGINT or the reason `until` brings; then say goodbye.

    Raises as `Coordinator.run`.
    """
    coordinator = Coordinator(project, settings)
    loop = asyncio.get_running_loop()
    if until is not None:
        until.add_done_callback(lambda told: None if told.cancelled() else coordinator.stop_soon(told.result()))
    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C arrives as KeyboardInterrupt
            loop.add_signal_handler(number, coordinator.stop_soon, signal.Signals(number).name)
    try:
        await coordinator.run(ready)
    finally:
        for number in numbers:
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(number)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """That of uvloop where it exists: it gives the interpreter away less often, so a busy cell costs less."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


@contextlib.contextmanager
def _quicker_while(wanted: Callable[[], bool]) -> Iterator[Callable[[], None]]:
    """Shorten the interpreter's switch interval while `wanted()`; whoever changes that calls what this yields."""
    usual = sys.getswitchinterval()
    quick = False

    def changed() -> None:
        nonlocal quick, usual
        if wanted() and not quick:
            usual, quick = sys.getswitchinterval(), True
            sys.setswitchinterval(min(usual, SWITCH_INTERVAL))
        elif quick and not wanted():
            quick = False
            sys.setswitchinterval(usual)

    try:
        yield changed
    finally:
        if quick:
            sys.setswitchinterval(usual)


def _stop_all() -> None:
    """At the end of the interpreter, quietly. Before Python's own thread pools refuse work, so not with `atexit`."""
    for host in list(_hosts):
        with contextlib.suppress(MeshError):
            host.stop(2.0, reason="the notebook's kernel ended")


def _forget_all() -> None:
    for host in list(_hosts):
        host._after_fork()  # noqa: SLF001 - of this module


getattr(threading, "_register_atexit", atexit.register)(_stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
