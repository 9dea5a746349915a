"""The trail: every version of a file that was seen while tools work in the project, until somebody has judged it.

One per mesh, shared by its bridges through a file, so that each write is judged once. Knows neither locks nor tools.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from itertools import count, pairwise
from pathlib import Path

import msgspec
import psutil

from devmesh.bridge.guarding.between import telling, used_up
from devmesh.bridge.guarding.witness import Sight, Sights, Witness, written_down
from devmesh.repository import Repository, blob_id
from devmesh.repository.tree_lock import file_lock

Versions = tuple[str | None, ...]
"The contents a file was seen to have, oldest first; None: there was no such file."
NAME = "trail"
SIGHTS = "sights"
_SERIAL = count(1)


class _Pages(msgspec.Struct):
    """What the file holds."""

    commit: str
    "The project as it was last seen."
    seen: dict[str, list[str | None]] = msgspec.field(default_factory=dict)
    "Where more than one version was seen since the last judgement."
    judges: dict[str, str] = msgspec.field(default_factory=dict)
    "Who judges a path this moment."
    landed: dict[str, int] = msgspec.field(default_factory=dict)
    "The last change of the gate that was accounted for, by path."
    looked: float = 0.0
    "When it was last seen, in seconds of CLOCK_MONOTONIC: what a witness saw until then is in here."
    until: dict[str, float] = msgspec.field(default_factory=dict)
    "The same for files that were written while one looked."


@dataclass(slots=True)
class Trail:
    """One reader of it, from `begin` to `end`. Blocking: every method belongs on a thread."""

    repository: Repository
    name: str = field(default_factory=lambda: f"{os.getpid()}.{next(_SERIAL)}")
    witness: Witness = field(init=False)
    "Sees what is gone before anybody looks."
    _watching: int | None = None

    def __post_init__(self) -> None:
        self.witness = self._fresh_witness()

    def begin(self) -> None:
        """Take part. Who is alone begins with the project as it is: what was done to it before is nobody's matter."""
        with self._guarded():
            self._watching = os.open(self._file("watch"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            alone = True
            try:
                fcntl.flock(self._watching, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                alone = False
            fcntl.flock(self._watching, fcntl.LOCK_SH)  # until this process closes it, killed or not
            pages = None if alone else self._read()
            if pages is None:
                for killed in self.repository.home.glob(f"{NAME}.*.{SIGHTS}"):
                    killed.unlink(missing_ok=True)
                self._write(self._fresh())
            else:
                self._look(pages)
            self.witness = self._fresh_witness()
            self.witness.begin()
            self.witness.follow(self.paths())
            if pages is None and (begun := self._read()) is not None:
                self._look(begun)  # from here on the witness was there

    def end(self) -> None:
        """Take part no longer; what it had claimed is free again. Harmless to repeat."""
        self.witness.end()
        if self._watching is not None:
            with self._guarded():
                if (pages := self._read()) is not None and self.name in pages.judges.values():
                    pages.judges = {path: name for path, name in pages.judges.items() if name != self.name}
                    self._write(pages)
            os.close(self._watching)
            self._watching = None

    def look(self) -> str:
        """See the project as it is now, and keep every version that is new; returns its commit."""
        with self._guarded():
            return self._look(self._read() or self._fresh())

    def seen(self) -> dict[str, Versions]:
        """What nobody has judged yet, and nobody else judges now."""
        pages = self._read()
        if pages is None:
            return {}
        free = {path for path in pages.seen if pages.judges.get(path, self.name) == self.name or _dead(pages, path)}
        return {path: tuple(pages.seen[path]) for path in free}

    def claim(self, paths: Iterable[str]) -> dict[str, Versions]:
        """Be the one who judges these; returns those that were free, with what was seen of them."""
        with self._guarded():
            free = self.seen()
            claimed = {path: free[path] for path in paths if path in free}
            if claimed and (pages := self._read()) is not None:
                pages.judges.update(dict.fromkeys(claimed, self.name))
                self._write(pages)
            return claimed

    def judged(self, path: str, versions: Versions, landed: int = 0) -> None:
        """These versions are accounted for; what was seen since then is not."""
        with self._guarded():
            pages = self._read() or self._fresh()
            pages.judges.pop(path, None)
            later = pages.seen.pop(path, [])[max(len(versions) - 1, 0) :]
            if len(later) > 1:
                pages.seen[path] = later
            if landed:
                pages.landed[path] = max(landed, pages.landed.get(path, 0))
            self._write(pages)

    def accounted(self) -> Mapping[str, int]:
        """The last change of the gate that was accounted for, by path."""
        pages = self._read()
        return pages.landed if pages is not None else {}

    def content(self, path: str) -> str | None:
        """What it was last seen to be."""
        pages = self._read()
        return None if pages is None else self._content(pages.commit, path)

    def paths(self) -> list[str]:
        """Every file that was there when the project was last seen."""
        pages = self._read()
        return [] if pages is None else list(self.repository.tree_entries(pages.commit))

    # ---- the file ----

    def _content(self, commit: str, path: str) -> str | None:
        entry = self.repository.tree_entries(commit, [path]).get(path)
        return None if entry is None else entry.oid

    def _look(self, pages: _Pages) -> str:
        begun = time.monotonic()
        commit = self.repository.snapshot()
        sighted = self._sighted(pages.looked)
        ended = time.monotonic()
        until = {}
        found = self._found(pages, commit, sighted)
        for path, (before, after) in found.items():
            sights = [one for one in sighted.get(path, ()) if one.at > pages.until.get(path, pages.looked)]
            between: list[str | None] = []
            if sights:
                new = self._text(after, sights)
                passed, until[path] = used_up(sights, new, begun, ended)
                if any(one.content != new for one in passed):
                    between = [self._written(one) for one in telling(self._text(before), passed, new)]
            _append(pages, path, [before, *between, after])
        pages.commit, pages.looked = commit, ended
        pages.until = {path: at for path, at in until.items() if at < ended}
        self._write(pages)
        self.witness.forget(begun)
        return commit

    def _sighted(self, looked: float) -> Sights:
        """What our witness has seen; or another's, which was there already when somebody last looked."""
        seen = self.witness.sights()
        if self.witness.since <= looked:
            return seen
        others = map(written_down, self.repository.home.glob(f"{NAME}.*.{SIGHTS}"))
        return next((theirs for since, theirs in others if since <= looked), seen)

    def _found(self, pages: _Pages, commit: str, sighted: Iterable[str]) -> dict[str, tuple[str | None, str | None]]:
        """What each file was, and is, that was written since the last look; it may be what it was again."""
        changes = self.repository.changes(pages.commit, commit) if commit != pages.commit else ()
        self.witness.follow(change.path for change in changes if change.after is not None)
        found = {change.path: (change.before, change.after) for change in changes}
        self._keep(oid for versions in found.values() for oid in versions if oid is not None)
        if others := [path for path in sighted if path not in found]:
            entries = self.repository.tree_entries(commit, others)
            found |= {path: (one.oid, one.oid) for path, one in entries.items()}
        return found

    def _keep(self, oids: Iterable[str]) -> None:
        """Have a copy of our own: what the person's repository has, it may throw away."""
        missing = [oid for oid in oids if not self.repository.keeps(oid)]
        if missing:
            self.repository.write_blobs(self.repository.read_blobs(missing).values())

    def _written(self, text: bytes | None) -> str | None:
        return None if text is None else self.repository.write_blob(text)

    def _text(self, oid: str | None, sights: Sequence[Sight] = ()) -> bytes | None:
        if oid is None:
            return None
        read = (one.content for one in sights if one.content is not None and blob_id(one.content) == oid)
        return next(read, None) or self.repository.read_blob(oid)

    def _fresh_witness(self) -> Witness:
        return Witness(self.repository.project, self._file(f"{self.name}.{SIGHTS}"))

    def _fresh(self) -> _Pages:
        """What an earlier one left unjudged is kept, with what became of it, for whoever asks next."""
        old = self._read()
        pages = _Pages(self.repository.snapshot(), looked=time.monotonic())
        if old is not None:
            pages.seen, pages.landed = old.seen, old.landed
            for path, versions in pages.seen.items():
                if (now := self._content(pages.commit, path)) != versions[-1]:
                    versions.append(now)
        return pages

    def _guarded(self) -> AbstractContextManager[None]:
        return file_lock(self._file("guard"), exclusive=True)

    def _file(self, what: str) -> Path:
        return self.repository.home / f"{NAME}.{what}"

    def _read(self) -> _Pages | None:
        with suppress(FileNotFoundError, msgspec.DecodeError):
            return msgspec.json.decode(self._file("json").read_bytes(), type=_Pages)
        return None

    def _write(self, pages: _Pages) -> None:
        fresh = self._file("new")
        fresh.write_bytes(msgspec.json.encode(pages))
        fresh.replace(self._file("json"))


def _append(pages: _Pages, path: str, versions: Sequence[str | None]) -> None:
    """What it was, one version after the other, and is; a change of its mode alone is none."""
    seen = pages.seen.get(path) or [versions[0]]
    seen += [after for before, after in pairwise(versions) if before != after]
    if len(seen) > 1:
        pages.seen[path] = seen


def _dead(pages: _Pages, path: str) -> bool:
    """Whether who judges it has gone, without a word."""
    return not psutil.pid_exists(int(pages.judges[path].partition(".")[0]))
