"""Mesh time goes on, and nothing else."""

from __future__ import annotations

from devmesh.coordinator.clock import Clock, Readings
from tests.coordinator.test_pace import Hand


def test_mesh_time_continues_from_the_record() -> None:
    """It begins where the record ended and runs with the monotonic clock."""
    hand = Hand()
    clock = Clock(120.5, Readings(monotonic=hand))
    assert clock.now() == 120.5
    hand.at += 2
    assert clock.now() == 122.5


def test_mesh_time_never_goes_back() -> None:
    """Continuing from an earlier moment changes nothing; from a later one it jumps there."""
    hand = Hand()
    clock = Clock(100.0, Readings(monotonic=hand))
    clock.continue_from(50.0)
    assert clock.now() == 100.0
    clock.continue_from(300.0)
    assert clock.now() == 300.0


def test_the_wall_clock_decides_nothing() -> None:
    """Set back by a day, it moves neither mesh time nor sleep."""
    hand, wall = Hand(), Hand()
    clock = Clock(0.0, Readings(monotonic=hand, boottime=hand, wall=wall))
    wall.at -= 86_400
    assert (clock.now(), clock.asleep()) == (0.0, 0.0)


def test_sleep_is_what_boot_time_counts_and_monotonic_time_does_not() -> None:
    """A suspended hour shows as an hour."""
    hand, boot = Hand(), Hand()
    clock = Clock(0.0, Readings(monotonic=hand, boottime=boot))
    before = clock.asleep()
    boot.at += 3_600
    assert clock.asleep() - before == 3_600
