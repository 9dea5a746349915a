"""The trail: every version of a file that was seen while tools work in the project, until somebody has judged it.

One per mesh, shared by its bridges through a file, so that each write is judged once. Knows neither locks nor tools.
"""

from __future__ import annotations

import fcntl
import itertools
import os
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import psutil

from devmesh.repository import Repository
from devmesh.repository.tree_lock import file_lock
from devmesh.vocabulary.terms import FileChange

Versions = tuple[str | None, ...]
"The contents a file was seen to have, oldest first; None: there was no such file."
NAME = "trail"
_SERIAL = itertools.count(1)


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


@dataclass(slots=True)
class Trail:
    """One reader of it, from `begin` to `end`. Blocking: every method belongs on a thread."""

    repository: Repository
    name: str = field(default_factory=lambda: f"{os.getpid()}.{next(_SERIAL)}")
    _watching: int | None = None

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
                self._write(self._fresh())
            else:
                self._look(pages)

    def end(self) -> None:
        """Take part no longer; what it had claimed is free again. Harmless to repeat."""
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
        commit = self.repository.snapshot()
        if commit != pages.commit:
            changes = self.repository.changes(pages.commit, commit)
            self._keep(oid for change in changes for oid in (change.before, change.after) if oid is not None)
            for change in changes:
                _append(pages, change)
            pages.commit = commit
            self._write(pages)
        return commit

    def _keep(self, oids: Iterable[str]) -> None:
        """Have a copy of our own: what the person's repository has, it may throw away."""
        missing = [oid for oid in oids if not self.repository.keeps(oid)]
        if missing:
            self.repository.write_blobs(self.repository.read_blobs(missing).values())

    def _fresh(self) -> _Pages:
        """What an earlier one left unjudged is kept, with what became of it, for whoever asks next."""
        old = self._read()
        pages = _Pages(self.repository.snapshot())
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


def _append(pages: _Pages, change: FileChange) -> None:
    """One more version; a change of its mode alone is none."""
    if change.before != change.after:
        pages.seen.setdefault(change.path, [change.before]).append(change.after)


def _dead(pages: _Pages, path: str) -> bool:
    """Whether who judges it has gone, without a word."""
    return not psutil.pid_exists(int(pages.judges[path].partition(".")[0]))
