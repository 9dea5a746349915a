"""How many simulated histories a second: each five virtual minutes of trouble, then calm until the work is done.

`python tests/bench/bench_simulation.py [SEEDS]`. A failing seed ends it, with the seed and its story.
"""

from __future__ import annotations

import sys
from time import perf_counter, process_time

from tests.simulation.test_simulation import history

SEEDS = 40
FIRST = 1_000
"Beyond the seeds of the tests, so that every run of the bench looks at histories they do not."


def bench(seeds: int = SEEDS) -> dict[str, float]:
    """Every figure by name."""
    began, used, steps, virtual, facts = perf_counter(), process_time(), 0, 0.0, 0
    for seed in range(FIRST, FIRST + seeds):
        world = history(seed)
        steps += world.steps
        facts += len(world.disk)
        virtual += world.state.now - world.log()[0].now
    seconds, cpu = perf_counter() - began, process_time() - used
    return {
        "histories": seeds,
        "histories_per_s": seeds / seconds,
        "simulated_steps_per_s": steps / seconds,
        "simulated_facts_per_s": facts / seconds,
        "virtual_over_real_time": virtual / seconds,
        "simulation_cpu_share": cpu / seconds,
    }


if __name__ == "__main__":
    for name, figure in bench(int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS).items():
        print(f"{name:<32}{figure:>14,.2f}")  # noqa: T201 - a bench prints
