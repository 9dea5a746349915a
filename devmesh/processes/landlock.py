"""Has the kernel refuse writes below some folders, to this process and all it starts, for good (Linux, Landlock).

Landlock knows only what is allowed, so everything beside those folders is: on the way down to each of them, all that
lies beside the way. Runs between fork and exec, on the standard library alone, without a thread.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION = 1
_BENEATH = 1
_NO_NEW_PRIVILEGES = 38

_WRITE_FILE, _TRUNCATE, _REFER = 1 << 1, 1 << 14, 1 << 13
_OF_FOLDERS = sum(1 << bit for bit in range(4, 13))  # remove and make, of every kind
MOST = 20_000
"Entries beside the ways; where there are more, it is not done."


def version() -> int:
    """Which Landlock the kernel has; 0 where there is none."""
    if not hasattr(os, "O_PATH"):
        return 0
    return max(0, int(ctypes.CDLL(None, use_errno=True).syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION)))


def forbid_writes(closed: list[str], opened: list[str]) -> None:
    """From now on nothing below `closed` is written, but below `opened` it is. Raises OSError where it cannot be done.

    In the folders that lead to a closed one nothing new can be made, and nothing removed; what is there can be written.
    """
    has = version()
    if not has:
        raise OSError(errno.ENOSYS, "this kernel has no Landlock")
    handled = _WRITE_FILE | _OF_FOLDERS | (_REFER if has >= 2 else 0) | (_TRUNCATE if has >= 3 else 0)  # noqa: PLR2004
    libc = ctypes.CDLL(None, use_errno=True)
    rules = _called(libc, _CREATE, struct.pack("Q", handled), ctypes.c_size_t(8), 0)
    try:
        for path in (*_beside(closed), *opened):
            _allow(libc, rules, path, handled)
        if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "no_new_privs")
        _called(libc, _RESTRICT, rules, 0)
    finally:
        os.close(rules)


def _called(libc: ctypes.CDLL, *arguments: object) -> int:
    found = int(libc.syscall(*arguments))
    if found < 0:
        raise OSError(ctypes.get_errno(), "landlock")
    return found


def _beside(closed: list[str]) -> list[str]:
    """Everything that lies beside the ways from the root down to these folders."""
    ends = {os.path.realpath(path) for path in closed}
    ways = {os.sep}
    for end in ends:
        while (end := os.path.dirname(end)) != os.sep:  # noqa: PTH120 - this runs without pathlib
            ways.add(end)
    ways -= {way for way in ways if any(_is_below(way, end) for end in ends)}
    found: list[str] = []
    for way in ways:
        found += [entry.path for entry in os.scandir(way) if entry.path not in ways and entry.path not in ends]
        if len(found) > MOST:
            raise OSError(errno.E2BIG, "too much lies beside the folders to be closed")
    return found


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + os.sep)


def _allow(libc: ctypes.CDLL, rules: int, path: str, handled: int) -> None:
    """Links lead nowhere by themselves; what cannot be opened cannot be written either."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISLNK(mode):
            return
        rights = handled if stat.S_ISDIR(mode) else handled & (_WRITE_FILE | _TRUNCATE)
        _called(libc, _ADD, rules, _BENEATH, struct.pack("=Qi", rights, descriptor), 0)
    finally:
        os.close(descriptor)
