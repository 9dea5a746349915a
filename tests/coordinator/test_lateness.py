"""How late the loop was is told once, before anything else, with a guess at the cause."""

from __future__ import annotations

import asyncio
import time

import pytest

from devmesh.coordinator.clock import Clock, Readings
from devmesh.coordinator.lateness import LATE, TICK, Lateness
from devmesh.core.events import Stalled
from tests.coordinator.rig import looped
from tests.coordinator.test_pace import Hand


class Hands:
    """All clocks, moved by hand."""

    def __init__(self) -> None:
        self.monotonic, self.boottime, self.process, self.thread = Hand(), Hand(), Hand(), Hand()
        self.told: list[Stalled] = []
        self.clock = Clock(
            0.0,
            Readings(
                monotonic=self.monotonic,
                boottime=self.boottime,
                wall=Hand(),
                process=self.process,
                thread=self.thread,
            ),
        )
        self.lateness = Lateness(self.clock, self.told.append)

    def pass_by(self, seconds: float) -> None:
        """Time goes by for both clocks."""
        self.monotonic.at += seconds
        self.boottime.at += seconds


def test_on_time_is_silence() -> None:
    """A tick, and even a little more, is no stall."""
    hands = Hands()
    hands.pass_by(TICK + LATE - 0.01)
    hands.lateness.check()
    assert hands.told == []


def test_a_stall_is_told_once_with_its_length() -> None:
    """Asked twice, it is told once."""
    hands = Hands()
    hands.pass_by(5.0 + TICK)
    hands.lateness.check()
    hands.lateness.check()
    assert [round(stalled.seconds, 6) for stalled in hands.told] == [5.0]


def test_a_suspended_machine_is_a_stall_although_no_monotonic_time_passed() -> None:
    """Eight hours in a bag."""
    hands = Hands()
    hands.boottime.at += 8 * 3_600
    hands.lateness.check()
    assert hands.told == [Stalled(seconds=8 * 3_600, cause="the machine was suspended")]


@pytest.mark.parametrize(
    ("process", "thread", "words"),
    [(4.0, 0.1, "a long cell"), (4.0, 3.9, "itself was busy"), (0.1, 0.1, "was stopped")],
)
def test_the_cause_is_guessed_from_who_computed(process: float, thread: float, words: str) -> None:
    """Another thread's computing, our own, or nobody's."""
    hands = Hands()
    hands.pass_by(5.0)
    hands.process.at += process
    hands.thread.at += thread
    hands.lateness.check()
    assert words in hands.told[0].cause


@looped
async def test_a_blocked_loop_is_noticed() -> None:
    """On the real clock: the loop is held, and the next tick says so."""
    told: asyncio.Future[Stalled] = asyncio.get_running_loop().create_future()
    lateness = Lateness(Clock(), told.set_result)
    lateness.start()
    await asyncio.sleep(0)
    time.sleep(LATE + 4 * TICK)  # noqa: ASYNC251 - blocking the loop is what is tested
    stalled = await asyncio.wait_for(told, 5)
    lateness.stop()
    assert stalled.seconds >= LATE
    assert lateness.worst >= LATE
