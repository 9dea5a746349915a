"""Disks that fill up, refuse, vanish or may not be written, under a real coordinator whose clients go on asking.

Nothing that was acknowledged is lost, nobody is left in silence, and it goes on or ends with a clear word.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from devmesh.audit.database import DATABASE
from devmesh.audit.journal import Journal
from devmesh.audit.proving import prove
from devmesh.audit.verify import verify
from tests.faults.callers import Figures
from tests.faults.disks import empty, fill, give_names_back, small_disk, use_up_names, without_rights
from tests.faults.serving import ROOT, Served, insisting, served, served_again, until
from tests.faults.test_chaos import judged

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

FULL = "the disk is full"


def test_a_disk_that_fills_up_and_empties_loses_nothing(tmp_path: Path) -> None:
    """On a real small disk: everybody is told; killed then or not, it goes on once there is room."""
    assert judged(tmp_path, filled(tmp_path, Random(1), 2)) == []


def filled(folder: Path, chance: Random, times: int) -> Figures:
    """So many full disks, each waited out by the first, the second killed in it, the others as it comes."""

    async def lived(process: Served) -> Figures:
        figures = Figures()
        async with insisting(process.home, figures):
            for number in range(times):
                await served_again(figures)
                fill(base)
                told = figures.reasons[FULL]
                await until(lambda told=told: figures.reasons[FULL] > told)  # type: ignore[misc]
                if number == 1 or (number > 1 and chance.random() < 0.5):
                    process.kill()
                    assert not process.begin()
                    assert "full" in process.last_words or "No space left" in process.last_words
                    empty(base)
                    process.start()
                empty(base)
            await served_again(figures)
        return figures

    with small_disk(folder / "state", "size=8m") as base:
        with served(folder / "project", base) as process:
            figures = asyncio.run(lived(process))
        shutil.copytree(base, folder / "kept")  # what is mounted goes
    (folder / "state").rmdir()
    (folder / "kept").rename(folder / "state")
    return figures


def survived(
    folder: Path, base: Path, lived: Callable[[Served], Coroutine[Any, Any, Figures]], wrapper: Sequence[str] = ()
) -> None:
    """A coordinator with its state at `base` lived so, and nothing that it acknowledged is lost."""
    with served(folder / "project", base, wrapper=wrapper) as process:
        figures = asyncio.run(lived(process))
        process.kill()
        assert judged(folder, figures) == []


def test_a_disk_that_refuses_ends_it_loudly(tmp_path: Path) -> None:
    """A write the system refuses for good: it ends and says so, and the next start has all that was acknowledged."""

    async def lived(process: Served) -> Figures:
        figures = Figures()
        async with insisting(process.home, figures):
            await served_again(figures)
            process.limit(resource.RLIMIT_FSIZE, 16_384)
            assert await asyncio.to_thread(process.wait) != 0
            assert "the disk reported an error" in process.last_words
            process.start()
            await served_again(figures)
        return figures

    survived(tmp_path, tmp_path / "state", lived)


@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_a_state_folder_that_goes_ends_it_loudly(tmp_path: Path, how: str) -> None:
    """Under a running coordinator: it ends and says so; put back, all that was acknowledged is there."""

    async def lived(process: Served) -> Figures:
        figures = Figures()
        aside = process.home.with_name("aside")
        async with insisting(process.home, figures):
            await served_again(figures)
            process.home.rename(aside)
            if how == "replaced":
                process.home.mkdir(mode=0o700)
                (process.home / DATABASE).write_bytes((aside / DATABASE).read_bytes())
            assert await asyncio.to_thread(process.wait) != 0
            assert "removed or replaced" in process.last_words
            if how == "replaced":
                (process.home / DATABASE).unlink()
                process.home.rmdir()
            aside.rename(process.home)
            process.start()
            await served_again(figures)
        return figures

    survived(tmp_path, tmp_path / "state", lived)


def test_a_state_folder_that_may_not_be_written_any_more(tmp_path: Path) -> None:
    """What is open goes on; the next start names the folder, and goes on where it was once it may be written again."""

    async def lived(process: Served) -> Figures:
        figures = Figures()
        async with insisting(process.home, figures):
            await served_again(figures)
            process.home.chmod(0o500)
            await served_again(figures)
            process.kill()
            assert not process.begin()
            assert str(process.home) in process.last_words
            process.home.chmod(0o700)
            process.start()
            await served_again(figures)
        return figures

    survived(tmp_path, tmp_path / "state", lived, wrapper=without_rights())


def test_no_names_left_on_the_disk(tmp_path: Path) -> None:
    """No inode is free: what is open goes on, a start says what is missing, starting over waits; nothing is lost."""

    async def lived(process: Served) -> Figures:
        figures = Figures()
        async with insisting(process.home, figures):
            await served_again(figures)
            use_up_names(base)
            await served_again(figures)
            process.kill()
            assert not process.begin()
            assert "No space left" in process.last_words or "full" in process.last_words
            give_names_back(base)
            process.start()
            await served_again(figures)
            use_up_names(base)
            fill(base)
            await until(lambda: figures.reasons[FULL] >= 1)
            empty(base)  # facts can be kept again, but how it is found cannot be published
            told = figures.reasons[FULL]
            await until(lambda: figures.reasons[FULL] >= told + 40)
            assert process.is_running
            give_names_back(base)
            await served_again(figures)
        return figures

    with small_disk(tmp_path / "state", "size=16m,nr_inodes=200") as base:
        survived(tmp_path, base, lived)


def test_a_checkpoint_without_room_harms_nothing(tmp_path: Path) -> None:
    """The log cannot be copied into the database: turns go on being kept, and kill -9 then loses none of them."""
    home = tmp_path / "home"
    command = [sys.executable, str(Path(__file__).with_name("checkpointing.py")), str(home)]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    *acknowledged, refused = ended.stdout.split()
    assert refused == "SQLITE_IOERR_WRITE"
    journal = Journal.open(home, now_wall=0.0, check_whole=True)
    assert journal.recovery is None
    assert [str(one.sequence) for one in journal.load().facts] == acknowledged
    journal.close()
    assert verify(home) is None
    assert prove(home).fault is None
