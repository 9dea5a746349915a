"""The watch over the project while a tool works in it: whose each version is that was seen, as far as that can be told.

Judges by locks, by what the gate landed, and by what the tool was granted; reports the rest. Runs no tool.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from devmesh.bridge.covering import covered_by_any, covers
from devmesh.bridge.guarding.footprint import Footprint
from devmesh.bridge.guarding.trail import Trail, Versions
from devmesh.bridge.workspace import to_its_end
from devmesh.errors import DevMeshError
from devmesh.vocabulary.facts import ChangeApplied

_log = logging.getLogger(__name__)

PACE = 0.25
"Seconds between two glances at the stamps of the files, where glancing is quick."
SHARE = 0.02
"Of one processor, at most so much is spent glancing: in a large project, glances are rarer."
SETTLED = 0.05
"Seconds a file must have been left alone before it is read: half a write is nobody's version."
SETTLING = 4
"Glances after which it is read although it is still being written."


@dataclass(frozen=True, slots=True)
class Found:
    """A version of a file that displaced another, and that no lock, grant or landing accounts for."""

    path: str
    before: str | None
    after: str | None
    suspected: bool
    "Whether the tool itself named the file in this turn: then it is thought to have written it."


@dataclass(frozen=True, slots=True)
class Landed:
    """What the gate made of one file."""

    change: int
    path: str
    content: str | None


Elsewhere = Callable[[bool], Awaitable[Collection[str]]]
"Targets that others hold for writing; with True, only those whose holders watch over them as we do."
Reporting = Callable[[Found], Awaitable[None]]


class Watch:
    """One attempt's part in the watch. Every write is judged once, by one of those who watch."""

    def __init__(self, trail: Trail, elsewhere: Elsewhere, report: Reporting) -> None:
        self.free: frozenset[str] = frozenset()
        "Targets under which the tool writes without asking, for it cannot ask."
        self.named: set[str] = set()
        "Files the tool said it would write, in this turn."
        self._trail = trail
        self._elsewhere = elsewhere
        self._report = report
        self._granted: dict[str, set[str]] = {}
        "Each target a wish was granted for, and what was written under it since: once is what was asked for."
        self._landed: list[Landed] = []
        self._judging = asyncio.Lock()

    # ---- what is allowed ----

    async def granting(self, targets: Iterable[str]) -> None:
        """Keep what is there, then account the next version of each to the tool. Raises DevMeshError when it cannot."""
        wanted = tuple(targets)
        async with self._judging:
            due = tuple(self._landed)
            await to_its_end(self._trail.look)
            await self._judge(due, lambda path: covered_by_any(wanted, path))
            self._granted.update({target: set() for target in wanted})

    def overhear(self, applied: ChangeApplied) -> None:
        """What the gate landed is nobody's unlocked write, and a version that may be overwritten before it is seen."""
        landed = zip(applied.files, applied.contents, strict=False)
        self._landed += [Landed(applied.change, path, content) for path, content in landed]

    def turn_over(self) -> None:
        """From here on nothing is granted: no tool is at work."""
        self._granted.clear()
        self.named.clear()
        self.free = frozenset()

    # ---- looking ----

    async def look(self, *, last: bool = False) -> str:
        """See the project now, and judge every version that was seen; returns its commit.

        What others hold is left to them; with `last`, only what other watchers do. Raises DevMeshError.
        """
        async with self._judging:
            due = tuple(self._landed)
            commit = await to_its_end(self._trail.look)
            seen = await to_its_end(self._trail.seen)
            if due or seen:
                elsewhere = await self._elsewhere(last)
                await self._judge(due, lambda path: not covered_by_any(elsewhere, path))
            return commit

    async def keep_looking(self) -> None:
        """Look whenever a glance shows that something was written, until cancelled."""
        footprint = Footprint(self._trail.repository.project)
        await self._tread(footprint)
        pause = PACE
        while True:
            await asyncio.sleep(pause)
            written, took = await asyncio.to_thread(_glance, footprint)
            pause = max(PACE, took / SHARE)
            if written:
                await self._settled(footprint)
                await self._tried(footprint)

    async def _settled(self, footprint: Footprint) -> None:
        for _ in range(SETTLING):
            await asyncio.sleep(SETTLED)
            if not (await asyncio.to_thread(_glance, footprint))[0]:
                return

    async def _tried(self, footprint: Footprint) -> None:
        try:
            await self.look()
            await self._tread(footprint)
        except DevMeshError as error:
            _log.warning("the project could not be looked at: %s", error)

    async def _tread(self, footprint: Footprint) -> None:
        await to_its_end(lambda: footprint.tread(self._trail.paths()))

    # ---- judging ----

    async def _judge(self, heard: Sequence[Landed], ours: Callable[[str], bool]) -> None:
        """All that was seen of the paths that are ours to judge. `heard`: what had landed when the look began."""
        seen = await to_its_end(self._trail.seen)
        accounted = await to_its_end(self._trail.accounted)
        due = [one for one in heard if one.change > accounted.get(one.path, 0)]
        claimed = await to_its_end(self._trail.claim, [path for path in seen if ours(path)])
        for path, versions in claimed.items():
            await self._judge_one(path, versions, [one for one in due if one.path == path])
        for path in dict.fromkeys(one.path for one in due if one.path not in seen and ours(one.path)):
            now = await to_its_end(self._trail.content, path)
            await self._judge_one(path, (now,), [one for one in due if one.path == path])
        self._landed = [one for one in self._landed if one not in heard or (one in due and not ours(one.path))]

    async def _judge_one(self, path: str, versions: Versions, landed: Sequence[Landed]) -> None:
        for found in self._unaccounted(path, versions, landed):
            await self._report(found)
        number = max((one.change for one in landed), default=0)
        await to_its_end(self._trail.judged, path, versions, number)

    def _unaccounted(self, path: str, versions: Versions, landed: Sequence[Landed]) -> list[Found]:
        """What was neither landed nor granted. A landing that nobody saw was displaced before anybody looked."""
        unseen = [one.content for one in landed if one.content not in versions[1:] and one.content != versions[-1]]
        whole = (*versions[:-1], *unseen, versions[-1])
        contents = [one.content for one in landed]
        found = []
        for before, after in pairwise(whole):
            if after in contents:
                contents.remove(after)
            elif before != after and not self._is_own(path):
                suspected = path in self.named and not self._holds(path)
                found.append(Found(path, before, after, suspected))
        return found

    def _is_own(self, path: str) -> bool:
        """Whether the tool was granted to write it, and has not done so since."""
        if covered_by_any(self.free, path):
            return True
        for target, written in self._granted.items():
            if path not in written and covers(target, path):
                written.add(path)
                return True
        return False

    def _holds(self, path: str) -> bool:
        return covered_by_any(self._granted, path) or covered_by_any(self.free, path)


def _glance(footprint: Footprint) -> tuple[bool, float]:
    """Whether something was written, and the seconds of processor time that it took to see."""
    begun = time.thread_time()
    return footprint.changed(), time.thread_time() - begun
