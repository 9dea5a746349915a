"""A tree of processes that is said to have ended has given back what it had of a real card."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil
import pytest

from devmesh.bridge.running import memory_of
from devmesh.processes import Command, SupervisedProcess, allowed_environment
from devmesh.processes.graphics import Graphics
from devmesh.vocabulary.terms import Stream
from tests.card.card import MEBIBYTE, argv, needs_card, pids_in

pytestmark = [pytest.mark.slow, needs_card]

NEAR = 64 * MEBIBYTE
TAKEN = (1000, 20_000, 3000)
"Megabytes: by the program, and by two children in sessions of their own. Giving so much back takes a quarter second."


async def ended(way: str, folder: Path) -> tuple[float, tuple[int, ...]]:
    """Take it, end it that way; gigabytes of it that were measured meanwhile, and the pids that had them."""
    told: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def hear(_stream: Stream, chunk: bytes) -> None:
        if not told.done():
            told.set_result(chunk)

    command = Command(argv=tuple(argv(60, *TAKEN)), cwd=folder, env=allowed_environment({}), grace=3.0)
    process = await SupervisedProcess.start(command, hear)
    pids = pids_in((await told).decode())
    measured = memory_of(process).vram_gb
    getattr(process, way)()
    await process.wait()
    return measured, pids


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_what_has_ended_has_nothing_of_the_card_left(way: str, tmp_path: Path) -> None:
    """At that very moment: the driver takes a while for it, in threads that outlive the main one."""
    graphics = Graphics()
    before = graphics.memory().used
    for _ in range(3):
        measured, pids = asyncio.run(ended(way, tmp_path))
        assert graphics.memory().used < before + NEAR
        assert not any(map(psutil.pid_exists, pids))
        assert sum(TAKEN) / 1000 < measured < sum(TAKEN) / 1000 + 3
