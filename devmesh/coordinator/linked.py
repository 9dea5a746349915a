"""The symbolic links a project has, as of a snapshot: read from git's trees, and only what is new of them.

Knows the repository and the disk; where links lead is `links`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import PurePosixPath

from devmesh.coordinator.links import Links
from devmesh.errors import RepositoryError
from devmesh.repository import Repository
from devmesh.repository.reading import SYMLINK
from devmesh.vocabulary.terms import PlannedWrite


class Linked:
    """Remembers what it saw last, so that a look costs what changed since. One call at a time."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._commit = ""
        self._named: dict[str, str] = {}
        "Blob of every link, by path."
        self._said: dict[str, str] = {}
        "What the blobs say."
        self._links = Links({}, str(repository.project))

    def before(self, snapshot: str, written: Iterable[str]) -> Links:
        """The links of the snapshot, and those that git ignores in the folders above what is written.

        Raises RepositoryError when the snapshot cannot be read.
        """
        self._see(snapshot)
        targets = self._ignored(written) | {path: self._said[oid] for path, oid in self._named.items()}
        if targets != self._links.targets:
            self._links = Links(targets, self._links.root)
        return self._links

    def after(self, before: Links, plan: Iterable[PlannedWrite]) -> Links:
        """The links once the plan has landed; `before` itself when it has no part in them."""
        targets = dict(before.targets)
        made = {write.path: write.after for write in plan if write.mode == SYMLINK and write.after is not None}
        for write in plan:
            targets.pop(write.path, None)
        said = self._repository.read_blobs(made.values()) if made else {}
        targets |= {path: os.fsdecode(said[oid]) for path, oid in made.items()}
        return before if targets == before.targets else Links(targets, before.root)

    # ---- inside ----

    def _see(self, snapshot: str) -> None:
        if snapshot == self._commit:
            return
        named = self._changed_since(snapshot) if self._commit else self._repository.links(snapshot)
        unread = set(named.values()) - self._said.keys()
        read = self._repository.read_blobs(unread) if unread else {}
        self._said = {oid: self._said[oid] if oid in self._said else os.fsdecode(read[oid]) for oid in named.values()}
        self._commit, self._named = snapshot, named

    def _changed_since(self, snapshot: str) -> dict[str, str]:
        try:
            changes = self._repository.links_changed(self._commit, snapshot)
        except RepositoryError:  # what was seen last may have been thrown away
            return self._repository.links(snapshot)
        kept = {path: oid for path, oid in self._named.items() if path not in changes}
        return kept | {path: oid for path, oid in changes.items() if oid is not None}

    def _ignored(self, written: Iterable[str]) -> dict[str, str]:
        """Links of the disk that no snapshot may have: a person's own `.vscode`, say, which git is told to ignore."""
        folders = {"."} | {str(above) for path in written for above in PurePosixPath(path).parents}
        found: dict[str, str] = {}
        for folder in folders:
            with suppress(OSError), os.scandir(self._repository.project / folder) as entries:
                for entry in entries:
                    path = str(PurePosixPath(folder, entry.name))
                    if entry.is_symlink() and path not in self._named:
                        found[path] = os.readlink(entry)  # noqa: PTH115 - as it is
        return found
