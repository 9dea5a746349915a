"""New content on disk beside its target, before anybody sees it, and the clearing away of what is surely ours."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devmesh.errors import Code, PathEscapes, RepositoryError
from devmesh.repository.beneath import folder_below, nearest_folder, parent_folder, parts_of, root_folder
from devmesh.repository.loose import FULL, blob_id
from devmesh.repository.parallel import in_parallel
from devmesh.repository.reading import EXECUTABLE, PLAIN, SYMLINK, read_name, read_open
from devmesh.repository.renaming import has_writers

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

PREFIX = ".devmesh-"
"Every temporary name of ours begins so; snapshots leave these out."

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Staged:
    """New content under a temporary name, complete, with the mode the target will have."""

    root: Path
    path: str
    name: str
    "The temporary file, relative to the root."
    oid: str


@dataclass(frozen=True, slots=True)
class Swept:
    """What became of temporary files a crash left behind."""

    removed: tuple[str, ...]
    kept: tuple[str, ...]
    "Their content is none of the known ones: somebody's write, which has to be shown to them."


def stage(root: Path, path: str, data: bytes, mode: str = PLAIN) -> Staged:
    """Write `data` to a temporary file in the nearest folder above `path` that exists.

    Takes over the permission bits and, where allowed, the owner of a file that is there; `mode` decides the execute
    bits, and 120000 makes a symbolic link to `data`. Raises PathEscapes for a path that leads through a link,
    RepositoryError (STORAGE_FULL) when the disk is full. Nothing but the temporary file is touched. Before it is
    exchanged it needs `sync_staged`: else a power cut may leave the target empty.
    """
    temporary = temporary_name(path)
    try:
        with root_folder(root) as top:
            folders = nearest_folder(top, path)
            with folder_below(top, folders) as folder:
                _write(folder, temporary, data, mode, _status(top, path))
    except (OSError, ValueError) as error:
        raise storage_trouble(path, error) from None
    return Staged(root, path, "/".join([*folders, temporary]), blob_id(data))


def sync_staged(staged: Collection[Staged]) -> None:
    """Bring these to the disk itself, together in about the time of one. Raises RepositoryError when it refuses.

    One that is gone is passed by: its exchange will say so.
    """
    in_parallel(_sync, staged)


def _sync(staged: Staged) -> None:
    try:
        with root_folder(staged.root) as top, parent_folder(top, staged.name) as (folder, name):
            descriptor = os.open(name, _READ, dir_fd=folder)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except (FileNotFoundError, NotADirectoryError, PathEscapes):
        return
    except OSError as error:
        if error.errno != errno.ELOOP:  # a symbolic link is all in its folder, which is synced after the exchange
            raise storage_trouble(staged.path, error) from None


def abandon(staged: Staged) -> bool:
    """Remove a staged file that will not be exchanged. False when it is not ours any more, and stays."""
    return remove_if(staged.root, staged.name, {staged.oid})


def remove_if(root: Path, name: str, oids: Collection[str]) -> bool:
    """Remove a temporary file whose content is one of `oids` and that nobody writes to; True when it is gone.

    Both are looked at while a lease keeps writers out, so what is removed is exactly what was seen.
    """
    try:
        with root_folder(root) as top, parent_folder(top, name) as (folder, temporary):
            return _remove_if(folder, temporary, oids)
    except (FileNotFoundError, NotADirectoryError):
        return True


def _remove_if(folder: int, name: str, oids: Collection[str]) -> bool:
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        if read_name(folder, name).oid not in oids:
            return False
        os.unlink(name, dir_fd=folder)
        return True
    descriptor = os.open(name, _READ, dir_fd=folder)
    try:
        if has_writers(descriptor) or read_open(descriptor).oid not in oids:
            return False
        os.unlink(name, dir_fd=folder)
    finally:
        os.close(descriptor)
    return True


def sweep_leftovers(root: Path, known: Mapping[str, Collection[str]]) -> Swept:
    """Clear the temporary files a crash left for these paths. `known` names the contents that exist elsewhere too.

    Only files whose name is the mark of one of the paths are looked at, and only those with known content, open
    nowhere for writing, are removed. Harmless to repeat.
    """
    removed: list[str] = []
    kept: list[str] = []
    for path, oids in known.items():
        for name in leftovers(root, path):
            (removed if remove_if(root, name, oids) else kept).append(name)
    return Swept(tuple(removed), tuple(kept))


def leftovers(root: Path, path: str) -> tuple[str, ...]:
    """The temporary files made for `path` that still exist, relative to the root."""
    parts = parts_of(path)[:-1]
    begins = mark_of(path)
    found: list[str] = []
    with root_folder(root) as top:
        nearest = nearest_folder(top, path)
        for depth in range(len(nearest) + 1):
            with folder_below(top, nearest[:depth]) as folder, os.scandir(folder) as entries:
                names = sorted(entry.name for entry in entries if entry.name.startswith(begins))
            found += ["/".join([*parts[:depth], name]) for name in names]
    return tuple(found)


def temporary_name(path: str) -> str:
    """A fresh name that can be recognised as one for `path` after a crash."""
    return f"{mark_of(path)}{secrets.token_hex(6)}"


def storage_trouble(path: str, error: OSError | ValueError) -> RepositoryError:
    """What went wrong while writing for `path`, as an error of ours."""
    number = error.errno if isinstance(error, OSError) else None
    reason = error.strerror if isinstance(error, OSError) else str(error)
    code = Code.STORAGE_FULL if number in FULL else None
    return RepositoryError(f"cannot write {path!r}: {reason}", field="path", code=code)


def mark_of(path: str) -> str:
    """With what every temporary name for that path begins."""
    return f"{PREFIX}{hashlib.sha256(os.fsencode(path)).hexdigest()[:12]}-"


def _status(top: int, path: str) -> os.stat_result | None:
    """The regular file that is there now, if one is."""
    try:
        with parent_folder(top, path) as (folder, name):
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def _write(folder: int, name: str, data: bytes, mode: str, status: os.stat_result | None) -> None:
    if mode == SYMLINK:
        os.symlink(os.fsdecode(data), name, dir_fd=folder)
        return
    try:
        _write_file(folder, name, data, mode, status)
    except OSError:
        with suppress(OSError):
            os.unlink(name, dir_fd=folder)
        raise


def _write_file(folder: int, name: str, data: bytes, mode: str, status: os.stat_result | None) -> None:
    fresh = 0o777 if mode == EXECUTABLE else 0o666
    descriptor = os.open(name, _CREATE, fresh if status is None else 0o600, dir_fd=folder)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        if status is not None:
            _take_over(descriptor, status, executable=mode == EXECUTABLE)
    finally:
        os.close(descriptor)


def _take_over(descriptor: int, status: os.stat_result, *, executable: bool) -> None:
    mine = os.fstat(descriptor)
    if (mine.st_uid, mine.st_gid) != (status.st_uid, status.st_gid):
        with suppress(PermissionError):
            os.fchown(descriptor, status.st_uid, status.st_gid)
    bits = stat.S_IMODE(status.st_mode) & 0o777
    if executable != bool(bits & stat.S_IXUSR):
        bits = bits | (bits & 0o444) >> 2 if executable else bits & ~0o111
    os.fchmod(descriptor, bits)
