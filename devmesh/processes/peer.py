"""Who is at the other end of a Unix socket: a process of this user, this one or below it? Knows not what for.

Linux tells who connected, and who started whom. Elsewhere neither is asked, and everybody counts as ours.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
from typing import Final

_PIDFD: Final = 77
"SO_PEERPIDFD of <asm/socket.h>: from Linux 6.5 on; Python 3.11 has no name for it."
_CREDENTIALS: Final = struct.Struct("iII")
MOST_STEPS: Final = 200
"From a process up to this one, those counted again that moved meanwhile."


def why_not_ours(connection: socket.socket) -> str:
    """What speaks against whoever connected, in words; empty for a living process of this user at or below this one.

    It counts who connected, not who holds the connection now. Where Linux is older than 6.5, it is not noticed when
    the number of a process that ended has been given to one of ours between connecting and this call.
    """
    if not hasattr(socket, "SO_PEERCRED"):
        return ""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, user, _group = _CREDENTIALS.unpack(told)
    if user != os.getuid():
        return f"it runs as user {user}"
    if pid <= 0:
        return "it is in a PID namespace that is not seen from here"
    if not _numbers_are_ours():
        return f"whose process {pid} is cannot be looked up: /proc is missing, or another PID namespace's"
    return _against(connection, pid)


def _against(connection: socket.socket, pid: int) -> str:
    """As above, of its process. The system keeps hold of it meanwhile, so that its number means no other."""
    try:
        held = connection.getsockopt(socket.SOL_SOCKET, _PIDFD)
    except OSError as unknown:
        held = -1
        if unknown.errno != errno.ENOPROTOOPT:
            return f"process {pid} has ended"
    try:
        if not is_below(pid, os.getpid()):
            return f"process {pid} was not started by process {os.getpid()}, nor by what that started"
        return f"process {pid} has ended" if held >= 0 and _ended(held) else ""
    finally:
        if held >= 0:
            os.close(held)


def is_below(pid: int, top: int) -> bool:
    """Whether one process is the other, or was started by it or by what it started; orphans it adopted count."""
    parent = _parent(pid)
    for _step in range(MOST_STEPS):
        if top in (pid, parent):
            return True
        if not parent:
            return False
        above, now = _parent(parent), _parent(pid)
        if now == parent:  # still, so it was the parent, and no later process of that number, whose own we asked for
            pid, parent = parent, above
        else:
            parent = now
    return False


def _parent(pid: int) -> int:
    """0 when there is none, or the process has ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:  # noqa: PTH123 - a third of the time
            return int(file.read(1024).rpartition(b")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def _numbers_are_ours() -> bool:
    """Whether /proc names processes as the system does to us."""
    try:
        return os.readlink("/proc/self") == str(os.getpid())  # noqa: PTH115 - a third of the time
    except OSError:
        return False


def _ended(pidfd: int) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))
