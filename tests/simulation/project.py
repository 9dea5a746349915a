"""A simulated project and its write gate: files are sets of hunks, merging is union, a region shared is a conflict.

Every hunk ever landed or typed by the person must stay: that is what "no lost update" means here. What was exchanged
and not synced may be lost in a power cut, file by file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from random import Random

from devmesh.core.effects import ApplyChange, PrepareChange
from devmesh.core.events import Applied, Prepared
from devmesh.vocabulary.facts import ChangeApplied
from devmesh.vocabulary.terms import Conflict, FileChange, FileKind, PlannedWrite

Content = frozenset[str]


def name_of(content: Content) -> str:
    """The content's name, as git would have it: equal contents, equal names."""
    return hashlib.sha1("\n".join(sorted(content)).encode(), usedforsecurity=False).hexdigest()


class Project:
    """The person's files, and the objects every content ever had."""

    def __init__(self, random: Random, paths: list[str]) -> None:
        self.random = random
        self.paths = paths
        self.files: dict[str, Content] = {path: frozenset({f"{path}:origin"}) for path in paths}
        self.on_disk = dict(self.files)
        "What a power cut leaves."
        self.objects: dict[str, Content] = {name_of(c): c for c in self.files.values()}
        self.must_stay: dict[str, set[str]] = {path: set(content) for path, content in self.files.items()}
        self.edits = 0

    def keep(self, content: Content) -> str:
        """Store a content under its name."""
        self.objects[name_of(content)] = content
        return name_of(content)

    def edit_as_person(self) -> None:
        """The person types a line into some file and saves it, whatever the agents are doing."""
        path = self.random.choice(self.paths)
        self.edits += 1
        hunk = f"person-{self.edits}"
        self.files[path] |= {hunk}
        self.must_stay[path] |= self.files[path]
        self.on_disk[path] = self.files[path]

    def difference(self, seen: dict[str, Content], path: str, hunk: str) -> FileChange:
        """What an agent makes of a file it saw: one more hunk."""
        return FileChange(
            path=path,
            kind=FileKind.MODIFIED,
            before=self.keep(seen[path]),
            after=self.keep(seen[path] | {hunk}),
        )

    def prepare(self, effect: PrepareChange) -> Prepared:
        """Compare with the present content; merge where it moved on; now and then two hunks are of one region."""
        plan: list[PlannedWrite] = []
        conflicts: list[Conflict] = []
        for file in effect.files:
            now = self.keep(self.files[file.path])
            before, after = self.objects[file.before or ""], self.objects[file.after or ""]
            if now == file.after:
                continue
            if now == file.before:
                plan.append(PlannedWrite(path=file.path, expected=now, after=file.after))
            elif file.path not in effect.mergeable or self.random.random() < 0.2:
                conflicts.append(Conflict(path=file.path, reason="both changed it"))
            else:
                merged = self.keep(self.files[file.path] | (after - before))
                plan.append(PlannedWrite(path=file.path, expected=now, after=merged, merged=True))
        if conflicts:
            return Prepared(change=effect.change, conflicts=tuple(conflicts), current="c" * 40)
        return Prepared(change=effect.change, plan=tuple(plan), current="c" * 40)

    def landing(self, effect: ApplyChange, *, resumed: bool = False) -> Generator[str, None, Applied]:
        """Exchange all files or none, as `devmesh.coordinator.landing` does, and stop wherever that has a failpoint.

        `resumed`: an earlier process may have begun; what it exchanged counts, or is taken back.
        """
        yield "staged"
        ready = [write for write in effect.plan if self._is(write.path, write.after)]
        waiting = [write for write in effect.plan if write not in ready]
        moved = [write.path for write in waiting if not self._is(write.path, write.expected)]
        if not moved:
            moved = yield from self._exchange(waiting, found=ready if resumed else [])
        if moved and resumed:
            self._undo(ready)
        yield "exchanged"
        return Applied(change=effect.change, moved=tuple(moved))

    def _exchange(self, writes: list[PlannedWrite], *, found: list[PlannedWrite]) -> Generator[str, None, list[str]]:
        """One after the other, until one was changed by somebody; then those before it are taken back.

        What a killed process had exchanged is `found`, and synced with the others: nobody knows that it was.
        """
        done: list[PlannedWrite] = []
        for write in writes:
            if not self._is(write.path, write.expected):
                while done:
                    self._undo([done.pop()])
                    yield "restored one"
                return [write.path]
            self._put(write.path, write.after)
            done.append(write)
            yield "exchanged one"
        self.sync_exchanged([write.path for write in [*found, *done]])
        return []

    def _undo(self, writes: list[PlannedWrite]) -> None:
        """Put back what was there, unless somebody has written since: then theirs stays."""
        for write in writes:
            if self._is(write.path, write.after):
                self._put(write.path, write.expected)
        self.sync_exchanged([write.path for write in writes])

    def _is(self, path: str, name: str | None) -> bool:
        return name_of(self.files[path]) == name

    def _put(self, path: str, name: str | None) -> None:
        """Everybody sees it at once; the disk itself has it when it is synced."""
        self.files[path] = self.objects[name or ""]

    def sync_exchanged(self, paths: list[str]) -> None:
        """From here on a power cut leaves these as they are."""
        for path in paths:
            self.on_disk[path] = self.files[path]

    def power_cut(self, chance: Random) -> None:
        """Of every file that was exchanged and not synced, either content may be there afterwards."""
        for path, kept in self.on_disk.items():
            if kept != self.files[path] and chance.random() < 0.5:
                self.files[path] = kept
        self.on_disk = dict(self.files)

    def landed(self, fact: ChangeApplied) -> None:
        """It is on record that these were landed: from here on they must stay."""
        for path, name in zip(fact.files, fact.contents, strict=False):
            self.must_stay[path] |= self.objects[name or ""]

    def unexplained(self, plan: tuple[PlannedWrite, ...] = ()) -> list[str]:
        """Hunks that neither the person typed nor any change landed, nor this plan, which may be half done."""
        half = {write.path: self.objects[write.after or ""] for write in plan}
        return [
            f"{path} has {sorted(odd)}, which nothing on record explains"
            for path, content in self.files.items()
            if (odd := content - self.must_stay[path] - half.get(path, frozenset()))
        ]

    def lost(self) -> list[str]:
        """Hunks that were there and are not any more."""
        return [
            f"{path} lost {sorted(hunks - self.files[path])}"
            for path, hunks in self.must_stay.items()
            if not hunks <= self.files[path]
        ]
