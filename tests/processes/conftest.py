"""Programs to run, and a look at which processes are left."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from devmesh.processes import Command, allowed_environment

MARK = "DEVMESH_TEST_MARK"

MakeCommand = Callable[..., Command]
Alive = Callable[[], list[psutil.Process]]


@pytest.fixture
def mark() -> str:
    """A value every process of this test carries in its environment."""
    return secrets.token_hex(8)


@pytest.fixture
def alive(mark: str) -> Iterator[Alive]:
    """The living processes of this test, wherever they hang; none may be left in the end."""

    def look() -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    yield look
    left = look()
    while again := look():
        for process in again:
            with suppress(psutil.Error):
                process.kill()
    assert left == []


@pytest.fixture
def command(tmp_path: Path, mark: str) -> MakeCommand:
    """A command of `/bin/sh` (or of Python, for `python=...`), marked."""

    def make(script: str = "", *, python: str | None = None, **options: object) -> Command:
        argv = ("sh", "-c", script) if python is None else (sys.executable, "-c", python)
        chosen = {"grace": 0.5, **options}
        return Command(argv=argv, cwd=tmp_path, env=allowed_environment({MARK: mark}), **chosen)  # type: ignore[arg-type]

    return make


async def until(true: Callable[[], bool], limit: float = 5.0) -> None:
    """Look at another process's doing until it is so; there is no signal to wait for."""
    give_up = time.monotonic() + limit
    while not true():
        assert time.monotonic() < give_up, "it never became so"
        await asyncio.sleep(0.01)
