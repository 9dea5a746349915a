"""One file of a change against the project as it is: it lands as offered, merges, is there already, or conflicts.

Knows one file at a time; which files land together is `tree`, where their links lead is `links`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from devmesh.coordinator.links import OURS
from devmesh.errors import BadTarget
from devmesh.repository import Repository, TreeEntry
from devmesh.repository.beneath import parts_of
from devmesh.repository.parallel import in_parallel
from devmesh.repository.reading import EXECUTABLE, PLAIN, Current, read_current
from devmesh.vocabulary.terms import Conflict, FileChange, PlannedWrite

MOST_MERGED = 8 * 1024 * 1024
"Bytes of a text that is still merged."
_REGULAR = {PLAIN, EXECUTABLE}


@dataclass(frozen=True, slots=True)
class Base:
    """What the change was made from and what of it may be merged."""

    before: Callable[[], Mapping[str, TreeEntry]]
    "Entries of the change's base commit: asked for only where a file's mode is not what the change says."
    mergeable: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Diverged:
    """A file that both the change and the project changed, to be merged."""

    path: str
    now: Current
    data: bytes
    mode: str
    before: str
    after: str


class Comparison:
    """Compares the files of changes with the project's, by content."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self.read: dict[str, Current] = {}
        "What the project was found to hold, by path."

    def judge_all(self, changes: Sequence[FileChange], base: Base) -> list[PlannedWrite | Conflict | None]:
        """For each change what to write, a conflict with its reason, or None where the project holds it already.

        Raises RepositoryError when a blob is missing or the disk cannot be read.
        """
        judged = [self._judge(change, base) for change in changes]
        diverged = [one for one in judged if isinstance(one, _Diverged)]
        held = self._repository.read_blobs(oid for one in diverged for oid in (one.before, one.after))
        merged = iter(in_parallel(lambda one: self._merge(one, held), diverged))
        return [next(merged) if isinstance(one, _Diverged) else one for one in judged]

    def judge(self, change: FileChange, base: Base) -> PlannedWrite | Conflict | None:
        """The same for one change."""
        return self.judge_all([change], base)[0]

    def _judge(self, change: FileChange, base: Base) -> PlannedWrite | Conflict | _Diverged | None:
        try:
            now = self._look(change.path)
        except BadTarget as wrong:
            return Conflict(path=change.path, reason=wrong.message[:500])
        if now.kind in {"directory", "special"}:
            return Conflict(path=change.path, reason=f"the project has a {_KINDS[now.kind]} there")
        mode = change.mode if now.mode in {change.mode, None} else _mode(change, base.before().get(change.path), now)
        if now.oid == change.after and (change.after is None or now.mode == mode):
            return None
        if now.oid == change.before:
            return PlannedWrite(path=change.path, expected=now.oid, after=change.after, mode=mode)
        reason = _unmergeable(change, now, mergeable=change.path in base.mergeable)
        if reason:
            return Conflict(path=change.path, reason=reason, current=self.keep(now))
        assert change.before and change.after and now.data is not None  # noqa: S101, PT018 - else it is unmergeable
        return _Diverged(change.path, now, now.data, mode, change.before, change.after)

    def _look(self, path: str) -> Current:
        if any(part.casefold().startswith(OURS) for part in parts_of(path)):
            raise BadTarget(f"{path!r} is the mesh's own")
        self.read[path] = read_current(self._repository.project, path)
        return self.read[path]

    def _merge(self, one: _Diverged, held: Mapping[str, bytes]) -> PlannedWrite | Conflict:
        before, after = held[one.before], held[one.after]
        if any(b"\0" in data for data in (before, one.data, after)):
            return Conflict(path=one.path, reason="both changed it, and it is not text", current=self.keep(one.now))
        if max(map(len, (before, one.data, after))) > MOST_MERGED:
            reason = "both changed it, and it is too large to merge"
            return Conflict(path=one.path, reason=reason, current=self.keep(one.now))
        merged = self._repository.merge_file(before, one.data, after, path=one.path)
        if merged.reason:
            reason = f"both changed it, and {merged.reason}"
            return Conflict(path=one.path, reason=reason[:500], current=self.keep(one.now))
        kept = self._repository.write_blob(merged.data)
        if merged.conflicts:
            reason = f"both changed the same lines, in {merged.conflicts} places"
            return Conflict(path=one.path, reason=reason, current=self.keep(one.now), marked=kept)
        return PlannedWrite(path=one.path, expected=one.now.oid, after=kept, mode=one.mode, merged=True)

    def keep(self, now: Current) -> str | None:
        """See to it that the private repository has what the project holds, and name it."""
        return next(iter(self.keep_all([now])), None)

    def keep_all(self, contents: Iterable[Current]) -> list[str]:
        """The same for many; those that hold nothing are left out."""
        return self._repository.write_blobs(now.data for now in contents if now.data is not None)


_KINDS = {"directory": "folder", "special": "pipe, socket or device"}


def _mode(change: FileChange, before: TreeEntry | None, now: Current) -> str:
    """The change's own mode where it changed it; else the project's, so that somebody else's `chmod` stays."""
    untouched = before is not None and before.mode == change.mode
    return now.mode if untouched and now.mode in _REGULAR and change.mode in _REGULAR and now.mode else change.mode


def _unmergeable(change: FileChange, now: Current, *, mergeable: bool) -> str:
    """Why three versions of a file cannot even be tried to be merged; empty when they can."""
    if now.oid is None:
        return "the change modifies it, and the project has deleted it"
    if change.after is None:
        return "the change deletes it, and the project has modified it"
    if change.before is None:
        return "both added it, with different content"
    if now.kind == "symlink" or change.mode not in _REGULAR:
        return "both changed it, and it is a symbolic link"
    if not mergeable:
        return "both changed it, and files like it are never merged"
    return ""


def impossible(changes: Sequence[FileChange]) -> Conflict | None:
    """A change that contradicts itself: a path named twice, or a file that is also a folder of another one."""
    named: set[str] = set()
    for change in changes:
        if change.path in named:
            return Conflict(path=change.path, reason="the change names it twice")
        named.add(change.path)
    written = {change.path for change in changes if change.after is not None}
    for change in changes:
        parts = change.path.split("/")
        above = {"/".join(parts[:depth]) for depth in range(1, len(parts))} & written
        if change.after is not None and above:
            return Conflict(path=change.path, reason="the change has a file where it needs a folder")
    return None
