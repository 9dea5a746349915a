"""One attempt to reach a coordinator: by itself only on this machine, with secrets in headers and nowhere else."""

from __future__ import annotations

import logging
import os
import stat
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from devmesh.address import Connection
from devmesh.errors import Code, MeshError, Refused
from devmesh.vocabulary.terms import Role

MAX_DELIVERY = 64 * 1024 * 1024
"Bytes of one delivery. The largest is the whole state, told to a watcher."
KEY = "X-DevMesh-Key"
"The header with the session's own secret."
_OPEN_LIMIT = 10.0
_CLOSE_LIMIT = 0.5
"A stalled coordinator must not keep a bridge from ending in time."

#: Of its own level, because at DEBUG the library would log the request's headers, and with them the secrets.
_log = logging.getLogger("devmesh.bridge.wire")
_log.setLevel(logging.INFO)


class _Direct(connect):
    """Goes to one address and follows no redirect from there."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


async def dial(connection: Connection, role: Role, key: str, secret: str | None = None) -> ClientConnection:
    """An open connection to the coordinator that published `connection`. The caller closes it.

    It comes in by `secret`, where a credential was issued for it, else by the role's token in the connection file.
    No keepalive pings: a dead peer's socket closes by itself on one machine, and a stalled one is worth waiting for.
    Raises MeshError for an address beyond this machine, Refused for a secret that opens nothing (any more), else what
    websockets raises.
    """
    target, where = _target(connection)
    headers = {"Authorization": f"Bearer {secret or connection.tokens[role]}", KEY: key}
    try:
        return await reach(target, headers, **where)
    except InvalidStatus as answer:
        if secret is not None and answer.response.status_code == HTTPStatus.UNAUTHORIZED:
            raise Refused("its credential was revoked, or never issued", code=Code.UNAUTHENTICATED) from None
        raise


async def reach(target: str, headers: dict[str, str], **where: Any) -> ClientConnection:
    """An open connection to exactly that address. Raises what websockets raises."""
    return await _Direct(
        target,
        **where,
        proxy=None,
        compression=None,
        additional_headers=headers,
        user_agent_header=None,
        open_timeout=_OPEN_LIMIT,
        close_timeout=_CLOSE_LIMIT,
        ping_interval=None,
        max_size=MAX_DELIVERY,
        logger=_log,
    )


def _target(connection: Connection) -> tuple[str, dict[str, Any]]:
    """The URL, and what else names the place: a loopback address, or a socket that is the current user's own."""
    if not connection.socket:
        return connection.url, {"host": loopback_of(connection.url)}
    found = Path(connection.socket).lstat()
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.geteuid():
        raise MeshError(f"{connection.socket} is no socket of yours", hint="Restart the mesh.")
    return "ws://localhost/", {"unix": True, "path": connection.socket}


def loopback_of(url: str) -> str:
    """The loopback address `url` names. Raises MeshError for any other, and for credentials in the URL."""
    parts = urlsplit(url)
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
    if parts.scheme != "ws" or not is_loopback(host) or "@" in parts.netloc:
        raise MeshError(f"a coordinator is reached at ws://127.0.0.1, not at {parts.scheme}://{parts.hostname}")
    return host


def is_loopback(host: str) -> bool:
    """Whether it names this machine, whoever is asked."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
