"""A simulated project and its write gate: files are sets of hunks, merging is union, a region shared is a conflict.

Every hunk ever landed or typed by the person must stay: that is what "no lost update" means here.
"""

from __future__ import annotations

import hashlib
from random import Random

from devmesh.core.effects import ApplyChange, PrepareChange
from devmesh.core.events import Applied, Prepared
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
        self.objects: dict[str, Content] = {name_of(c): c for c in self.files.values()}
        self.must_stay: dict[str, set[str]] = {path: set(content) for path, content in self.files.items()}
        self.edits = 0

    def keep(self, content: Content) -> str:
        """Store a content under its name."""
        self.objects[name_of(content)] = content
        return name_of(content)

    def edit_as_person(self) -> None:
        """The person types a line into some file, whatever the agents are doing."""
        path = self.random.choice(self.paths)
        self.edits += 1
        hunk = f"person-{self.edits}"
        self.files[path] |= {hunk}
        self.must_stay[path].add(hunk)

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
            now = name_of(self.files[file.path])
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

    def apply(self, effect: ApplyChange) -> Applied:
        """Exchange all files or none. Doing it again after a crash is harmless."""
        moved = [
            write.path
            for write in effect.plan
            if name_of(self.files[write.path]) not in (write.expected, write.after)
            and not self.objects[write.after or ""] <= self.files[write.path]
        ]
        if moved:
            return Applied(change=effect.change, moved=tuple(moved))
        for write in effect.plan:
            if name_of(self.files[write.path]) == write.expected:
                self.files[write.path] = self.objects[write.after or ""]
            self.must_stay[write.path] |= self.objects[write.after or ""]
        return Applied(change=effect.change)

    def lost(self) -> list[str]:
        """Hunks that were there and are not any more."""
        return [
            f"{path} lost {sorted(hunks - self.files[path])}"
            for path, hunks in self.must_stay.items()
            if not hunks <= self.files[path]
        ]
