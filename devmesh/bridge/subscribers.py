"""Who hears the facts of a session. Knows no connection, and lets no listener's fault reach another."""

from __future__ import annotations

import logging
from collections.abc import Callable

from devmesh.vocabulary.codec import Recorded

_log = logging.getLogger(__name__)

Listener = Callable[[Recorded], None]


class Subscribers:
    """Tells each fact to all, in the order in which they subscribed; a fact that was told is not told again."""

    def __init__(self) -> None:
        self._listeners: dict[int, Listener] = {}
        self._subscribed = 0
        self._seen = 0

    def add(self, listener: Listener) -> Callable[[], None]:
        """Tell it everything from now on. Returns what ends that, harmless when repeated."""
        self._subscribed += 1
        number = self._subscribed
        self._listeners[number] = listener

        def remove() -> None:
            self._listeners.pop(number, None)

        return remove

    def tell(self, facts: tuple[Recorded, ...]) -> None:
        """Facts that are not kept (sequence 0) always; the others when they are newer than any told before."""
        for recorded in facts:
            if recorded.sequence == 0 or recorded.sequence > self._seen:
                self._seen = max(self._seen, recorded.sequence)
                self._tell(recorded)

    def _tell(self, recorded: Recorded) -> None:
        for listener in list(self._listeners.values()):
            try:
                listener(recorded)
            except Exception:  # noqa: BLE001 - whatever it is, the others still hear the fact
                _log.exception("a listener failed on %s", type(recorded.fact).__name__)
