"""The only caller of the clock. Mesh time runs while a coordinator runs, and never jumps.

Knows no deadline and no rule. Wall time is for display and decides nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

Reading = Callable[[], float]


def _boottime() -> float:
    """Monotonic time that counts a suspended machine's sleep too, where the system has such a clock."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@dataclass(frozen=True, slots=True)
class Readings:
    """Where time comes from, in seconds. A test brings its own."""

    monotonic: Reading = time.monotonic
    wall: Reading = time.time
    boottime: Reading = _boottime
    process: Reading = time.process_time
    "Processor time of the whole process."
    thread: Reading = time.thread_time
    "Processor time of the calling thread."


class Clock:
    """Mesh time goes on from `base`, the last moment on record."""

    def __init__(self, base: float = 0.0, readings: Readings | None = None) -> None:
        self.readings = readings or Readings()
        self._offset = base - self.readings.monotonic()

    def continue_from(self, base: float) -> None:
        """Mesh time never goes back: it goes on from `base`, or from where it is, whichever is later."""
        self._offset += max(0.0, base - self.now())

    def now(self) -> float:
        """Mesh time in seconds."""
        return self.readings.monotonic() + self._offset

    def wall(self) -> float:
        """Unix seconds, for display."""
        return self.readings.wall()

    def asleep(self) -> float:
        """Seconds the machine was suspended since it was started. Only differences mean something."""
        return self.readings.boottime() - self.readings.monotonic()
