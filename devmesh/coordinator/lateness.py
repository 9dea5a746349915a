"""Measures how late the coordinator's own loop is, and guesses why. Knows no lease: what follows, the core decides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from devmesh.coordinator.clock import Clock
from devmesh.core.events import Stalled

TICK = 0.05
"Seconds between two looks."
LATE = 0.5
"Being later than this counts as a stall."
_BUSY = 0.5
"Share of the lost time somebody must have computed to be the cause."


class Lateness:
    """Expects to look every `TICK`. Who is about to act on time calls `check` first, so that a stall is told before."""

    def __init__(self, clock: Clock, tell: Callable[[Stalled], None]) -> None:
        self._clock = clock
        self._tell = tell
        self._timer: asyncio.TimerHandle | None = None
        self.worst = 0.0
        "The longest delay so far, in seconds."
        self._look()

    def start(self) -> None:
        """Begin to tick, on the running loop."""
        self._look()
        self._timer = asyncio.get_running_loop().call_later(TICK, self._tick)

    def stop(self) -> None:
        """Tick no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def check(self) -> None:
        """Tell of the stall that just ended, once; do nothing when the loop was on time."""
        late = self._clock.readings.monotonic() - self._due
        slept = self._clock.asleep() - self._asleep
        self.worst = max(self.worst, late)
        if max(late, slept) < LATE:
            return
        cause = "the machine was suspended" if slept >= LATE else self._cause(late)
        self._look()
        self._tell(Stalled(seconds=max(late, slept), cause=cause))

    def _tick(self) -> None:
        self.check()
        self._look()
        self._timer = asyncio.get_running_loop().call_later(TICK, self._tick)

    def _look(self) -> None:
        readings = self._clock.readings
        self._due = readings.monotonic() + TICK
        self._asleep = self._clock.asleep()
        self._process, self._thread = readings.process(), readings.thread()

    def _cause(self, late: float) -> str:
        readings = self._clock.readings
        own = readings.thread() - self._thread
        others = readings.process() - self._process - own
        if own > late * _BUSY:
            return "the coordinator itself was busy"
        if others > late * _BUSY:
            return "other code in this process held the interpreter: a long cell"
        return "the process was stopped, or the machine was overloaded"
