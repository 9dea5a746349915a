"""Opens folders below a root so that no path, and no link put there meanwhile, leads out of it. Knows no content."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from devmesh.errors import BadTarget, PathEscapes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OPENAT2 = 437
"The system call's number, the same on every Linux architecture but alpha."
_NO_SYMLINKS, _BENEATH = 0x04, 0x08
_HOW = struct.Struct("QQQ")
_UNSUPPORTED = {errno.ENOSYS, errno.EPERM, errno.EINVAL, errno.E2BIG}
_ESCAPES = {errno.ELOOP, errno.EXDEV}
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_TRIES = 64

_libc = ctypes.CDLL(None, use_errno=True)


def parts_of(path: str) -> list[str]:
    """The components of a project-relative path. Raises PathEscapes for `..`, an absolute path or one into `.git`."""
    parts = path.split("/")
    if path.startswith("/") or ".." in parts:
        msg = f"this path leads out of the project: {path!r}"
        raise PathEscapes(msg, field="path")
    if any(part in ("", ".") for part in parts) or "\0" in path:
        msg = f"not a plain project-relative path: {path!r}"
        raise BadTarget(msg, field="path")
    if any(part.casefold() == ".git" for part in parts):
        msg = f"the project's own git is not the mesh's to write: {path!r}"
        raise PathEscapes(msg, field="path")
    return parts


@contextmanager
def root_folder(root: Path) -> Iterator[int]:
    """A descriptor of the root itself, closed afterwards."""
    descriptor = os.open(root, _FOLDER)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def parent_folder(root: int, path: str, *, create: bool = False) -> Iterator[tuple[int, str]]:
    """A descriptor of the folder `path` lies in, and its last name; neither can be moved out of the root by a link.

    With `create`, missing folders are made. Raises FileNotFoundError or NotADirectoryError where there is no such
    folder, PathEscapes where the way there goes through a symbolic link.
    """
    *folders, name = parts_of(path)
    if create:
        make_folders(root, folders)
    with folder_below(root, folders) as descriptor:
        yield descriptor, name


@contextmanager
def folder_below(root: int, folders: list[str]) -> Iterator[int]:
    """A descriptor of a folder below the root, closed afterwards."""
    descriptor = open_folder(root, folders)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def open_folder(root: int, folders: list[str]) -> int:
    """Open a folder below the root without following any link on the way."""
    if not folders:
        return os.dup(root)
    opened = _openat2(root, "/".join(folders)) if _Kernel.has_openat2 else None
    return _walk(root, folders) if opened is None else opened


def make_folders(root: int, folders: list[str]) -> None:
    """Make the missing folders of this chain, one by one, each below the one before."""
    for depth in range(1, len(folders) + 1):
        with folder_below(root, folders[: depth - 1]) as above:
            try:
                os.mkdir(folders[depth - 1], dir_fd=above)
            except FileExistsError:
                continue
            os.fsync(above)


def nearest_folder(root: int, path: str) -> list[str]:
    """The components of the nearest folder above `path` that exists; a file on the way is passed by."""
    folders = parts_of(path)[:-1]
    while folders:
        try:
            os.close(open_folder(root, folders))
        except (FileNotFoundError, NotADirectoryError):
            folders = folders[:-1]
        else:
            break
    return folders


class _Kernel:
    has_openat2 = sys.platform == "linux"


def _openat2(root: int, path: str) -> int | None:
    """None where the kernel (or a container's filter) does not have the call."""
    how = _HOW.pack(_FOLDER, 0, _BENEATH | _NO_SYMLINKS)
    number = errno.EAGAIN
    for _try in range(_TRIES):
        opened = int(_libc.syscall(ctypes.c_long(_OPENAT2), root, os.fsencode(path), how, ctypes.c_size_t(_HOW.size)))
        if opened >= 0:
            return opened
        number = ctypes.get_errno()
        if number not in (errno.EAGAIN, errno.EINTR):
            break
    if number in _UNSUPPORTED:
        _Kernel.has_openat2 = False
        return None
    raise _explained(number, path)


def _walk(root: int, folders: list[str]) -> int:
    """The same, component by component, each opened from the one before and never through a link."""
    current = os.dup(root)
    for part in folders:
        try:
            following = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=current)
        except OSError as error:
            linked = error.errno == errno.ENOTDIR and _is_link(part, current)
            raise _explained(errno.ELOOP if linked else error.errno or 0, "/".join(folders)) from None
        finally:
            os.close(current)
        current = following
    return current


def _is_link(name: str, folder: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _explained(number: int, path: str) -> Exception:
    if number in _ESCAPES:
        msg = f"the way to this path goes through a symbolic link: {path!r}"
        return PathEscapes(msg, field="path")
    return OSError(number, os.strerror(number), path)
