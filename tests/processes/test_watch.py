"""Limits count the seconds a program ran and was silent, on a clock of the test's own; a pause is no time at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextvars import Context

import pytest

from devmesh.processes.watch import Limit, Watch


class Clock(asyncio.SelectorEventLoop):
    """A loop that never runs, and whose time passes when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.alarms: list[asyncio.TimerHandle] = []

    def time(self) -> float:
        """Seconds."""
        return self.now

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Ring when the time has come."""
        self.alarms.append(super().call_later(delay, callback, *args, context=context))
        return self.alarms[-1]

    def set(self) -> list[asyncio.TimerHandle]:
        """The alarms that are still to ring."""
        self.alarms = [alarm for alarm in self.alarms if not alarm.cancelled()]
        return self.alarms

    def pass_by(self, seconds: float) -> None:
        """Let time pass, and every alarm ring at its own instant."""
        until = self.now + seconds
        while due := [alarm for alarm in self.set() if alarm.when() <= until]:
            first = min(due, key=asyncio.TimerHandle.when)
            self.alarms.remove(first)
            self.now = max(self.now, first.when())
            first._run()
        self.now = until


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Time, standing still."""
    clock = Clock()
    yield clock
    clock.close()


def watched(clock: Clock, time_limit: float | None, silence_limit: float | None) -> tuple[Watch, list[Limit]]:
    """A watch that has just been started, and what it called."""
    overdue: list[Limit] = []
    watch = Watch(clock, time_limit, silence_limit, overdue.append)
    watch.start()
    return watch, overdue


def test_the_time_limit_is_called_once_at_its_instant(clock: Clock) -> None:
    """Not a moment earlier, however much is heard, and never again."""
    watch, overdue = watched(clock, 10.0, None)
    for _second in range(9):
        clock.pass_by(1.0)
        watch.heard()
    clock.pass_by(0.999)
    assert overdue == []
    clock.pass_by(0.001)
    assert overdue == ["time_limit"]
    clock.pass_by(100.0)
    assert overdue == ["time_limit"]


def test_every_byte_starts_the_silence_anew(clock: Clock) -> None:
    """It is called as long after the last of them as the limit says."""
    watch, overdue = watched(clock, None, 3.0)
    for _byte in range(5):
        clock.pass_by(2.5)
        watch.heard()
    clock.pass_by(2.9)
    assert overdue == []
    clock.pass_by(0.1)
    assert overdue == ["silence_limit"]
    assert watch.ran == pytest.approx(15.5)


def test_no_time_passes_in_a_pause(clock: Clock) -> None:
    """Neither limit comes nearer, and no alarm is set; then silence starts anew, and the time goes on."""
    watch, overdue = watched(clock, 10.0, 4.0)
    clock.pass_by(3.0)
    watch.pause()
    assert clock.set() == []
    clock.pass_by(1000.0)
    assert watch.ran == pytest.approx(3.0)
    watch.resume()
    clock.pass_by(3.5)
    assert overdue == []
    clock.pass_by(0.5)
    assert overdue == ["silence_limit"]
    assert watch.ran == pytest.approx(7.0)


def test_starting_and_pausing_twice_counts_once(clock: Clock) -> None:
    """As a program that is paused by two people is."""
    watch, overdue = watched(clock, 10.0, None)
    clock.pass_by(4.0)
    watch.start()
    assert len(clock.set()) == 1
    watch.pause()
    clock.pass_by(4.0)
    watch.pause()
    assert watch.ran == pytest.approx(4.0)
    watch.resume()
    clock.pass_by(6.0)
    assert overdue == ["time_limit"]


def test_without_limits_there_is_no_alarm_and_after_the_end_neither(clock: Clock) -> None:
    """Nothing wakes the loop for a program nobody limits, or one that has ended."""
    free, _called = watched(clock, None, None)
    assert clock.set() == []
    clock.pass_by(5.0)
    assert free.ran == pytest.approx(5.0)
    limited, overdue = watched(clock, 1.0, 1.0)
    limited.end()
    clock.pass_by(10.0)
    assert (overdue, clock.set()) == ([], [])
