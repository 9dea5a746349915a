"""Runs every bench, each in a process of its own, prints its figures, and writes them all to `build/bench.json`.

`python -m tests.bench.run [NAME ...]` runs those named (`core`, `locks` ...), or all. Compare figures of one run only.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import devmesh

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "build" / "bench.json"


class Goal(NamedTuple):
    """A ratio we want to reach. `more` says whether more of it is better."""

    what: str
    reach: float
    more: bool

    def met(self, figure: float) -> bool:
        """Whether it is reached."""
        return figure >= self.reach if self.more else figure <= self.reach


GOALS: dict[str, Goal] = {
    "lock_vs_echo_100": Goal("durable lock cycles/s of 100 clients, over a plain echo", 0.75, more=True),
    "lock_vs_floor": Goal("processor time of a durable cycle, over bare frames", 5, more=False),
    "lock_p99_1": Goal("p99 of one client alone, over the disk's sync and the echo", 2, more=False),
    "fanout_950": Goal("one task offered to 950 agents, over one frame made once", 1.5, more=False),
    "agent_memory": Goal("bytes of an idle agent, over a bare connection of the library", 1.4, more=False),
    "lock_flat": Goal("time of a lock with 1,000,000 held, over none", 1.15, more=False),
    "land_10_files": Goal("ten files from offer to landed, over `git apply`", 5, more=False),
    "dash_fps": Goal("frames a second while a dashboard of 1,000 agents and 10,000 locks is scrolled", 30, more=True),
    "dash_cpu_percent": Goal("of a core, for that dashboard, in the kernel", 10, more=False),
    "dash_update_kb_max": Goal(
        "kilobytes of its largest update, of which there are at most 4 a second", 100, more=False
    ),
    "recover_1e6": Goal("restart with 1,000,000 facts on record, over none", 2, more=False),
    "seal_share": Goal("time of appending in turns of 100 that is spent on sealing", 0.25, more=False),
    "frame_all_s": Goal("seconds for 1,000,000 facts as a DataFrame", 3, more=False),
    "frames_1e6": Goal("1,000,000 facts as a DataFrame, over plain pandas", 2, more=False),
}
"Figures that have a goal. Whatever else a bench finds is shown without one."

MEASURE = """
import importlib, json, sys
found = importlib.import_module("tests.bench.bench_" + sys.argv[1]).bench()
sys.stdout.write("\\n" + json.dumps(found) + "\\n")
"""


def names() -> list[str]:
    """Every bench there is: `bench_NAME.py` with a function `bench() -> dict[str, float]`."""
    return sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def measured(name: str) -> dict[str, float]:
    """The figures of one bench. Raises CalledProcessError when it fails; what it said is on the terminal."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "widgets")])
    command = [sys.executable, "-c", MEASURE, name]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return found


def row(name: str, figure: float) -> str:
    """One line of the table, with its goal where there is one."""
    goal = GOALS.get(name)
    shown = f"{figure:,.0f}" if abs(figure) >= 1000 else f"{figure:.4g}"
    if goal is None:
        return f"  {name:<32}{shown:>14}"
    verdict = "reached" if goal.met(figure) else "not reached"
    return f"  {name:<32}{shown:>14}   goal {'>=' if goal.more else '<='} {goal.reach:g}: {verdict} ({goal.what})"


def report(figures: dict[str, dict[str, float]]) -> dict[str, Any]:
    """What is written: the machine, every figure, and how those with a goal stand to it."""
    flat = {name: figure for found in figures.values() for name, figure in found.items()}
    return {
        "devmesh": devmesh.__version__,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0],
        "goals": {
            name: {"figure": flat[name], "reach": goal.reach, "met": goal.met(flat[name]), "what": goal.what}
            for name, goal in GOALS.items()
            if name in flat
        },
        "figures": figures,
    }


def main(wanted: list[str]) -> int:
    """Run them one after the other; 1 when one of them failed."""
    figures: dict[str, dict[str, float]] = {}
    failed = False
    for name in wanted or names():
        began = perf_counter()
        sys.stdout.write(f"{name}\n")
        sys.stdout.flush()
        try:
            figures[name] = measured(name)
        except subprocess.CalledProcessError as error:
            failed = True
            sys.stdout.write(f"  failed: exit status {error.returncode}\n")
            continue
        lines = [row(key, figure) for key, figure in figures[name].items()]
        sys.stdout.write("\n".join(lines) + f"\n  ({perf_counter() - began:.0f} s)\n")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report(figures), indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"\nwritten to {RESULTS.relative_to(ROOT)}\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
