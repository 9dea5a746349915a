"""What lies at one path of the project right now, read without following a link and without ever blocking on a pipe."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from devmesh.errors import RepositoryError
from devmesh.repository.beneath import parent_folder, root_folder
from devmesh.repository.loose import blob_id

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["file", "symlink", "directory", "special", "absent"]
SYMLINK = "120000"
EXECUTABLE = "100755"
PLAIN = "100644"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Current:
    """What a path holds: content, its name and a git mode for files and symbolic links, the kind alone for others."""

    kind: Kind
    oid: str | None = None
    mode: str | None = None
    data: bytes | None = None
    links: int = 1
    "How many names the file has; above 1, an exchange changes this name only."


ABSENT = Current("absent")


def read_current(root: Path, path: str) -> Current:
    """What lies at `path` below `root`. A pipe, device or socket is never opened, and a link is read, not followed.

    Raises PathEscapes when the way there goes through a symbolic link, RepositoryError when it cannot be read.
    """
    try:
        with root_folder(root) as top, parent_folder(top, path) as (folder, name):
            return read_name(folder, name)
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    except OSError as error:
        msg = f"cannot read {path!r}: {error.strerror}"
        raise RepositoryError(msg, field="path") from None


def read_name(folder: int, name: str) -> Current:
    """What `name` is in an open folder. Raises OSError when it cannot be read."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            target = os.fsencode(os.readlink(name, dir_fd=folder))
            return Current("symlink", blob_id(target), SYMLINK, target, status.st_nlink)
        if not stat.S_ISREG(status.st_mode):
            return Current("directory" if stat.S_ISDIR(status.st_mode) else "special")
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return ABSENT
    try:
        return read_open(descriptor)
    finally:
        os.close(descriptor)


def read_open(descriptor: int) -> Current:
    """What an open descriptor holds, looked at again: it may have been exchanged since its name was."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        return Current("special")
    chunks: list[bytes] = []
    while chunk := os.read(descriptor, _CHUNK):
        chunks.append(chunk)
    data = b"".join(chunks)
    mode = EXECUTABLE if status.st_mode & stat.S_IXUSR else PLAIN
    return Current("file", blob_id(data), mode, data, status.st_nlink)
