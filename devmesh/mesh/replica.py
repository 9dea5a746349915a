"""The state of the mesh as this process last heard it: one writer (the session), any number of reading threads.

Knows nothing of sockets. It decides nothing either: every change is a fact applied by the core's own fold.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from threading import RLock
from typing import Any, Generic, NamedTuple, TypeVar

from devmesh.core.apply import apply
from devmesh.core.snapshot import thaw
from devmesh.core.state import MeshState
from devmesh.errors import MeshLost
from devmesh.vocabulary.codec import Recorded

T = TypeVar("T")

Look = Callable[[MeshState], T | None]
Listener = Callable[[tuple[Recorded, ...]], None]

_log = logging.getLogger(__name__)


class _Wait(NamedTuple, Generic[T]):
    """Somebody waits until `look` finds something in the state."""

    look: Look[T]
    future: Future[T]


class Replica:
    """A copy of the MeshState that follows the record. Reading never waits for the network, only for the one writer."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._state: MeshState | None = None
        self._lost: MeshLost | None = None
        self._behind = False
        "Whether something was missed, and a whole state is awaited."
        self._heard_at = 0.0
        self._waits: list[_Wait[Any]] = []
        self._listeners: list[Listener] = []

    # ---- the writer ----

    def begin(self, snapshot: bytes) -> None:
        """Start over from a whole state. Those who wait look again."""
        fresh = thaw(snapshot)
        with self._lock:
            self._state, self._lost, self._behind = fresh, None, False
            self._heard_at = time.monotonic()
        self._tell(())

    def take(self, facts: Iterable[Recorded]) -> bool:
        """Apply what is new, in order. False when it cannot be followed: the state must be begun anew.

        Until then nothing more is taken, so that no reader sees a state that never was.
        """
        with self._lock:
            if self._state is None or self._behind:
                return True
            taken = [recorded for recorded in facts if self._taken(self._state, recorded)]
            behind = self._behind
        if taken:
            self._tell(tuple(taken))
        return not behind

    def _taken(self, state: MeshState, recorded: Recorded) -> bool:
        """Whether it was news, and is true now. A fact that is told but not kept has no place in the order."""
        kept = recorded.fact.recorded
        if self._behind or (kept and recorded.sequence <= state.sequence):
            return False
        self._behind = (kept and recorded.sequence > state.sequence + 1) or not self._applied(state, recorded)
        if self._behind:
            _log.info("fact %d does not follow %d; the state is asked for anew", recorded.sequence, state.sequence)
            return False
        self._heard_at = time.monotonic()
        return True

    @staticmethod
    def _applied(state: MeshState, recorded: Recorded) -> bool:
        try:
            apply(state, recorded)
        except Exception:  # noqa: BLE001 - a whole state mends whatever it is
            _log.exception("fact %d does not fit the copy of the state", recorded.sequence)
            return False
        return True

    def end(self, lost: MeshLost) -> None:
        """The mesh cannot be reached any more: everyone who waits is told so. The last state stays readable."""
        with self._lock:
            self._lost = lost
            waits, self._waits = self._waits, []
        for wait in waits:
            with suppress(InvalidStateError):
                wait.future.set_exception(lost)

    def _tell(self, facts: tuple[Recorded, ...]) -> None:
        """Settle the waits that are over, then call the listeners. One that fails is logged and spoils nothing."""
        with self._lock:
            waits, listeners = list(self._waits), list(self._listeners)
        for wait in waits:
            self._settle(wait)
        for listener in listeners:
            try:
                listener(facts)
            except Exception:  # noqa: BLE001 - its fault is its own
                _log.exception("a listener to the mesh failed")

    def _settle(self, wait: _Wait[Any]) -> None:
        try:
            found = self.read(wait.look)
        except Exception as failed:  # noqa: BLE001 - it is for whoever waits  # noqa: BLE001 - it is for whoever waits
            with suppress(InvalidStateError):
                wait.future.set_exception(failed)
        else:
            if found is None and not wait.future.done():
                return
            with suppress(InvalidStateError):
                wait.future.set_result(found)
        with self._lock, suppress(ValueError):
            self._waits.remove(wait)

    # ---- the readers ----

    @contextmanager
    def reading(self) -> Iterator[MeshState]:
        """The state, standing still while inside. Take what is needed and leave: the session waits meanwhile."""
        with self._lock:
            if self._state is None:
                raise self._lost or MeshLost("the mesh has not been heard yet")
            yield self._state

    @property
    def now(self) -> float:
        """Mesh time as well as it can be known here: that of the latest fact, plus what has passed since."""
        with self.reading() as state:
            passed = time.monotonic() - self._heard_at if state.running and self._lost is None else 0.0
            return state.now + passed

    def read(self, look: Callable[[MeshState], T]) -> T:
        """What `look` makes of the state, which stands still meanwhile."""
        with self.reading() as state:
            return look(state)

    def when(self, look: Look[T]) -> Future[T]:
        """Done once `look` finds something (not None), now or after any later fact; what it raises is passed on."""
        wait: _Wait[T] = _Wait(look, Future())
        with self._lock:
            if self._lost is not None:
                wait.future.set_exception(self._lost)
                return wait.future
            self._waits.append(wait)
            if self._state is not None:
                self._settle(wait)
        return wait.future

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each turn's new facts, on the session's thread. Returns what ends it."""
        with self._lock:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._lock, suppress(ValueError):
                self._listeners.remove(listener)

        return unsubscribe
