"""Takes the project's content as it is now. Knows indexes and ignore rules; writes no file of the project."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from devmesh.errors import RepositoryError
from devmesh.repository.loose import keep
from devmesh.repository.objects import SUBMODULE, commit_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from devmesh.repository.borrowing import ProjectGit
    from devmesh.repository.git import Git

Seen = TypeVar("Seen")
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"git knows it without storing it."
GITLINK = int(SUBMODULE, 8).to_bytes(4, "big")
"A nested repository's mode, as it stands in every version of git's index; without these bytes there is none."
MESSAGE = "The project as it was\n"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The project's content at one moment."""

    commit: str
    tree: str
    left_out: tuple[str, ...] = ()
    "What exists and is not in it: nested git repositories (ending in `/`), unreadable files, pipes in a file's place."


@dataclass(frozen=True, slots=True)
class Scan:
    """One look at a work tree through an index of our own, which keeps the stat cache between looks."""

    git: Git
    "With GIT_DIR, GIT_WORK_TREE and GIT_INDEX_FILE set; runs in the work tree."
    index: Path

    def tree(self, wanted: Collection[str], include: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        """The tree of what is there now, and what had to be left out.

        `wanted` are tracked files to keep in spite of an ignore rule, `include` globs of ignored ones to take in.
        """
        self._break_stale_lock()
        unread = self._add_all()
        self._mend_ignored(set(wanted) | set(self._matching(include)))
        nested = self._drop_nested()
        return self.git.line("write-tree"), tuple(sorted({*unread, *nested}))

    def surely(self, look: Callable[[], Seen]) -> Seen:
        """What `look` finds; should it fail, what it finds with every file read afresh.

        The index may be torn, or trust an object that its owner threw away.
        """
        try:
            return look()
        except RepositoryError:
            self.index.unlink(missing_ok=True)
            return look()

    def blobs_unlike(self, head: str | None, prefix: str) -> list[str]:
        """The blobs of the index that are not, at the same path, in the commit `head` below `prefix`."""
        unlike = ("diff-index", "-z", "--cached", "--raw", "--no-renames", "--diff-filter=AMT")
        if head is not None:
            ran = self.git.try_run(*unlike, f"{head}:{prefix}")
            if ran.code == 0:
                return _new_blobs(ran.out)
        return _new_blobs(self.git.run(*unlike, EMPTY_TREE))

    def _add_all(self) -> list[str]:
        """Add every edit, addition and deletion; returns what could not be read, twice tried."""
        for _attempt in range(2):
            if self.git.try_run("add", "--all", "--ignore-errors", "--", ".").code == 0:
                return []
        changed = self.git.names("diff-files", "-z", "--name-only", "--ignore-submodules=all")
        fresh = self.git.names("ls-files", "-z", "--others", "--exclude-standard", "--directory")
        self._forget(changed)
        return [*changed, *fresh]

    def _matching(self, include: Sequence[str]) -> list[str]:
        globs = [f":(glob){pattern}" for pattern in include]
        options = ("--others", "--cached", "--ignored", "--exclude-standard")
        return self.git.names("ls-files", "-z", *options, "--", *globs) if globs else []

    def _mend_ignored(self, wanted: set[str]) -> None:
        """Make the ignored files of the index exactly those `wanted` that exist."""
        held = set(self.git.names("ls-files", "-z", "--cached", "--ignored", "--exclude-standard"))
        self._forget(sorted(held - wanted))
        missing = wanted - set(self.git.names("ls-files", "-z", "--cached")) if wanted else set()
        present = sorted(name for name in missing if os.path.lexists(self.git.folder / name))
        if present:
            options = ("--force", "--ignore-errors", "--pathspec-from-file=-", "--pathspec-file-nul")
            self.git.try_run("--literal-pathspecs", "add", *options, given=os.fsencode("\0".join(present)))

    def _drop_nested(self) -> list[str]:
        if not self._may_hold_nested():
            return []
        lines = self.git.names("ls-files", "-z", "--stage")
        nested = [line.split("\t", 1)[1] for line in lines if line.startswith(SUBMODULE)]
        self._forget(nested)
        return [f"{name}/" for name in nested]

    def _may_hold_nested(self) -> bool:
        """Surely not, if False. A thousandth of the time that git takes to list ten thousand files."""
        try:
            return GITLINK in self.index.read_bytes()
        except FileNotFoundError:
            return False
        except OSError:
            return True

    def _forget(self, names: Sequence[str]) -> None:
        if names:
            self.git.run("update-index", "-z", "--force-remove", "--stdin", given=os.fsencode("\0".join(names) + "\0"))

    def _break_stale_lock(self) -> None:
        """The caller excludes every other user of this index, so a lock file is a killed process's."""
        self.index.with_name(f"{self.index.name}.lock").unlink(missing_ok=True)


def _new_blobs(raw: bytes) -> list[str]:
    """The blobs that `diff-index --raw -z` names on its second side."""
    return [header.split()[3].decode() for header in raw.split(b"\0")[:-1:2]]


def take(scan: Scan, directory: Path, borrowed: ProjectGit | None, include: Sequence[str]) -> Snapshot:
    """A snapshot through `scan`, as a commit on top of the person's HEAD where they have one.

    `directory` is the repository that keeps its own copy of whatever is in it and in no commit of theirs.
    """
    wanted = borrowed.tracked_although_ignored() if borrowed else ()
    head = borrowed.head if borrowed else None

    def look() -> tuple[str, tuple[str, ...]]:
        seen = scan.tree(wanted, include)
        keep(scan.git, directory, scan.blobs_unlike(head, borrowed.prefix) if borrowed else ())
        return seen

    tree, left_out = scan.surely(look)
    commit = commit_tree(scan.git, tree, head, MESSAGE)
    return Snapshot(commit, tree, tuple(os.fsencode(name).decode(errors="backslashreplace") for name in left_out))


def index_name(index: str, include: Sequence[str]) -> str:
    """The file name of an index. Another set of included globs is another index, so that neither disturbs the other."""
    mark = hashlib.sha256("\0".join(include).encode()).hexdigest()[:8] if include else ""
    return f"index-{index}{'-' + mark if mark else ''}"
