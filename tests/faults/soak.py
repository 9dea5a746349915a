"""Everything that looks for faults, for as long as wanted, each time from seeds that were not tried before.

`python -m tests.faults.soak [SECONDS] [SEED]`, or `make soak`. Ends at the first fault, with what reproduces it.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

from _pytest.outcomes import Skipped

from tests.faults.chaos import chaos
from tests.faults.serving import served
from tests.faults.shared_crowd import shared_crowd
from tests.faults.test_chaos import judged
from tests.faults.test_damage import HARMLESS, harmed
from tests.faults.test_disks import filled
from tests.faults.test_lost_updates import crowded
from tests.faults.test_races import raced
from tests.faults.test_write_points import killed
from tests.fuzz.targets import TARGETS
from tests.fuzz.test_fuzz import fuzz
from tests.fuzz.test_pairs import compare
from tests.fuzz.test_sayings import babbled
from tests.simulation.test_storms import storm

HOUR = 3600.0
SHARE = 40
"Of the inputs that a run of the suite fuzzes, one in so many is fuzzed in each round."

Total = Counter[str]


def kill_and_cut(seed: int, total: Total) -> None:
    """Real processes."""
    with tempfile.TemporaryDirectory(prefix="devmesh-soak-") as folder:
        figures = asyncio.run(chaos(Path(folder), seed, 20.0))
        wrong = judged(Path(folder), figures)
    if wrong:
        raise AssertionError(f"chaos from seed {seed}: {wrong[:5]}")
    total.update(
        kills=figures.kills, stops=figures.stops, cuts=figures.cuts, wrong_bytes=figures.garbled, calls=figures.calls,
        grants=len(figures.tokens), chained_changes=len(figures.landed), lock_histories=len(figures.histories),
    )  # fmt: skip


def harm(seed: int, total: Total) -> None:
    """The record's own files, between two lives."""
    names = Random(seed).choices(HARMLESS, k=6)
    with tempfile.TemporaryDirectory(prefix="devmesh-soak-") as folder:
        with served(Path(folder, "project"), Path(folder, "state")) as process:
            figures = asyncio.run(harmed(process, names, seed))
        wrong = judged(Path(folder), figures)
    if wrong:
        raise AssertionError(f"damages from seed {seed}, {names}: {wrong[:5]}")
    total["damages"] += len(names)


def fill_up(seed: int, total: Total) -> None:
    """Where a small disk may be mounted: it fills up and is emptied, the coordinator killed meanwhile or not."""
    with tempfile.TemporaryDirectory(prefix="devmesh-soak-") as folder, suppress(Skipped):
        figures = filled(Path(folder), Random(seed), 4)
        if wrong := judged(Path(folder), figures):
            raise AssertionError(f"full disks from seed {seed}: {wrong[:5]}")
        total["full_disks"] += 4


def interrupt(seed: int, total: Total) -> None:
    """Lives killed inside the functions that write."""
    with tempfile.TemporaryDirectory(prefix="devmesh-soak-") as folder:
        if wrong := killed(Path(folder), Random(seed), 10):
            raise AssertionError(f"lives killed from seed {seed}: {wrong[:5]}")
    total["lives_killed_while_writing"] += 10


def race(seed: int, total: Total) -> None:
    """Kernels for one project."""
    with tempfile.TemporaryDirectory(prefix="devmesh-soak-") as folder:
        if wrong := raced(Path(folder), seed, 6):
            raise AssertionError(f"races from seed {seed}: {wrong[:5]}")
    total["races"] += 6


def simulate(seed: int, total: Total) -> None:
    """Short histories."""
    for number in range(100):
        storm(seed * 1_000 + number)
    total["histories"] += 100


def crowd(seed: int, total: Total) -> None:
    """Interleavings around the gate."""
    with tempfile.TemporaryDirectory(prefix="devmesh-soak-") as folder:
        count = crowded(Path(folder), seed, 10).count
    if count.lost:
        raise AssertionError(f"lost updates from seed {seed}: {count.lost[:5]}")
    total.update(interleavings=10, landings=count.landed, foreign_writes=count.foreign, rescued=count.rescued)


def share(seed: int, total: Total) -> None:
    """Interleavings in the project itself."""
    with tempfile.TemporaryDirectory(prefix="devmesh-soak-") as folder:
        count = shared_crowd(Path(folder), seed, 10)
    verdict = count.verdict
    if verdict.lost or verdict.false:
        raise AssertionError(f"in the shared tree from seed {seed}: {(verdict.lost + verdict.false)[:5]}")
    total.update(
        shared_interleavings=10, shared_writes=verdict.right + count.behind, hunks_shown=verdict.shown,
        hunks_too_quick=verdict.unseen + verdict.mistaken,
    )  # fmt: skip


def feed(seed: int, total: Total) -> None:
    """Inputs and sayings."""
    for name, target in TARGETS.items():
        fuzz(name, seed, target.inputs // SHARE)
        total["inputs"] += target.inputs // SHARE
    compare(seed, 2_500)
    babbled(seed, 4_000)
    total.update(inputs=2_500, sayings=4_000)


ROUND: tuple[Callable[[int, Total], None], ...] = (
    kill_and_cut,
    harm,
    fill_up,
    interrupt,
    race,
    simulate,
    crowd,
    share,
    feed,
)


def main(seconds: float, seed: int) -> None:
    """Round after round; the figures every five minutes, and at the end."""
    total: Total = Counter()
    begun = shown = time.monotonic()
    revision = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    sys.stdout.write(f"soak of {seconds:g} s from seed {seed} at {revision.stdout.strip() or 'no revision'}\n")
    while time.monotonic() - begun < seconds:
        for one in ROUND:
            one(seed, total)
        seed += 1
        total["rounds"] += 1
        if time.monotonic() - shown > 300:
            shown = time.monotonic()
            show(total, shown - begun)
    show(total, time.monotonic() - begun)


def show(total: Total, seconds: float) -> None:
    """One line."""
    sys.stdout.write(f"{seconds:6.0f} s: " + ", ".join(f"{number:,} {name}" for name, number in total.items()) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else HOUR, int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time()))
