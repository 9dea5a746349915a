"""The private repository of one project: snapshots, workspaces, differences, merges. Joins what its neighbours do."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from devmesh.errors import RepositoryError
from devmesh.repository import merging, objects, snapshots, worktrees
from devmesh.repository.borrowing import find_project_git
from devmesh.repository.loose import is_loose, write_all_loose
from devmesh.repository.opening import BYTE_EXACT, open_private, renew, settle
from devmesh.repository.staging import storage_trouble
from devmesh.repository.tree_lock import file_lock, tree_lock

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from devmesh.repository.git import Git
    from devmesh.repository.merging import MergeResult
    from devmesh.repository.objects import LineCount, TreeEntry
    from devmesh.repository.snapshots import Snapshot
    from devmesh.vocabulary.terms import FileChange, PlannedWrite


class Repository:
    """A bare repository in `home` that borrows the project's objects and history, and never writes the project's git.

    Every method is synchronous, safe to call from several threads and processes, limited in time, and raises
    RepositoryError and nothing else when git or the disk cannot do it. Blobs are byte-exact: no line-ending
    conversion, filter or LFS smudge ever runs. Works for a project without git, too.

    Two things git itself does are not hidden: an object git finds in the project's store instead of writing it
    again has its modification time refreshed there (its content is never touched), and committed objects are
    borrowed from there, so they must outlive the workspaces that show them. What is not committed is kept here.
    """

    def __init__(self, project: Path, home: Path) -> None:
        """Name the project's folder and the state folder (outside the project); nothing is read or written yet."""
        self.project = project.resolve()
        self.home = home.absolute()
        self.directory = self.home / "repository.git"
        self._git: Git | None = None

    def open(self) -> Repository:
        """Create the repository when it is missing, bring it up to date with the project, and return it."""
        try:
            self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._git = open_private(self.directory, self.project, find_project_git(self.project))
        except OSError as error:
            raise storage_trouble(str(self.directory), error) from None
        return self

    @property
    def git(self) -> Git:
        """The way to run git in this repository, which is opened on first use."""
        if self._git is None:
            return self.open().git
        settle(self.directory / "info" / "attributes", BYTE_EXACT)
        return self._git

    def _opened(self) -> None:
        if self._git is None:
            self.open()

    def snapshot(self, *, include: Sequence[str] = (), index: str = "snapshot") -> str:
        """The commit of the project's content now: see `take_snapshot`."""
        return self.take_snapshot(include=include, index=index).commit

    def take_snapshot(self, *, include: Sequence[str] = (), index: str = "snapshot", locked: bool = False) -> Snapshot:
        """The project's content now: tracked and untracked files with every uncommitted edit, but nothing ignored.

        Ignored files matching an `include` glob are taken too. The same content on the same HEAD is the same commit.
        Holds the tree lock shared, unless the caller says it is `locked` already. Nested git repositories,
        submodules, unreadable files and special files are left out, and named in `left_out`.
        """
        git = self.git
        if not locked:
            with tree_lock(self.home, exclusive=False):
                return self.take_snapshot(include=include, index=index, locked=True)
        file = self.home / snapshots.index_name(index, include)
        scan = snapshots.Scan(git.at(folder=self.project, work_tree=self.project, index=file), file)
        with file_lock(self.home / f"{file.name}.guard", exclusive=True):
            borrowed = find_project_git(self.project)
            renew(self.directory, self.project, borrowed)
            return snapshots.take(scan, self.directory, borrowed, include)

    def worktree_add(self, path: Path, commit: str) -> None:
        """Check `commit` out at `path`, which must not exist. Raises RepositoryError when it does."""
        worktrees.add(self.git, self.directory, path, commit)

    def worktree_remove(self, path: Path) -> None:
        """Remove a work tree with all that is in it; harmless when it is half there or gone, as after a crash."""
        worktrees.remove(self.git, self.directory, path)

    def worktrees(self) -> list[Path]:
        """Where the work trees are, those whose folder is gone included."""
        return list(worktrees.administration(self.directory))

    def commit_worktree(self, path: Path, message: str, parent: str) -> str:
        """Everything in the work tree as it is now, as a commit on top of `parent`; `parent` when nothing changed.

        Ignored files stay out, unless `parent` or the tool's own index has them. Raises RepositoryError for a
        folder that is no work tree of this repository.
        """
        return worktrees.commit(self.git, self.directory, path, parent, message)

    def changes(self, base: str, head: str) -> tuple[FileChange, ...]:
        """What became of every file between two commits, by path; a rename is a deletion and an addition."""
        return objects.changes(self.git, base, head)

    def diff(self, base: str, head: str, *, paths: Sequence[str] = ()) -> str:
        """A unified diff for people, of all files or of `paths`."""
        return objects.diff(self.git, base, head, paths)

    def numstat(self, base: str, head: str) -> tuple[LineCount, ...]:
        """Lines added and removed per file between two commits."""
        return objects.numstat(self.git, base, head)

    def read_blob(self, oid: str) -> bytes:
        """The content named `oid`, byte for byte. Raises RepositoryError when it is not here."""
        return self.read_blobs([oid])[oid]

    def read_blobs(self, oids: Iterable[str]) -> dict[str, bytes]:
        """The contents by their names, through one git process at most. Raises RepositoryError when one is not here."""
        return objects.read_blobs(self.git, self.directory, oids)

    def keeps(self, oid: str) -> bool:
        """Whether this content surely lies in the private repository itself. Says no of what it packed or borrowed."""
        return is_loose(self.directory, oid)

    def holds(self, oid: str) -> bool:
        """Whether that content can be read here."""
        try:
            self.read_blobs([oid])
        except RepositoryError:
            return False
        return True

    def kinds(self, oids: Iterable[str]) -> dict[str, str | None]:
        """What each of these is: `blob`, `commit`, ..., or None where there is none. Reads no content."""
        return objects.kinds(self.git, self.directory, oids)

    def write_blob(self, data: bytes) -> str:
        """Keep this content, and return its name."""
        return self.write_blobs([data])[0]

    def write_blobs(self, contents: Iterable[bytes]) -> list[str]:
        """Keep these contents, synced to disk together, and return their names in order."""
        self._opened()
        return write_all_loose(self.directory, contents)

    def tree_entries(self, commit: str, paths: Sequence[str] | None = None) -> dict[str, TreeEntry]:
        """Mode and blob of the files named (all for None) in a commit; a path it does not have is left out."""
        return objects.tree_entries(self.git, commit, paths)

    def links(self, commit: str) -> dict[str, str]:
        """The blob of every symbolic link of a commit, by path. Takes the longer the more files there are."""
        return objects.links(self.git, commit)

    def links_changed(self, before: str, after: str) -> dict[str, str | None]:
        """Symbolic links that came, changed or went between two commits: the blob now, None where there is no link."""
        return objects.links_changed(self.git, before, after)

    def merge_file(
        self,
        base: bytes,
        ours: bytes,
        theirs: bytes,
        labels: merging.Labels = ("project", "base", "change"),
        *,
        path: str = "",
    ) -> MergeResult:
        """Merge two versions with their common base, as what the file of that name holds: a notebook, or text.

        `labels` name ours, base and theirs in the conflict markers.
        """
        return merging.merge_content(self.git, path, (base, ours, theirs), labels)

    def combined_tree(self, commit: str, writes: Iterable[PlannedWrite]) -> str:
        """The commit that `commit` becomes with these writes applied. No work tree and no index is touched."""
        git = self.git
        with tempfile.TemporaryDirectory(prefix="devmesh-index-") as folder:
            indexed = git.at(index=Path(folder, "index"))
            indexed.run("read-tree", objects.checked(commit))
            given = objects.index_lines(writes)
            indexed.run("update-index", "-z", "--replace", "--add", "--index-info", given=given)
            tree = indexed.line("write-tree")
        return objects.commit_tree(git, tree, commit, "The project with a change applied\n")

    def __repr__(self) -> str:
        """Which project, and where its repository is."""
        return f"Repository({os.fspath(self.project)!r}, home={os.fspath(self.home)!r})"
