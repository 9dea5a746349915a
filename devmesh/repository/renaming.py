"""Renames that overwrite nothing: exchange two names, take a free one; and whether anybody writes to a file.

Knows names inside open folders; nothing of content, roots or changes. Linux and macOS have the calls (only Linux was
run); file systems without them get the same from hard links.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
import sys

_libc = ctypes.CDLL(None, use_errno=True)
_NO_REPLACE, _EXCHANGE = 1, 2
_MAC_SWAP, _MAC_EXCLUSIVE = 2, 4
_UNSUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM}

Place = tuple[int, str]
"A name in an open folder."


def exchange(fresh: Place, target: Place) -> None:
    """Both names must exist; afterwards each names what the other did. At no moment is `target` missing.

    Raises FileNotFoundError when it does not exist. Where the system has no such call, a file that replaces the target
    by a rename of its own, in the instant between two of ours, is lost; one that is written in place never is.
    """
    try:
        _rename_with(fresh, target, _EXCHANGE, _MAC_SWAP)
    except NotImplementedError:
        spare = (fresh[0], f"{fresh[1]}-spare")
        os.link(target[1], spare[1], src_dir_fd=target[0], dst_dir_fd=spare[0], follow_symlinks=False)
        os.replace(fresh[1], target[1], src_dir_fd=fresh[0], dst_dir_fd=target[0])
        os.rename(spare[1], fresh[1], src_dir_fd=spare[0], dst_dir_fd=fresh[0])


def move(source: Place, target: Place) -> None:
    """Rename to a name that must be free. Raises FileExistsError when it is taken, and leaves both as they are."""
    try:
        _rename_with(source, target, _NO_REPLACE, _MAC_EXCLUSIVE)
    except NotImplementedError:
        os.link(source[1], target[1], src_dir_fd=source[0], dst_dir_fd=target[0], follow_symlinks=False)
        os.unlink(source[1], dir_fd=source[0])


def has_writers(descriptor: int) -> bool:
    """Whether anybody has this file open for writing, as far as the system can tell; False where it cannot.

    The descriptor must be open for reading only. A read lease is granted only while nobody writes; it lasts until the
    descriptor is closed, and a writer who opens the file meanwhile waits for that.
    """
    if sys.platform != "linux":
        return False
    try:
        # The kernel tells the holder of a lease that a writer waits. Its usual signal, SIGIO, would end the process.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _rename_with(source: Place, target: Place, linux: int, mac: int) -> None:
    call, flag = _call(linux, mac)
    if call is None:
        raise NotImplementedError
    if call(source[0], os.fsencode(source[1]), target[0], os.fsencode(target[1]), flag) == 0:
        return
    number = ctypes.get_errno()
    if number in _UNSUPPORTED:
        raise NotImplementedError
    raise OSError(number, os.strerror(number), source[1], None, target[1])


def _call(linux: int, mac: int) -> tuple[ctypes._NamedFuncPointer | None, int]:
    if sys.platform == "darwin":
        return getattr(_libc, "renameatx_np", None), mac
    return getattr(_libc, "renameat2", None), linux
