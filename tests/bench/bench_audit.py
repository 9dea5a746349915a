"""What the record costs: appending, recovering, and reading a million facts, each beside its reference in the same run.

`python tests/bench/bench_audit.py [FACTS] [OUT.json]`. Compare rows of one run.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

from devmesh.audit import frames
from devmesh.audit.chain import Chain
from devmesh.audit.database import DATABASE
from devmesh.audit.journal import Journal
from devmesh.audit.proving import prove
from devmesh.audit.replay import recover
from devmesh.audit.rows import row_of, sealed_of
from devmesh.core.snapshot import freeze
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.terms import LockMode, Role

ROOT = Path(__file__).resolve().parents[2]
WALL = 1_790_000_000.0
AGENTS = 20
TAIL = 5_000
"Facts after the newest snapshot: what a coordinator leaves that takes one every ten thousand."


def history() -> Iterator[Recorded]:
    """A start, some agents, then locks taken and given back for ever."""
    number = 0

    def recorded(fact: Any) -> Recorded:
        nonlocal number
        number += 1
        return Recorded(sequence=number, fact=fact, now=number / 1000, session=number % AGENTS + 1)

    yield recorded(facts.CoordinatorStarted(epoch=1, project="/project"))
    for n in range(1, AGENTS + 1):
        yield recorded(facts.SessionOpened(session=n, connection=n, role=Role.AGENT, key=str(n)))
        yield recorded(facts.AgentJoined(agent=f"claude-{n}", session=n, tool="claude"))
    while True:
        agent, path, token = f"claude-{number // 2 % AGENTS + 1}", f"src/module_{number % 997}.py", number + 1
        yield recorded(facts.LockGranted(token=token, agent=agent, target=path, mode=LockMode.WRITE, lease=30.0))
        yield recorded(facts.LockReleased(token=token, agent=agent, target=path, mode=LockMode.WRITE, held=0.001))


def timed(action: Callable[[], Any]) -> float:
    """Seconds it takes."""
    began = perf_counter()
    action()
    return perf_counter() - began


def append_rate(home: Path, count: int, batch: int) -> float:
    """Facts a second, durable, in turns of so many."""
    journal, source = Journal.open(home, now_wall=WALL), history()

    def fill() -> None:
        for _ in range(count // batch):
            journal.append(list(islice(source, batch)), WALL)

    seconds = timed(fill)
    journal.close()
    return count // batch * batch / seconds


def seal_rate(count: int = 20_000) -> float:
    """Facts a second that are only sealed."""
    rows = [sealed_of(row_of(one, 1)) for one in islice(history(), count)]
    chain = Chain(b"k" * 32)
    return count / timed(lambda: chain.seals(rows))


def restart(home: Path) -> float:
    """Seconds from nothing to the recovered state, after a stop without a goodbye; the best of three."""
    best = float("inf")
    for _ in range(3):
        began = perf_counter()
        journal = Journal.open(home, now_wall=WALL)
        recover(journal)
        best = min(best, perf_counter() - began)
        journal.close(clean=False)
    return best


RESTART = """
import sys
from pathlib import Path
from devmesh.audit.journal import Journal
from devmesh.audit.proving import prove
from devmesh.audit.replay import recover
from devmesh.audit.rows import row_of, sealed_of
journal = Journal.open(Path(sys.argv[1]), now_wall=0.0)
recover(journal)
journal.close(clean=False)
"""


def restart_process(home: Path) -> float:
    """The same in a fresh process, its start included; the best of three."""
    command = [sys.executable, "-c", RESTART, str(home)]
    return min(timed(lambda: subprocess.run(command, check=True, cwd=ROOT)) for _ in range(3))


def snapshot_near_the_end(home: Path) -> None:
    """As a coordinator would have left it."""
    journal = Journal.open(home, now_wall=WALL)
    state = recover(journal)
    journal.save_snapshot(journal.last_sequence, freeze(state))
    source = (one for one in history() if one.sequence > journal.last_sequence)
    journal.append(list(islice(source, TAIL)), WALL)
    journal.close(clean=False)


def plain_pandas(home: Path) -> None:
    """The reference: all columns by pandas alone, no fixed types."""
    import pandas as pd

    with closing(sqlite3.connect(home / DATABASE)) as connection:
        pd.read_sql_query("SELECT sequence, at, kind, agent, task, change, body FROM facts", connection)


def measure(count: int, folder: Path) -> dict[str, float]:
    """Every figure by name."""
    found = {f"append_per_s_turns_of_{n}": append_rate(folder / str(n), min(count, 2000 * n), n) for n in (1, 10, 100)}
    found["seal_us"] = 1e6 / seal_rate()
    found["seal_share"] = found["append_per_s_turns_of_100"] / seal_rate()
    empty, full = folder / "empty", folder / "full"
    append_rate(empty, 100, 100)
    found["fill_per_s"] = append_rate(full, count, 1000)
    found["recover_none_s"] = restart(empty)
    found["process_none_s"] = restart_process(empty)
    found["recover_all_facts_s"] = restart(full)
    found["prove_s"] = timed(lambda: prove(full))
    snapshot_near_the_end(full)
    found["recover_snapshot_s"] = restart(full)
    found["process_snapshot_s"] = restart_process(full)
    found["recover_1e6"] = found["process_snapshot_s"] / found["process_none_s"]
    frames.facts(full, limit=1)
    found["frame_newest_10k_s"] = timed(lambda: frames.facts(full))
    found["frame_all_s"] = timed(lambda: frames.facts(full, limit=None))
    found["frame_all_flat_s"] = timed(lambda: frames.facts(full, "lock_*", limit=None))
    found["frame_locks_s"] = timed(lambda: frames.locks(full))
    found["pandas_all_s"] = timed(lambda: plain_pandas(full))
    found["frames_1e6"] = found["frame_all_s"] / found["pandas_all_s"]
    return {name: round(value, 4) for name, value in found.items()}


def bench(count: int = 1_000_000) -> dict[str, float]:
    """Every figure by name, for `make bench`."""
    with tempfile.TemporaryDirectory(prefix="devmesh-bench-") as folder:
        return measure(count, Path(folder))


def main() -> None:
    """Measure, print, and write where asked."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    found = bench(count)
    text = json.dumps({"facts": count, **found}, indent=1)
    sys.stdout.write(text + "\n")
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(text)


if __name__ == "__main__":
    main()
