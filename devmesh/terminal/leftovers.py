"""Processes of one run of the demo: those that carry variables of ours and belong to its folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from devmesh.settings import PREFIX

_GRACE = 3.0


def leftovers(folder: Path) -> list[psutil.Process]:
    """Every living process of that run but ourselves and those we come from."""
    mine = {os.getpid(), *(process.pid for process in psutil.Process().parents())}
    return [process for process in _of(str(folder)) if process.pid not in mine]


def end_leftovers(folder: Path) -> list[str]:
    """End them, and say what they were."""
    found = leftovers(folder)
    named = [_named(process) for process in found]
    for process in found:
        with suppress(psutil.Error):
            process.terminate()
    for process in psutil.wait_procs(found, timeout=_GRACE)[1]:
        with suppress(psutil.Error):
            process.kill()
    return named


def _of(folder: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and _belongs(process, folder):
                yield process


def _belongs(process: psutil.Process, folder: str) -> bool:
    """A person's own shell or editor in that folder does not: it has none of our variables."""
    ours = {name: value for name, value in process.environ().items() if name.startswith(PREFIX)}
    return bool(ours) and (any(_inside(value, folder) for value in ours.values()) or _inside(process.cwd(), folder))


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + os.sep)


def _named(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())[:120]}"
    except psutil.Error:
        return str(process.pid)
