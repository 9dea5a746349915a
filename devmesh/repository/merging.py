"""Three versions of one file become one, or a conflict with markers. Knows git's merge of texts; no project."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from devmesh.errors import RepositoryError
from devmesh.repository import notebooks
from devmesh.repository.git import TooSlow

if TYPE_CHECKING:
    from devmesh.repository.git import Git

PATIENCE = 3.0
"Seconds one merge may take: everybody else's changes wait for it."
SNIFFED = 8000
"A NUL in this many first bytes makes a file binary, as it does for git."
_FAILED = 128
"git merge-file says how many conflicts there are up to 127; more is an error."

Labels = tuple[str, str, str]
"What the conflict markers call the three versions: ours, the base, theirs."


@dataclass(frozen=True, slots=True)
class MergeResult:
    """A merged text. With `conflicts` above 0 it carries markers, or is ours untouched where it is binary."""

    data: bytes
    conflicts: int
    reason: str = ""
    "Why nothing could be merged, where nothing could."


def is_binary(data: bytes) -> bool:
    """Whether git, too, would take this for something other than text."""
    return b"\0" in data[:SNIFFED]


def merge_file(
    git: Git,
    versions: tuple[bytes, bytes, bytes],
    labels: Labels = ("project", "base", "change"),
) -> MergeResult:
    """Merge (base, ours, theirs): what only one side changed is taken, what both changed alike is taken once.

    Binary content is never merged: one conflict, and ours; nor is what takes longer than `PATIENCE`. Raises
    RepositoryError when git fails otherwise.
    """
    base, ours, theirs = versions
    if ours in (theirs, base):
        return MergeResult(theirs, 0)
    if theirs == base:
        return MergeResult(ours, 0)
    if any(map(is_binary, versions)):
        return MergeResult(ours, 1)
    with tempfile.TemporaryDirectory(prefix="devmesh-merge-") as folder:
        return _merged(git, Path(folder), versions, labels)


def merge_content(
    git: Git,
    path: str,
    versions: tuple[bytes, bytes, bytes],
    labels: Labels = ("project", "base", "change"),
) -> MergeResult:
    """The same for the file of this name: a notebook is merged cell by cell, everything else as text.

    What calls itself a notebook and has no ids is one conflict, and ours: lines of JSON are no text to merge.
    """
    base, ours, theirs = versions
    if not path.endswith(notebooks.ENDING) or ours in (theirs, base) or theirs == base:
        return merge_file(git, versions, labels)

    def merge_text(*sources: bytes) -> tuple[bytes, int]:
        merged = merge_file(git, sources, labels)  # type: ignore[arg-type]  # three, as TextMerge says
        return merged.data, merged.conflicts

    try:
        return MergeResult(*notebooks.merge_notebooks(versions, merge_text, labels))
    except notebooks.NotMergeable as error:
        return MergeResult(ours, 1, error.message)


def _merged(git: Git, folder: Path, versions: tuple[bytes, bytes, bytes], labels: Labels) -> MergeResult:
    names = [folder / name for name in ("base", "ours", "theirs")]
    for name, data in zip(names, versions, strict=True):
        name.write_bytes(data)
    ours_label, base_label, theirs_label = labels
    marks = [part for label in (ours_label, base_label, theirs_label) for part in ("-L", label)]
    files = [str(names[1]), str(names[0]), str(names[2])]
    try:
        ran = replace(git, folder=folder, time_limit=PATIENCE).try_run("merge-file", "-p", "--diff3", *marks, *files)
    except TooSlow:
        return MergeResult(versions[1], 1, f"the two take longer than {PATIENCE:g} s to merge")
    if ran.code < 0 or ran.code >= _FAILED:
        if "binary" in ran.err.lower():
            return MergeResult(versions[1], 1)
        msg = f"git merge-file failed ({ran.code}): {ran.err}"
        raise RepositoryError(msg)
    return MergeResult(ran.out, ran.code)
