"""The same for longer: `python -m tests.fuzz.run [SEED] [TIMES]` reads TIMES as many inputs as the suite."""

from __future__ import annotations

import sys
from time import perf_counter

from tests.fuzz.targets import TARGETS
from tests.fuzz.test_fuzz import fuzz


def main(seed: int, times: int) -> None:
    """Every target, one after the other."""
    total = 0
    begun = perf_counter()
    for name, target in TARGETS.items():
        inputs = target.inputs * times
        taken = fuzz(name, seed, inputs)
        total += inputs
        sys.stdout.write(f"{name:24}{inputs:>10} inputs {taken:>10} taken\n")
        sys.stdout.flush()
    sys.stdout.write(f"{total} inputs from seed {seed} in {perf_counter() - begun:.0f} s, no traceback\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
