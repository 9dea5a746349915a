"""The machine a simulated coordinator runs on, as far as its clocks show it: it sleeps, boots, and is set wrong.

The coordinator's own `Clock` and `Lateness` read it; nothing else here knows any time but the world's.
"""

from __future__ import annotations

from collections.abc import Callable

from devmesh.coordinator.clock import Clock, Readings
from devmesh.coordinator.inbox import Inbox
from devmesh.coordinator.lateness import Lateness


class Machine:
    """Its clocks; `now` gives the world's time, which never stands still."""

    def __init__(self, now: Callable[[], float], *, counts_sleep: bool) -> None:
        self._now = now
        self._counts_sleep = counts_sleep
        self._booted = now()
        self._slept = 0.0
        "Seconds its processes missed that its monotonic clock did not count."
        self._missed = 0.0
        "How many of them passed in the world."
        self._set_by = 0.0
        self.readings = Readings(
            monotonic=self._monotonic, wall=self._wall, boottime=self._boottime, process=self._busy, thread=self._busy
        )

    def boot(self) -> None:
        """Monotonic time begins again; the wall clock goes on."""
        self._booted, self._slept, self._missed = self._now(), 0.0, 0.0

    def sleep(self, seconds: float, *, alone: bool) -> None:
        """It slept so long, `alone` while the world went on; otherwise the world stood still with it.

        Where monotonic time counts sleep, the world must have gone on: everything on the machine sees it jump.
        """
        if not self._counts_sleep:
            self._slept += seconds
            self._missed += seconds if alone else 0.0

    def set_clock(self, by: float) -> None:
        """Somebody, or a time server, sets the wall clock."""
        self._set_by += by

    def take_over(self, base: float, inbox: Inbox) -> tuple[Clock, Lateness]:
        """The clocks of a new process, mesh time going on from `base`."""
        clock = Clock(base, self.readings)
        return clock, Lateness(clock, inbox.put_first)

    def _monotonic(self) -> float:
        return self._now() - self._booted - self._missed

    def _boottime(self) -> float:
        return self._monotonic() + self._slept

    def _wall(self) -> float:
        return 1_700_000_000.0 + self._now() + self._set_by

    def _busy(self) -> float:
        return 0.0
