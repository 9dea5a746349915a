"""What may befall the coordinator's own machine: slow syncs, crashes at every point, power cuts, sleep, wrong clocks.

Drawn from a second stream of chance, so that what a seed meant without them it still means without them.
"""

from __future__ import annotations

from enum import Enum
from random import Random
from typing import Final, NamedTuple

DAY: Final = 86_400.0
YEAR: Final = 365.25 * DAY

JUMPS: Final = (DAY, -DAY, 10 * YEAR, -10 * YEAR, 3_600.0, -3_600.0)
"Seconds by which somebody sets the wall clock: a day, ten years, the hour of summer time."
NAPS: Final = (1.0, 8.0, 60.0, 8 * 3_600.0)
"Seconds a machine sleeps."


class Point(Enum):
    """Where in a turn a crash falls."""

    UNWRITTEN = "before its record"
    UNSYNCED = "recorded, not synced"
    SYNCED = "synced, nothing of it told"
    HALF_DONE = "some of what follows done"


class Hazards(NamedTuple):
    """How much of it; one for each hard history."""

    syncing: float
    "Mean seconds of a sync; what arrives meanwhile shares the next one."
    slow: float
    "Chance that a sync takes as long as a stall."
    power: float
    "Chance that a crash is a power cut: files that were not synced are lost or kept, each by itself."
    again: float
    "Chance that the recovery from a crash crashes, too."
    landing: float
    "Chance of a crash at each step of an exchange, and in the turns before and after it."
    meddling: float
    "Chance that the person saves a file between two steps of an exchange."
    clocks: float
    "Chance per second that the wall clock is set."
    naps: float
    "Chance per second that the machine falls asleep."
    counts_sleep: bool
    "Whether monotonic time goes on while it does: no on Linux, yes on some others."
    remote: bool
    "Whether the agents are on other machines, which neither sleep nor lose power with it."

    @classmethod
    def drawn(cls, chance: Random) -> Hazards:
        """Of each, none in some histories."""
        return cls(
            syncing=chance.choice([0.0, 0.0, 0.01, 0.2]),
            slow=chance.choice([0.0, 0.0, 0.01]),
            power=chance.choice([0.0, 0.5, 1.0]),
            again=chance.choice([0.0, 0.3, 0.6]),
            landing=chance.choice([0.0, 0.05, 0.2]),
            meddling=chance.choice([0.0, 0.05, 0.3]),
            clocks=chance.choice([0.0, 0.05]),
            naps=chance.choice([0.0, 0.0, 0.02, 0.05]),
            counts_sleep=chance.random() < 0.5,
            remote=chance.random() < 0.5,
        )

    def sync(self, chance: Random) -> float:
        """Seconds the next one takes."""
        if chance.random() < self.slow:
            return chance.uniform(0.6, 5)
        return chance.expovariate(1 / self.syncing) if self.syncing else 0.0
