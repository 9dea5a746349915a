"""What a lock costs, in ratios: with locks held elsewhere over none, and handing over with a thousand waiters.

`python tests/bench/bench_locks.py [LOCKS ...]` prints one row per number of locks held (default 0, 10,000, 1,000,000).
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator

from devmesh.core.lock_requests import release, request
from devmesh.core.locks import LockTable
from devmesh.core.state import MeshState
from devmesh.core.turn import Turn
from devmesh.vocabulary.facts import LockGranted
from devmesh.vocabulary.requests import RequestLock
from devmesh.vocabulary.terms import Limits, LockMode

ROUNDS = 7
CYCLES = 4_000
WAITERS = 1_000


def holding(count: int) -> MeshState:
    """A mesh in which a thousand agents hold that many files, a hundred to a directory."""
    state = MeshState()
    state.limits = Limits(locks_per_agent=10_000_000)
    for token in range(1, count + 1):
        state.locks.apply(
            LockGranted(
                token=token,
                agent=f"agent-{token % 1000}",
                target=f"pkg{token // 10_000}/mod{token // 100 % 100}/file{token % 100}.py",
                mode=LockMode.WRITE,
                lease=30.0,
            ),
            0.0,
        )
    state.sequence = count
    return state


def seconds(state: MeshState, targets: Callable[[int], str]) -> float:
    """CPU seconds per cycle: a lock asked for and granted, given back and released."""
    asked = [RequestLock(targets=(targets(index),), mode=LockMode.WRITE) for index in range(CYCLES)]
    started = time.process_time()
    for each in asked:
        request(Turn(state, 1.0), "bench", each)
        release(Turn(state, 1.0), "bench", (state.sequence,))
    return (time.process_time() - started) / CYCLES


def beside(empty: MeshState, full: MeshState, targets: Callable[[int], str]) -> tuple[float, float]:
    """Cycles per second of the full one, and over those of the empty one: the best of rounds taken in turn."""
    pairs = [(seconds(empty, targets), seconds(full, targets)) for _ in range(ROUNDS)]
    without, with_locks = (min(column) for column in zip(*pairs, strict=True))
    return 1 / with_locks, without / with_locks


def hand_over(waiters: int) -> float:
    """CPU seconds per hand-over of one file on which that many wait, from the first of them to the last but one."""
    state = MeshState()
    for index in range(waiters + 1):
        asked = RequestLock(targets=("src/app.py",), mode=LockMode.WRITE, wait=1000.0)
        request(Turn(state, 0.0), f"agent-{index}", asked)
    started = time.process_time()
    for _ in range(waiters):
        (lock,) = state.locks.locks.values()
        release(Turn(state, 1.0), lock.agent, (lock.token,))
    return (time.process_time() - started) / waiters


def rows(counts: list[int]) -> Iterator[str]:
    """The table, line by line, as it is measured."""
    yield f"{'locks held':>12} {'files/s':>10} {'over none':>10} {'dirs/s':>10} {'over none':>10}"
    empty = holding(0)
    for count in counts:
        state = holding(count)
        gc.collect()
        gc.freeze()
        files, flat = beside(empty, state, lambda index: f"pkg{index % 50}/mod{index % 90}/new{index}.py")
        directories, even = beside(empty, state, lambda index: f"pkg{index % 50}/new{index}/")
        yield f"{count:>12,} {files:>10,.0f} {flat:>10.2f} {directories:>10,.0f} {even:>10.2f}"
        del state
    few, many = (min(hand_over(waiters) for _ in range(ROUNDS)) for waiters in (10, WAITERS))
    yield f"hand-over: {few * 1e6:.0f} us with 10 waiting, {many * 1e6:.0f} us with {WAITERS:,}: {many / few:.2f} times"
    table = holding(100_000).locks
    started = time.process_time()
    LockTable.rebuild(table.locks, table.waiting)
    yield f"rebuilding 100,000 locks from a snapshot: {time.process_time() - started:.2f} s"


def bench() -> dict[str, float]:
    """The figures of the widest comparison by name, for `make bench`: a million locks held, over none."""
    empty, full = holding(0), holding(1_000_000)
    gc.collect()
    gc.freeze()
    files, flat = beside(empty, full, lambda index: f"pkg{index % 50}/mod{index % 90}/new{index}.py")
    directories, even = beside(empty, full, lambda index: f"pkg{index % 50}/new{index}/")
    few, many = (min(hand_over(waiters) for _ in range(ROUNDS)) for waiters in (10, WAITERS))
    return {
        "lock_flat": 1 / flat,
        "lock_flat_directories": 1 / even,
        "locks_per_s_1e6_held": files,
        "directory_locks_per_s_1e6_held": directories,
        "hand_over_1000_over_10": many / few,
    }


def main() -> None:
    """Measure and print."""
    for row in rows([int(each) for each in sys.argv[1:]] or [0, 10_000, 1_000_000]):
        print(row, flush=True)  # noqa: T201 - a bench prints


if __name__ == "__main__":
    main()
