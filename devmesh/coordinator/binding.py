"""Where the listener listens: a port, whose other owner can be named, or a socket file. Knows no protocol."""

from __future__ import annotations

import errno
import os
import socket
import struct
from pathlib import Path
from typing import Final

import psutil

from devmesh.errors import PortTaken, SettingError

BACKLOG: Final = 64
SPARED: Final = 192
"File descriptors that are not for connections: the record, git, checks, and strangers on their way in."
_PEER: Final = struct.Struct("3i")
"pid, uid and gid of the process at the other end, as Linux tells them."


def bind(host: str, port: int, *, fallback: bool) -> socket.socket:
    """A socket that listens there, or with `fallback` on any free port. Raises PortTaken naming who has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, port))
            bound.listen(BACKLOG)
        except OSError as error:
            if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                raise
            if not fallback:
                raise _taken(host, port, error) from None
            bound.close()
            return bind(host, 0, fallback=False)
    except BaseException:
        bound.close()
        raise
    return bound


def _taken(host: str, port: int, error: OSError) -> PortTaken:
    if error.errno == errno.EACCES:
        return PortTaken(
            f"port {port} needs privileges that this process lacks", hint="Set DEVMESH_WS_PORT above 1023."
        )
    return PortTaken(
        f"port {port} on {host} is in use by {_who_listens(port)}",
        hint="Stop it, set DEVMESH_WS_PORT to another port, or DEVMESH_PORT_FALLBACK=true to take any free one.",
    )


def _who_listens(port: int) -> str:
    """The process's name and number, where the system tells us."""
    try:
        for found in psutil.net_connections(kind="tcp"):
            if found.status == psutil.CONN_LISTEN and found.laddr and found.laddr.port == port and found.pid:
                return f"{psutil.Process(found.pid).name()} (process {found.pid})"
    except (psutil.Error, OSError):
        pass
    return "another process"


def bind_unix(path: Path) -> socket.socket:
    """A socket file that only the current user may open. One that an earlier coordinator left is removed.

    Raises SettingError where the system has no such sockets.
    """
    if not hasattr(socket, "AF_UNIX"):
        raise SettingError("DEVMESH_WS_TRANSPORT='unix': this system has none", field="DEVMESH_WS_TRANSPORT")
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        bound.bind(str(path))
        path.chmod(0o600)
        bound.listen(BACKLOG)
    except BaseException:
        bound.close()
        raise
    return bound


def is_own_peer(found: socket.socket) -> bool:
    """Whether the process at the other end is the current user's. Where that is not told, its folder says so."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True
    with socket.socket(fileno=os.dup(found.fileno())) as same:
        _pid, uid, _gid = _PEER.unpack(same.getsockopt(socket.SOL_SOCKET, option, _PEER.size))
    return bool(uid == os.geteuid())


def is_spared(connection: socket.socket) -> bool:
    """Whether so few file descriptors are left that this one had better not be a connection's.

    The system always gives the lowest that is free, so its number says how many are in use.
    """
    try:
        import resource
    except ImportError:  # Windows: sockets are no files there
        return False
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return most != resource.RLIM_INFINITY and connection.fileno() >= most - min(SPARED, most // 2)
