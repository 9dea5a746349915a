"""The card of this machine as NVIDIA's own program tells of it, and programs that take memory of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

PROGRAM = Path(__file__).with_name("taking.py")
MEBIBYTE = 2**20
MEGABYTE = 10**6
GIGABYTE = 10**9
STARTING = 30.0
"Seconds the driver may take to serve a program: it may have to wake the card up first."


def _there() -> bool:
    return shutil.which("nvidia-smi") is not None and any(Path("/dev").glob("nvidia[0-9]*"))


needs_card = pytest.mark.skipif(not _there(), reason="no NVIDIA card on this machine")


class Memory(NamedTuple):
    """Bytes, to the mebibyte."""

    total: int
    used: int


def memory() -> Memory:
    """Of all cards together."""
    rows = _asked("--query-gpu=memory.total,memory.used")
    return Memory(sum(total for total, _ in rows) * MEBIBYTE, sum(used for _, used in rows) * MEBIBYTE)


def processes() -> dict[int, int]:
    """Bytes, to the mebibyte, of every process that computes."""
    return {pid: used * MEBIBYTE for pid, used in _asked("--query-compute-apps=pid,used_memory")}


def _asked(query: str) -> list[tuple[int, int]]:
    argv = ["nvidia-smi", query, "--format=csv,noheader,nounits"]
    told = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    pairs = [line.split(",") for line in told.splitlines() if line.strip()]
    return [(int(left), int(right)) for left, right in pairs]


class Taker(NamedTuple):
    """The program at work, and the pids of all its processes."""

    process: subprocess.Popen[str]
    pids: tuple[int, ...]


def said(process: subprocess.Popen[str]) -> str:
    """The next line of its output."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def pids_in(line: str) -> tuple[int, ...]:
    """Of the program and its children, as it says them once they have what they take. Raises ValueError otherwise."""
    return tuple(map(int, line.removeprefix("taken").split()))


@contextmanager
def taking(*megabytes: int) -> Iterator[Taker]:
    """A tree of processes that has so much of the card, each figure by one of them; it is gone in the end."""
    process = subprocess.Popen(argv(600, *megabytes), stdout=subprocess.PIPE, text=True)
    try:
        yield Taker(process, pids_in(said(process)))
    finally:
        tree = [psutil.Process(process.pid)]
        tree += tree[0].children(recursive=True)
        for each in reversed(tree):
            each.kill()
        process.communicate()
        psutil.wait_procs(tree[1:], timeout=10)


def argv(seconds: float, *megabytes: int) -> list[str]:
    """The command line of the program."""
    return [sys.executable, str(PROGRAM), str(seconds), *map(str, megabytes)]


def until(happens: Callable[[], bool], seconds: float = STARTING) -> float:
    """Wait for it; how long it took."""
    began = time.monotonic()
    while not happens():
        assert time.monotonic() - began < seconds, "it did not happen"
        time.sleep(0.02)
    return time.monotonic() - began
