"""Puts one file's new content in place and destroys no byte that anybody else wrote. Knows no git, change or lock.

The way is always the same: look, exchange, look at what was displaced, and put it back if it is not what was expected.
What is displaced stays under a temporary name until `discard` finds it unchanged and open for writing nowhere.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devmesh.errors import PathEscapes
from devmesh.repository import renaming
from devmesh.repository.beneath import folder_below, make_folders, parent_folder, parts_of, root_folder
from devmesh.repository.parallel import in_parallel
from devmesh.repository.reading import ABSENT, Current, read_current, read_name
from devmesh.repository.staging import (
    Staged,
    Swept,
    abandon,
    leftovers,
    remove_if,
    stage,
    storage_trouble,
    sweep_leftovers,
    sync_staged,
    temporary_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from devmesh.repository.renaming import Place

__all__ = [
    "Current",
    "Displaced",
    "Moved",
    "Staged",
    "Swept",
    "abandon",
    "discard",
    "exchange",
    "leftovers",
    "read_current",
    "remove",
    "restore",
    "stage",
    "sweep_leftovers",
    "sync_exchanged",
    "sync_staged",
]

_NO_SUCH_PLACE = (FileNotFoundError, NotADirectoryError)


@dataclass(frozen=True, slots=True)
class Displaced:
    """A finished exchange that can still be taken back."""

    root: Path
    path: str
    name: str | None
    "Where what was displaced is kept, relative to the root; None when there was no file before."
    expected: str | None
    "The content that was displaced; None: there was none."
    after: str | None
    "The content that was put there; None: the file was removed."


@dataclass(frozen=True, slots=True)
class Moved:
    """Somebody wrote in between: what they wrote is in place, and nothing of theirs was destroyed."""

    path: str
    found: Current
    kept: tuple[str, ...] = ()
    "Files, relative to the root, with content that may be nowhere else: a version overtaken by a newer one."


def exchange(root: Path, staged: Staged, expected: str | None) -> Displaced | Moved:
    """Put staged content in place of exactly `expected` (None: of no file), in one step without a middle.

    Everybody sees it at once; that it outlives a power cut, `sync_exchanged` sees to.
    Returns Moved when the target holds anything else; then that is in place again and the staged file is gone.
    Raises PathEscapes when a link was put in the way, RepositoryError when the disk refuses; nothing changed then.
    """
    try:
        if expected is None:
            return _put_new(root, staged)
        with _both(root, staged.name, staged.path) as (temporary, target):
            return _replace(staged, expected, temporary, target)
    except _NO_SUCH_PLACE:
        abandon(staged)
        return Moved(staged.path, read_current(root, staged.path))
    except OSError as error:
        raise storage_trouble(staged.path, error) from None


def remove(root: Path, path: str, expected: str) -> Displaced | Moved:
    """Take the file away if it holds exactly `expected`; it is kept under a temporary name until it is discarded.

    Returns Moved when it holds anything else or is gone, and leaves it as it is. Raises as `exchange` does, and needs
    `sync_exchanged` as that does.
    """
    folders = parts_of(path)[:-1]
    try:
        if (found := read_current(root, path)).oid != expected:
            return Moved(path, found)
        for away in (folders[:-1], folders):  # outside its folder if it can be, so that an emptied folder may go too
            name = "/".join([*away, temporary_name(path)])
            with _both(root, name, path) as (temporary, target):
                if _move_within_volume(target, temporary):
                    return _taken(root, path, name, expected, temporary, target)
    except _NO_SUCH_PLACE:
        return Moved(path, read_current(root, path))
    except OSError as error:
        raise storage_trouble(path, error) from None
    raise AssertionError(path)  # a folder is always on its own volume


def sync_exchanged(done: Iterable[Displaced]) -> None:
    """Bring finished exchanges to the disk itself: each folder once, together in about the time of one.

    To be called before `discard`. A folder that is gone meanwhile is passed by. Raises RepositoryError when the disk
    refuses.
    """
    in_parallel(_sync_folder, {(one.root, folder): one.path for one in done for folder in _folders(one)}.items())


def _folders(one: Displaced) -> set[tuple[str, ...]]:
    """The folders whose entries the exchange changed."""
    return {tuple(parts_of(name)[:-1]) for name in (one.path, one.name) if name is not None}


def _sync_folder(place: tuple[tuple[Path, tuple[str, ...]], str]) -> None:
    (root, folders), path = place
    try:
        with root_folder(root) as top, folder_below(top, list(folders)) as folder:
            os.fsync(folder)
    except (*_NO_SUCH_PLACE, PathEscapes):
        return
    except OSError as error:
        raise storage_trouble(path, error) from None


def restore(displaced: Displaced) -> Moved | None:
    """Put the old content back, if the path still holds what the exchange left there; None when that is done.

    Returns Moved when somebody changed it meanwhile: then theirs stays, and the old content stays under its name.
    """
    root, path = displaced.root, displaced.path
    try:
        if displaced.name is None:
            undone = remove(root, path, displaced.after or "")
            return undone if isinstance(undone, Moved) and undone.found.kind != "absent" else _discarded(undone)
        if displaced.after is None:
            return _put_back(displaced, displaced.name)
        with _both(root, displaced.name, path) as (temporary, target):
            return _swap_back(displaced, displaced.name, displaced.after, temporary, target)
    except _NO_SUCH_PLACE:
        return Moved(path, read_current(root, path), () if displaced.name is None else (displaced.name,))
    except OSError as error:
        raise storage_trouble(path, error) from None


def discard(displaced: Displaced) -> bool:
    """Let the displaced content go; False when it changed or is being written to after all, and is kept.

    A writer who opened the file before the exchange writes into what was displaced. That is noticed here, not lost.
    """
    if displaced.name is None or displaced.expected is None:
        return True
    if not remove_if(displaced.root, displaced.name, {displaced.expected}):
        return False
    if displaced.after is None:
        _drop_empty_folders(displaced.root, parts_of(displaced.path)[:-1])
    return True


def _put_new(root: Path, staged: Staged) -> Displaced | Moved:
    with root_folder(root) as top:
        make_folders(top, parts_of(staged.path)[:-1])
    with _both(root, staged.name, staged.path) as (temporary, target):
        try:
            _move_to_free(temporary, target)
        except FileExistsError:
            found = read_name(*target)
            abandon(staged)
            return Moved(staged.path, found)
    return Displaced(root, staged.path, None, None, staged.oid)


def _move_to_free(temporary: Place, target: Place) -> None:
    """An empty folder counts as free: git does not keep one, so a change may put a file there."""
    try:
        renaming.move(temporary, target)
    except FileExistsError:
        try:
            os.rmdir(target[1], dir_fd=target[0])
        except OSError:
            raise FileExistsError from None
        renaming.move(temporary, target)


def _replace(staged: Staged, expected: str, temporary: Place, target: Place) -> Displaced | Moved:
    found = read_name(*target)
    if found.oid != expected:
        abandon(staged)
        return Moved(staged.path, found)
    renaming.exchange(temporary, target)
    if read_name(*temporary).oid == expected:  # nobody wrote between the look and the exchange
        return Displaced(staged.root, staged.path, staged.name, expected, staged.oid)
    kept = _undo(staged, temporary, target)
    _sync(temporary, target)
    return Moved(staged.path, read_name(*target), kept)


def _undo(staged: Staged, temporary: Place, target: Place) -> tuple[str, ...]:
    """Bring what was displaced back; returns what must be kept beside it."""
    try:
        renaming.exchange(temporary, target)
    except FileNotFoundError:  # ours was deleted meanwhile: the newest word; the write before it is kept
        return (staged.name,)
    if read_name(*temporary).oid == staged.oid:
        return () if abandon(staged) else (staged.name,)
    with suppress(FileNotFoundError):  # ours was overwritten meanwhile: the newer write goes in place
        renaming.exchange(temporary, target)
    return (staged.name,)


def _move_within_volume(target: Place, temporary: Place) -> bool:
    try:
        renaming.move(target, temporary)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    return True


def _taken(root: Path, path: str, name: str, expected: str, temporary: Place, target: Place) -> Displaced | Moved:
    if read_name(*temporary).oid == expected:
        return Displaced(root, path, name, expected, None)
    kept: tuple[str, ...] = ()
    try:
        renaming.move(temporary, target)
    except FileExistsError:
        kept = (name,)
    _sync(temporary, target)
    return Moved(path, read_name(*target), kept)


def _put_back(displaced: Displaced, name: str) -> Moved | None:
    with root_folder(displaced.root) as top:
        make_folders(top, parts_of(displaced.path)[:-1])
    with _both(displaced.root, name, displaced.path) as (temporary, target):
        try:
            _move_to_free(temporary, target)
        except FileExistsError:
            return Moved(displaced.path, read_name(*target), (name,))
        _sync(temporary, target)
    return None


def _swap_back(displaced: Displaced, name: str, after: str, temporary: Place, target: Place) -> Moved | None:
    renaming.exchange(temporary, target)
    if read_name(*temporary).oid != after:
        renaming.exchange(temporary, target)
        _sync(temporary, target)
        return Moved(displaced.path, read_name(*target), (name,))
    _sync(temporary, target)
    gone = remove_if(displaced.root, name, {after})
    return None if gone else Moved(displaced.path, read_name(*target), (name,))


def _discarded(undone: Displaced | Moved) -> Moved | None:
    if isinstance(undone, Moved):
        return None
    sync_exchanged([undone])
    if discard(undone):
        return None
    return Moved(undone.path, ABSENT, () if undone.name is None else (undone.name,))


def _drop_empty_folders(root: Path, folders: list[str]) -> None:
    """As git does when the last file of a folder goes."""
    with root_folder(root) as top, suppress(OSError):
        while folders:
            *above, last = folders
            with folder_below(top, above) as folder:
                os.rmdir(last, dir_fd=folder)
            folders = above


def _sync(*places: Place) -> None:
    for folder in {os.fstat(place[0]).st_ino: place[0] for place in places}.values():
        os.fsync(folder)


@contextmanager
def _both(root: Path, one: str, other: str) -> Iterator[tuple[Place, Place]]:
    with root_folder(root) as top, parent_folder(top, one) as first, parent_folder(top, other) as second:
        yield first, second
