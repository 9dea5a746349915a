"""What to run, and how it ended: plain values, and where a program is found. Knows no loop and no running process."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from devmesh.errors import ToolNotFound
from devmesh.processes.confinement import Confinement

Why = Literal["exited", "stopped", "time_limit", "silence_limit"]


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run, and how long it may take. Times in seconds of its own: while it is paused none passes."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    "All it sees; `allowed_environment` makes a good one."
    stdin: bytes | Path | None = None
    "Written to its standard input, which is closed afterwards. None: /dev/null."
    time_limit: float | None = None
    silence_limit: float | None = None
    "Longest time without a byte of output."
    grace: float = 5.0
    "Between SIGTERM and SIGKILL."
    keep_stdin_open: bool = False
    "For a program one talks with: `write` sends more, `close_stdin` ends it."
    limits: Mapping[str, int] = field(default_factory=dict)
    "Resource limits by their name: NPROC, FSIZE, AS, NOFILE."
    confinement: Confinement = field(default_factory=Confinement)
    "Further limits, and where it may not write."

    def words(self) -> tuple[str, ...]:
        """All limits for the supervisor, as NAME=VALUE."""
        return (*(f"{name}={value}" for name, value in self.limits.items()), *self.confinement.words())


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended. Exactly one of `exit_code` and `signal` is set, or none if its supervisor was killed."""

    exit_code: int | None
    signal: int | None
    why: Why
    seconds: float
    stdout_tail: bytes
    stderr_tail: bytes
    dropped: int
    "Bytes of output before the tails; they went to `on_output` all the same."
    leftover: int = 0
    "Processes that outlived the program and were ended with it."
    unkillable: int = 0
    reason: str = ""
    "What `stop` was told."


def found(command: Command) -> str:
    """The program's full path. Raises ToolNotFound when there is none, or no folder to run it in."""
    name = command.argv[0]
    if not command.cwd.is_dir():
        msg = f"{name} does not start: no such folder: {command.cwd}"
        raise ToolNotFound(msg)
    sought = str(command.cwd / name) if os.sep in name else name
    found = shutil.which(sought, path=command.env.get("PATH", os.defpath))
    if found is None:
        msg = f"{name} was not found on PATH"
        raise ToolNotFound(msg, hint=f"Install {name}, or say where it is.")
    return str(Path(found).absolute())


def standard_input(command: Command) -> int:
    """What subprocess takes for the program's standard input; an open descriptor is the caller's to close."""
    if isinstance(command.stdin, Path):
        return os.open(command.stdin, os.O_RDONLY | os.O_CLOEXEC)
    return subprocess.DEVNULL if command.stdin is None and not command.keep_stdin_open else subprocess.PIPE
