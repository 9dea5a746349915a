"""Whose a version is: the tool's, as often as it was granted; the gate's, if it landed that; else somebody's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from devmesh.bridge.guarding.trail import Trail
from devmesh.bridge.guarding.watch import Found, Landings, Watch
from devmesh.repository import Repository, blob_id
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import ChangeApplied
from tests.coordinator.rig import looped

A, B, C = (blob_id(text) for text in (b"a\n", b"b\n", b"c\n"))


class Rig:
    """A watch over one file, what others hold, and what was reported."""

    def __init__(self, project: Path, home: Path) -> None:
        self.file = project / "a.txt"
        self.held: list[str] = []
        self.found: list[Found] = []
        self.more = asyncio.Event()
        self.trail = Trail(Repository(project, home).open())
        self.landings = Landings()
        self.watch = Watch(self.trail, self.landings, self._elsewhere, self._report)

    async def _elsewhere(self, _: bool) -> list[str]:  # noqa: FBT001 - as the watch asks
        return self.held

    async def _report(self, found: Found) -> None:
        self.found.append(found)
        self.more.set()

    async def writes(self, *texts: str) -> list[tuple[str | None, str | None]]:
        """One after the other, each looked at; all that was reported so far, as versions."""
        for text in texts:
            self.file.write_text(text)
            await self.watch.look()
        return [(one.before, one.after) for one in self.found]


@asynccontextmanager
async def watching(tmp_path: Path) -> AsyncIterator[Rig]:
    """From its first look to its last."""
    project = tmp_path / "project"
    project.mkdir(parents=True)
    (project / "a.txt").write_text("a\n")
    rig = Rig(project, tmp_path / "home")
    rig.trail.begin()
    await rig.watch.look()
    yield rig
    rig.trail.end()


def landed(before: str, after: str) -> Recorded:
    """What everybody is told."""
    fact = ChangeApplied(change=1, task=1, agent="o-1", files=("a.txt",), contents=(after,), displaced=(before,))
    return Recorded(sequence=1, fact=fact)


@looped
async def test_what_is_granted_is_written_once(tmp_path: Path) -> None:
    """The next version is somebody else's, and so is any without a grant."""
    async with watching(tmp_path) as rig:
        assert await rig.watch.granting(["a.txt"]) == ""
        assert await rig.writes("a\nb\n") == []
        assert len(await rig.writes("a\nb\nc\n")) == 1
        rig.watch.turn_over()
        assert len(await rig.writes("d\n")) == 2


@looped
async def test_of_two_writes_under_one_grant_both_are_reported_where_one_takes_something_away(tmp_path: Path) -> None:
    """Which of them was the tool's, nobody can tell."""
    async with watching(tmp_path) as rig:
        await rig.watch.granting(["a.txt"])
        assert await rig.writes("b\n", "c\n") == [(A, B), (B, C)]


@looped
async def test_what_others_wrote_must_be_read_again_before_it_is_written(tmp_path: Path) -> None:
    """Once: whoever was told knows. What the tool itself wrote it knows."""
    async with watching(tmp_path) as rig:
        await rig.writes("b\n")
        assert await rig.watch.granting(["a.txt"]) == "a.txt"
        assert await rig.watch.granting(["a.txt"]) == ""
        await rig.writes("c\n")
        assert await rig.watch.granting(["a.txt"]) == ""


@looped
async def test_what_others_hold_is_left_to_them_until_they_let_go(tmp_path: Path) -> None:
    """Nothing of it is forgotten meanwhile."""
    async with watching(tmp_path) as rig:
        rig.held = ["a.txt"]
        assert await rig.writes("b\n", "c\n") == []
        rig.held = []
        assert await rig.writes("c\n") == [(A, B), (B, C)]


@looped
async def test_what_the_gate_landed_is_nobodys_write(tmp_path: Path) -> None:
    """Exactly that: not what was written over it, and not once more what it landed."""
    async with watching(tmp_path) as rig:
        rig.landings.heard(landed(A, B))
        assert await rig.writes("b\n") == []
        assert await rig.writes("a\n", "b\n") == [(B, A), (A, B)]


@looped
async def test_a_landing_that_nobody_saw_was_displaced_all_the_same(tmp_path: Path) -> None:
    """Overwritten, or undone, before anybody looked; and so was a version that only the gate met."""
    async with watching(tmp_path) as rig:
        rig.landings.heard(landed(A, B))
        assert await rig.writes("c\n") == [(B, C)]
    async with watching(tmp_path / "undone") as rig:
        rig.landings.heard(landed(A, B))
        assert await rig.writes("a\n") == [(B, A)]
    async with watching(tmp_path / "met") as rig:
        rig.landings.heard(landed(B, C))
        assert await rig.writes("c\n") == [(A, B)]


@looped
async def test_the_tool_is_suspected_where_it_named_the_file_itself(tmp_path: Path) -> None:
    """Of anything else nobody knows who wrote it."""
    async with watching(tmp_path) as rig:
        await rig.writes("b\n")
        rig.watch.named.add("a.txt")
        await rig.writes("c\n")
        assert [found.suspected for found in rig.found] == [False, True]


@looped
async def test_a_tool_that_cannot_ask_writes_what_is_locked_for_it_as_often_as_it_likes(tmp_path: Path) -> None:
    """While it is at work."""
    async with watching(tmp_path) as rig:
        rig.watch.free = frozenset({"./"})
        assert await rig.writes("b\n", "c\n") == []
        rig.watch.turn_over()
        assert await rig.writes("a\n") == [(C, A)]


@looped
async def test_a_landing_that_is_told_while_one_looks_is_known_when_it_is_judged(tmp_path: Path) -> None:
    """It was seen before it was told; by then its lock is gone."""
    async with watching(tmp_path) as rig:

        async def told_meanwhile(_: bool) -> list[str]:  # noqa: FBT001 - as the watch asks
            rig.landings.heard(landed(A, B))
            return []

        rig.watch._elsewhere = told_meanwhile
        assert await rig.writes("b\n") == []


@looped
async def test_what_another_saw_since_the_board_was_asked_is_not_judged_by_it(tmp_path: Path) -> None:
    """Its lock may have been taken later than that."""
    async with watching(tmp_path) as rig:

        async def written_meanwhile(_: bool) -> list[str]:  # noqa: FBT001 - as the watch asks
            rig.file.write_text("c\n")
            rig.trail.look()
            return []

        rig.watch._elsewhere = written_meanwhile
        assert await rig.writes("b\n") == [(A, B)]
        assert rig.trail.seen() == {"a.txt": (B, C)}
