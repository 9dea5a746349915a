"""The one thread that keeps the panels of a source up to date, while anybody looks. Knows no widget, only `Listener`.

It has a thread of its own so that panels move while a cell runs; it starts with the first open panel and ends with the
last.
"""

from __future__ import annotations

import logging
import threading
from typing import Protocol
from weakref import WeakValueDictionary

from devmesh_widgets.rows import View
from devmesh_widgets.source import Source

PERIOD = 0.25
"Seconds between updates: at most 4 a second."

_logger = logging.getLogger(__name__)


class Listener(Protocol):
    """A panel, as the pump sees it."""

    def beat(self, view: View) -> bool:
        """Tell the front end what is new; False when nobody looks any more."""
        ...


class Pump:
    """Reads the source once per beat and passes the view to every listener."""

    _of: WeakValueDictionary[int, Pump] = WeakValueDictionary()
    _guard = threading.Lock()

    def __init__(self, source: Source, period: float = PERIOD) -> None:
        self._source = source
        self._period = period
        self._listeners: dict[int, tuple[Listener]] = {}
        "Each in a tuple of its own per `add`: one that is added again while it is told is not forgotten."
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @classmethod
    def of(cls, source: Source) -> Pump:
        """The pump of this source: the same one for all its panels."""
        with cls._guard:
            pump = cls._of.get(id(source))
            if pump is None or not pump.reads(source):
                pump = cls._of[id(source)] = cls(source)
            return pump

    def reads(self, source: Source) -> bool:
        """Whether this is the pump of that source."""
        return self._source is source

    @property
    def running(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None

    def add(self, listener: Listener) -> None:
        """Start telling this listener; at once, if the pump was asleep. Adding twice is harmless."""
        with self._changed:
            self._listeners[id(listener)] = (listener,)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="devmesh-panels", daemon=True)
                self._thread.start()

    def remove(self, listener: Listener) -> None:
        """Stop telling it."""
        with self._changed:
            self._listeners.pop(id(listener), None)
            self._changed.notify_all()

    def beat(self) -> None:
        """One round: read, tell, forget those nobody looks at."""
        with self._changed:
            entries = list(self._listeners.items())
        if not entries:
            return
        view = self._source.view()
        for name, entry in entries:
            if not self._told(entry[0], view):
                with self._changed:
                    if self._listeners.get(name) is entry:
                        del self._listeners[name]

    def join(self, timeout: float) -> bool:
        """Wait until the thread has ended; whether it has."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)
        return self._thread is None

    def _told(self, listener: Listener, view: View) -> bool:
        try:
            return listener.beat(view)
        except Exception:  # one broken front end must not freeze the others
            _logger.exception("a panel could not be updated")
            return False

    def _run(self) -> None:
        while True:
            try:
                self.beat()
            except Exception:  # the rows are the mesh's; a panel waits for better ones and stays alive
                _logger.exception("the rows could not be read")
            with self._changed:
                if self._listeners:
                    self._changed.wait(self._period)
                if not self._listeners:
                    self._thread = None
                    return
