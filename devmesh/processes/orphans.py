"""Processes whose supervisor was killed: found by a mark in their environment, and ended. Knows nobody's names."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MARK = "DEVMESH_RUN"
"The variable that names the run; every process of a tool inherits it."
PATIENCE = 2.0
"Seconds of SIGKILL before what is left counts as unkillable."


def marked(mark: str) -> list[psutil.Process]:
    """Every living process of ours that carries this mark, wherever it hangs in the tree of processes."""
    return list(_carrying(mark))


def _carrying(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if _mark_of(process) == mark:
                yield process


def _mark_of(process: psutil.Process) -> str | None:
    if process.status() != psutil.STATUS_ZOMBIE:
        return process.environ().get(MARK)
    for thread in process.threads():  # its main thread has ended; another may live on, and only that says so
        with suppress(OSError):
            environment = Path(f"/proc/{process.pid}/task/{thread.id}/environ").read_bytes()
            for name, _, value in (variable.partition(b"=") for variable in environment.split(b"\0")):
                if name == MARK.encode():
                    return os.fsdecode(value)
    return None


def end_marked(mark: str) -> int:
    """SIGKILL every process with this mark until none is left; returns how many could not be killed. May take 2 s."""
    give_up = time.monotonic() + PATIENCE
    while left := marked(mark):
        if time.monotonic() >= give_up:
            break
        _each(left, psutil.Process.suspend)
        _each(left, psutil.Process.kill)
    return len(left)


def _each(processes: list[psutil.Process], act: Callable[[psutil.Process], None]) -> None:
    for process in processes:
        with suppress(psutil.Error):
            act(process)
