"""Workspaces: work trees of the private repository, and what became of them. Knows no agent and no task."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from devmesh.errors import RepositoryError
from devmesh.repository.loose import keep
from devmesh.repository.objects import changes, checked, commit_tree, tree_entries
from devmesh.repository.snapshots import Scan
from devmesh.repository.tree_lock import file_lock

if TYPE_CHECKING:
    from devmesh.repository.git import Git

OWN_INDEX = "devmesh-index"
"Kept beside the work tree's own index: the tool's staging, stashes and running commands never disturb ours."


def administration(directory: Path) -> dict[Path, Path]:
    """Every work tree the repository knows of, with the folder git keeps about it."""
    known: dict[Path, Path] = {}
    for file in sorted((directory / "worktrees").glob("*/gitdir")):
        pointer = os.fsdecode(file.read_bytes()).rstrip("\n")
        known[Path(pointer).parent] = file.parent
    return known


def add(git: Git, directory: Path, path: Path, commit: str) -> None:
    """Check `commit` out at `path`, detached. Raises RepositoryError when something is there already."""
    path = path.absolute().parent.resolve() / path.name
    path.parent.mkdir(parents=True, exist_ok=True)
    with file_lock(directory / "worktrees.lock", exclusive=True):
        if path in administration(directory) and not path.exists():
            git.run("worktree", "prune", "--expire=now")
        git.run("-c", "checkout.workers=0", "worktree", "add", "--detach", "--quiet", str(path), checked(commit))
        kept = administration(directory)[path]
    shutil.copyfile(kept / "index", kept / OWN_INDEX)


def remove(git: Git, directory: Path, path: Path) -> None:
    """Remove a work tree and everything in it; harmless when it is half there, or gone."""
    path = path.absolute().parent.resolve() / path.name
    with file_lock(directory / "worktrees.lock", exclusive=True):
        kept = administration(directory).get(path)
        if kept is not None:
            shutil.rmtree(path, ignore_errors=True)
            if path.exists():
                _make_removable(path)
                shutil.rmtree(path)
            shutil.rmtree(kept, ignore_errors=True)
        git.run("worktree", "prune", "--expire=now")


def _make_removable(path: Path) -> None:
    """A tool may leave folders it cannot write to itself, like Go's module cache."""
    for folder, _folders, _files in os.walk(path):
        Path(folder).chmod(0o700)


def commit(git: Git, directory: Path, path: Path, parent: str, message: str) -> str:
    """The work tree as it is now, on top of `parent`; `parent` itself when nothing changed.

    What counts is the files that are there: the tool's staging, its commits and its index flags hide none.
    """
    path = path.absolute().parent.resolve() / path.name
    kept = administration(directory).get(path)
    if kept is None or not path.is_dir():
        msg = f"no workspace of the mesh: {path}"
        raise RepositoryError(msg)
    index = kept / OWN_INDEX
    scan = Scan(git.at(folder=path, directory=kept, work_tree=path, index=index), index)
    with file_lock(kept / "devmesh.lock", exclusive=True):
        before = tree_entries(git, parent)
        tool = git.at(folder=path, directory=kept, work_tree=path)
        forced = tool.try_run("ls-files", "-z", "--cached", "--ignored", "--exclude-standard").out
        wanted = {os.fsdecode(name) for name in forced.split(b"\0") if name} | set(before)
        tree, _left_out = scan.surely(lambda: scan.tree(wanted, ()))
    new = commit_tree(git, tree, parent, message)
    changed = changes(git, parent, new)
    keep(git, directory, (change.after for change in changed if change.after is not None))
    return new if changed else parent
