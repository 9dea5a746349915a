"""The watch over the project while a tool works in it: whose each version is that was seen, as far as that can be told.

Judges by locks, by what the gate landed, and by what the tool was granted; reports the rest. Runs no tool.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from devmesh.bridge.covering import covered_by_any, covers, exactly
from devmesh.bridge.guarding.looking import Looking
from devmesh.bridge.guarding.trail import Trail, Versions
from devmesh.bridge.workspace import to_its_end
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import ChangeApplied

MOST = 20_000
"Files landed through the gate that are remembered, the latest."


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
    displaced: str | None


class Landings:
    """What the gate landed, as far as this bridge was told; from its joining on, whether a tool is at work or not."""

    def __init__(self) -> None:
        self._told: deque[Landed] = deque(maxlen=MOST)

    def heard(self, recorded: Recorded) -> None:
        """It is nobody's unlocked write, and a version that may be overwritten before it is seen."""
        if isinstance(recorded.fact, ChangeApplied):
            applied = recorded.fact
            landed = zip(applied.files, applied.contents, applied.displaced, strict=False)
            self._told.extend(Landed(applied.change, *one) for one in landed)

    def since(self, accounted: Mapping[str, int]) -> tuple[Landed, ...]:
        """Those that are not accounted for, by path, in the order in which they landed."""
        return tuple(one for one in self._told if one.change > accounted.get(one.path, 0))


Elsewhere = Callable[[bool], Awaitable[Collection[str]]]
"Targets that others hold for writing; with True, only those whose holders watch over them as we do."
Reporting = Callable[[Found], Awaitable[None]]


