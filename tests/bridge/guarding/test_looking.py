"""Once something is written, somebody looks; nobody looks while nothing is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from devmesh.bridge.guarding.looking import Looking
from devmesh.bridge.guarding.trail import Trail
from devmesh.errors import RepositoryError
from devmesh.repository import Repository
from tests.coordinator.rig import looped


class Rig:
    """A project of one file, and the looks at it."""

    def __init__(self, tmp_path: Path) -> None:
        self.file = tmp_path / "project" / "src" / "a.txt"
        self.file.parent.mkdir(parents=True)
        self.file.write_text("a\n")
        self.trail = Trail(Repository(tmp_path / "project", tmp_path / "home").open())
        self.looking = Looking(self.trail, self._look)
        self.looks: asyncio.Queue[str] = asyncio.Queue()

    async def _look(self) -> None:
        self.looks.put_nowait(self.file.read_text())

    async def sees(self, text: str) -> None:
        """Write until somebody has looked: a write within one tick of the disk's clock may leave no new stamp."""
        self.file.write_text(text)
        while await self.next() != text:
            self.file.write_text(text)

    async def next(self) -> str:
        """What the next look finds; nothing where there is none for a while."""
        try:
            return await asyncio.wait_for(self.looks.get(), 1)
        except TimeoutError:
            return ""


@asynccontextmanager
async def looking(tmp_path: Path, *, witnessed: bool = True) -> AsyncIterator[Rig]:
    """From the first look on."""
    rig = Rig(tmp_path)
    rig.trail.begin()
    if not witnessed:
        rig.trail.witness.end()
    keeping = asyncio.create_task(rig.looking.keep())
    yield rig
    keeping.cancel()
    await asyncio.wait([keeping])
    rig.trail.end()


@pytest.mark.parametrize("witnessed", [True, False], ids=["told by a witness", "by glances"])
@looped
async def test_it_looks_by_itself_when_something_was_written(tmp_path: Path, witnessed: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """In real time, with nobody asking; and again."""
    async with looking(tmp_path, witnessed=witnessed) as rig:
        await rig.sees("b\n")
        await rig.sees("c\n")


@looped
async def test_without_a_witness_it_glances_at_what_was_granted(tmp_path: Path) -> None:
    """Sooner than at all the rest."""
    async with looking(tmp_path, witnessed=False) as rig:
        rig.looking.expect(["src/a.txt"])
        await rig.sees("b\n")


@looped
async def test_a_look_that_fails_is_not_the_last(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log says why."""
    async with looking(tmp_path) as rig:
        look = rig.looking._look
        failed = asyncio.Event()

        async def refused() -> None:
            rig.looking._look = look
            failed.set()
            raise RepositoryError("the disk is full")

        rig.looking._look = refused
        with caplog.at_level(logging.WARNING):
            rig.file.write_text("b\n")
            await asyncio.wait_for(failed.wait(), 30)
            await rig.sees("c\n")
        assert "the disk is full" in caplog.text
