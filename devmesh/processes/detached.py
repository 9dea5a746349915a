"""Processes meant to outlive us, which no interrupt or restart of the kernel reaches. Named by pid and birth."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from devmesh.errors import ToolNotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LAUNCHER = Path(__file__).with_name("launcher.py")
START_LIMIT = 20.0
"Seconds a start may take."
LAST_RESORT = 2.0
"Seconds a process may take to die of SIGKILL."
TOLERANCE = 1.5
"Seconds two readings of one birth may differ: the system derives it from a clock that can be set meanwhile."


def spawn_detached(argv: Sequence[str], *, log: Path, env: Mapping[str, str]) -> tuple[int, float]:
    """Start a program in a session of its own, the child of nobody here; returns its pid and time of birth.

    Its standard input is empty, its output is appended to `log`, it runs in `/` and inherits no open file. No signal
    meant for us or our group reaches it, and it leaves no zombie here. Raises ToolNotFound when it does not start.
    """
    program = shutil.which(argv[0], path=env.get("PATH", os.defpath))
    if program is None:
        msg = f"{argv[0]} was not found on PATH"
        raise ToolNotFound(msg, hint=f"Install {argv[0]}, or say where it is.")
    launch = [sys.executable, "-I", "-S", str(LAUNCHER), str(log.absolute()), "--"]
    with subprocess.Popen(
        [*launch, str(Path(program).absolute()), *argv[1:]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(env),
        cwd="/",
    ) as launcher:
        line = launcher.stdout.readline() if launcher.stdout else b""
        if not line:
            raise ToolNotFound(f"{argv[0]} was not started: its launcher failed")
        pid = int(line)
        born = psutil.Process(pid).create_time()  # it waits for our word, so it is surely there
        said, _none = launcher.communicate(b"g", timeout=START_LIMIT)
    if failed := int(said or b"5"):
        msg = f"{argv[0]} does not start: {os.strerror(failed)}"
        raise ToolNotFound(msg)
    return pid, born


def is_alive(pid: int, create_time: float) -> bool:
    """Whether this very process lives: not another one that was given its pid, and no zombie."""
    return _process(pid, create_time) is not None


def end(pid: int, create_time: float, grace: float = 5.0) -> bool:
    """SIGTERM, and SIGKILL when it still lives after `grace` seconds; True when it is gone. Signals nobody else."""
    for signalled, patience in ((psutil.Process.terminate, grace), (psutil.Process.kill, LAST_RESORT)):
        with suppress(psutil.Error):
            if (process := _process(pid, create_time)) is not None:
                signalled(process)
        if _gone_within(patience, pid, create_time):
            return True
    return False


def _gone_within(seconds: float, pid: int, create_time: float) -> bool:
    give_up = time.monotonic() + seconds
    while is_alive(pid, create_time):
        if time.monotonic() >= give_up:
            return False
        time.sleep(0.01)
    return True


def _process(pid: int, create_time: float) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        matches = abs(process.create_time() - create_time) < TOLERANCE
        return process if matches and process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.Error, ValueError):
        return None
