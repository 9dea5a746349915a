"""Blobs, trees and the difference of two commits, in Python's own types. Knows git's formats; no work tree."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devmesh.errors import RepositoryError
from devmesh.repository.batches import kinds_in_batch, read_batch
from devmesh.repository.loose import kind_of_loose, read_loose
from devmesh.repository.reading import SYMLINK
from devmesh.vocabulary.terms import FileChange, FileKind, PlannedWrite

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from devmesh.repository.git import Git

SUBMODULE = "160000"
"The mode of a nested repository's entry. It names a commit of another repository and carries no content."
_OBJECT_ID = re.compile(r"[0-9a-f]{40}")
_ABSENT = "0" * 40
_PATHS_AT_ONCE = 400
_KINDS = {"A": FileKind.ADDED, "D": FileKind.DELETED, "M": FileKind.MODIFIED, "T": FileKind.MODIFIED}


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One file of a commit."""

    mode: str
    oid: str


@dataclass(frozen=True, slots=True)
class LineCount:
    """Lines added and removed in one file; None for both where it is binary."""

    path: str
    added: int | None
    removed: int | None


def checked(oid: str) -> str:
    """`oid` itself. Raises RepositoryError unless it is 40 lower-case hex digits, so that no name is ever an option."""
    if not _OBJECT_ID.fullmatch(oid):
        msg = f"not an object id: {oid[:60]!r}"
        raise RepositoryError(msg, field="oid")
    return oid


def read_blobs(git: Git, directory: Path, oids: Iterable[str]) -> dict[str, bytes]:
    """The contents of blobs, byte for byte, by name. Raises RepositoryError when there is no such blob."""
    own = {oid: read_loose(directory, checked(oid)) for oid in oids}
    borrowed = read_batch(git, [oid for oid, data in own.items() if data is None])
    return {oid: borrowed[oid] if data is None else data for oid, data in own.items()}


def kinds(git: Git, directory: Path, oids: Iterable[str]) -> dict[str, str | None]:
    """What every object named is: `blob`, `commit`, ..., or None where there is none."""
    own = {oid: kind_of_loose(directory, checked(oid)) for oid in oids}
    return own | kinds_in_batch(git, [oid for oid, kind in own.items() if kind is None])


def readable(name: str) -> str:
    """`name` itself. Raises RepositoryError when it is not UTF-8, because it could not be said to anybody."""
    try:
        name.encode()
    except UnicodeEncodeError:
        shown = os.fsencode(name).decode(errors="backslashreplace")
        msg = f"the name of this file is not UTF-8: {shown}"
        raise RepositoryError(msg, hint="Rename it; the mesh does not carry such names.") from None
    return name


def changes(git: Git, before: str, after: str) -> tuple[FileChange, ...]:
    """What became of every file between two commits, by path. A rename is a deletion and an addition."""
    return tuple(
        change for header, path in _differing(git, before, after) if (change := _change(header, path)) is not None
    )


def _differing(git: Git, before: str, after: str) -> Iterator[tuple[str, str]]:
    """What git says of every path that differs, and the path; a rename is a deletion and an addition."""
    raw = git.names("diff-tree", "-r", "-z", "--no-renames", "--raw", "--full-index", checked(before), checked(after))
    return zip(raw[::2], raw[1::2], strict=True)


def _change(header: str, path: str) -> FileChange | None:
    old_mode, new_mode, old, new, status = header.removeprefix(":").split()
    kind = _KINDS[status[0]]
    mode = old_mode if kind is FileKind.DELETED else new_mode
    if SUBMODULE in (old_mode, new_mode):
        return None
    return FileChange(
        path=readable(path),
        kind=kind,
        before=None if old == _ABSENT else old,
        after=None if new == _ABSENT else new,
        mode=mode,
    )


def diff(git: Git, before: str, after: str, paths: Sequence[str] = ()) -> str:
    """A unified diff for people. Bytes that are no UTF-8 show as the replacement character; binaries as one line."""
    options = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--src-prefix=a/", "--dst-prefix=b/")
    out = git.run("--literal-pathspecs", "diff", *options, checked(before), checked(after), "--", *paths)
    return out.decode(errors="replace")


def numstat(git: Git, before: str, after: str) -> tuple[LineCount, ...]:
    """How many lines every changed file gained and lost."""
    names = git.names("diff-tree", "-r", "-z", "--no-renames", "--numstat", checked(before), checked(after))
    return tuple(_line_count(*name.split("\t", 2)) for name in names)


def _line_count(added: str, removed: str, path: str) -> LineCount:
    binary = added == "-"
    return LineCount(path, None if binary else int(added), None if binary else int(removed))


def tree_entries(git: Git, commit: str, paths: Sequence[str] | None = None) -> dict[str, TreeEntry]:
    """Mode and blob of the files named, of all files for None. A path the commit does not have is left out."""
    found: dict[str, TreeEntry] = {}
    wanted = None if paths is None else set(paths)
    groups = [()] if paths is None else [paths[i : i + _PATHS_AT_ONCE] for i in range(0, len(paths), _PATHS_AT_ONCE)]
    for group in groups:
        lines = git.names("--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", checked(commit), "--", *group)
        found.update(entry for entry in map(_entry, lines) if wanted is None or entry[0] in wanted)
    return found


def _entry(line: str) -> tuple[str, TreeEntry]:
    described, path = line.split("\t", 1)
    mode, _type, oid = described.split()
    return path, TreeEntry(mode, oid)


def links(git: Git, commit: str) -> dict[str, str]:
    """The blob of every symbolic link of a commit, by path."""
    out = git.run("ls-tree", "-r", "-z", "--full-tree", checked(commit))
    lines = (os.fsdecode(line) for line in out.split(b"\0") if line.startswith(SYMLINK.encode()))
    return {path: entry.oid for path, entry in map(_entry, lines)}


def links_changed(git: Git, before: str, after: str) -> dict[str, str | None]:
    """Symbolic links that came, changed or went between two commits: the blob now, None where there is no link."""
    split = ((header.removeprefix(":").split(), path) for header, path in _differing(git, before, after))
    return {path: new if mode == SYMLINK else None for (old, mode, _, new, _), path in split if SYMLINK in (old, mode)}


def commit_tree(git: Git, tree: str, parent: str | None, message: str) -> str:
    """A commit with a fixed author and date: the same tree, parent and message are always the same commit."""
    parents = () if parent is None else ("-p", checked(parent))
    return git.line("commit-tree", checked(tree), *parents, "-F", "-", given=message.encode(errors="replace"))


def index_lines(writes: Iterable[PlannedWrite]) -> bytes:
    """What `git update-index --index-info -z` reads to apply these writes; removals first, for folders become files."""
    ordered = sorted(writes, key=lambda write: write.after is not None)
    lines = (f"{'0' if w.after is None else w.mode} {checked(w.after or _ABSENT)}\t{w.path}\0" for w in ordered)
    return "".join(lines).encode()