class Watch:
    """One attempt's part in the watch. Every write is judged once, by one of those who watch."""

    def __init__(self, trail: Trail, landings: Landings, elsewhere: Elsewhere, report: Reporting) -> None:
        self.free: frozenset[str] = frozenset()
        "Targets under which the tool writes without asking, for it cannot ask."
        self.named: set[str] = set()
        "Files the tool said it would write, in this turn."
        self._trail = trail
        self._landings = landings
        self._elsewhere = elsewhere
        self._report = report
        self._granted: dict[str, dict[str, Found | None]] = {}
        "Each target a wish was granted for, and what was written under it since: once is what was asked for."
        self._known: dict[str, str | None] = {}
        "What the tool can have read, by path; else what was there when it began."
        self._begun = ""
        self._judging = asyncio.Lock()
        self._looking = Looking(trail, self.look)

    # ---- what is allowed ----

    async def granting(self, paths: Sequence[str]) -> str:
        """Keep what is there, then account the next version of each to the tool.

        Returns one that somebody else has written since the tool can have read it, and then nothing is granted: what it
        would write may lack that. It is asked about once. Raises DevMeshError when nothing can be kept.
        """
        targets = tuple(map(exactly, paths))
        async with self._judging:
            due = self._landings.since(await to_its_end(self._trail.accounted))
            commit = await to_its_end(self._trail.look)
            self._begun = self._begun or commit
            seen = await to_its_end(self._trail.seen)
            await self._judge(due, seen, lambda path: covered_by_any(targets, path))
            if news := await to_its_end(self._unread, paths, commit):
                return news
            self._granted.update({target: {} for target in targets})
            self._looking.expect(paths)
        return ""

    def _unread(self, paths: Sequence[str], commit: str) -> str:
        """The first of the files that is not as the tool knows it; from now on it knows them all."""
        entries = self._trail.repository.tree_entries
        began, now = ({path: one.oid for path, one in entries(at, paths).items()} for at in (self._begun, commit))
        unread = [path for path in paths if self._known.get(path, began.get(path)) != now.get(path)]
        self._known.update({path: now.get(path) for path in paths})
        return next(iter(unread), "")

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
            due = self._landings.since(await to_its_end(self._trail.accounted))
            commit = await to_its_end(self._trail.look)
            self._begun = self._begun or commit
            seen = await to_its_end(self._trail.seen)
            if due or seen:
                elsewhere = await self._elsewhere(last)
                await self._judge(due, seen, lambda path: not covered_by_any(elsewhere, path))
            return commit

    async def keep_looking(self) -> None:
        """Look whenever something was written, until cancelled."""
        await self._looking.keep()

    # ---- judging ----

    async def _judge(self, heard: Sequence[Landed], seen: Mapping[str, Versions], ours: Callable[[str], bool]) -> None:
        """What was `seen` of the paths that are ours to judge. `heard`: what had landed when the look began."""
        accounted = await to_its_end(self._trail.accounted)
        told = self._landings.since(accounted)
        due = [one for one in told if one in heard]
        claimed = await to_its_end(self._trail.claim, [path for path in seen if ours(path)])
        for path, now in claimed.items():
            versions = now[: len(seen[path])]
            if versions != seen[path]:  # another was faster; what has come since is for the next look
                await to_its_end(self._trail.judged, path, versions[:1])
                continue
            # also what was told while we looked: it may be what was seen
            landed = [one for one in told if one.path == path and (one in due or one.content in versions[1:])]
            await self._judge_one(path, versions, landed)
        await self._judge_unseen([one for one in due if one.path not in seen and ours(one.path)])

    async def _judge_unseen(self, due: Sequence[Landed]) -> None:
        """What landed and made no difference that anybody saw: it is there, or was undone meanwhile."""
        for path in dict.fromkeys(one.path for one in due):
            now = await to_its_end(self._trail.content, path)
            await self._judge_one(path, (now,), [one for one in due if one.path == path])

    async def _judge_one(self, path: str, versions: Versions, landed: Sequence[Landed]) -> None:
        for found in await to_its_end(self._unaccounted, path, versions, landed):
            await self._report(found)
        number = max((one.change for one in landed), default=0)
        await to_its_end(self._trail.judged, path, versions, number)

    def _unaccounted(self, path: str, versions: Versions, landed: Sequence[Landed]) -> list[Found]:
        """What was neither landed nor granted. What a landing displaced, or made, may have come and gone unseen."""
        landings = {(one.displaced, one.content) for one in landed}
        found: list[Found] = []
        for before, after in pairwise(_whole(versions, landed)):
            if before == after or (before, after) in landings:
                continue
            if self._is_own(path, before, after):
                self._known[path] = after
            else:
                found += self._doubtful(path)
                found.append(Found(path, before, after, path in self.named and not self._holds(path)))
        return found

    def _is_own(self, path: str, before: str | None, after: str | None) -> bool:
        """Whether the tool was granted to write it, and has not done so since."""
        if covered_by_any(self.free, path):
            return True
        for target, written in self._granted.items():
            if path not in written and covers(target, path):
                written[path] = Found(path, before, after, suspected=False)
                return True
        return False

    def _doubtful(self, path: str) -> Iterator[Found]:
        """What was taken for the tool's own, now that there was one write more: it may have been either."""
        for target, written in self._granted.items():
            taken = written.get(path)
            if taken is not None and covers(target, path):
                written[path] = None
                if self._takes_away(taken):
                    yield taken

    def _takes_away(self, found: Found) -> bool:
        """Whether a line is gone with it: only then there is something to be had back."""
        if found.before is None:
            return False
        texts = self._trail.repository.read_blobs(oid for oid in (found.before, found.after) if oid is not None)
        after = set(texts[found.after].splitlines()) if found.after is not None else set()
        return not set(texts[found.before].splitlines()) <= after

    def _holds(self, path: str) -> bool:
        return covered_by_any(self._granted, path) or covered_by_any(self.free, path)


def _whole(versions: Versions, landed: Sequence[Landed]) -> list[str | None]:
    """What was seen, with each landing's two versions where they belong: at the end, but for the last, if unseen."""
    whole = list(versions)
    for one in landed:
        place = whole.index(one.content) if one.content in whole else len(whole) - 1
        if one.content not in whole:
            whole.insert(place, one.content)
        if place == 0 or whole[place - 1] != one.displaced:
            whole.insert(place, one.displaced)
    return whole
