"""Which door a coordinator opens, as the settings say, and how it is named in the connection file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from devmesh.address import socket_of
from devmesh.coordinator.listener import Listener
from devmesh.settings import Settings


class Place(NamedTuple):
    """Where it listens."""

    url: str
    socket: Path | None = None
    "The file of its Unix socket, if it listens on one: to be removed at the end."


async def open_door(listener: Listener, settings: Settings, home: Path) -> Place:
    """Begin to listen on a port or a socket file. Raises as `Listener.open` and `Listener.open_unix` do."""
    if settings.ws_transport == "unix":
        path = socket_of(home)
        await listener.open_unix(path)
        return Place(f"ws+unix:{path}", path)
    host = settings.ws_host
    port = await listener.open(host, settings.ws_port, fallback=settings.port_fallback)
    return Place(f"ws://[{host}]:{port}" if ":" in host else f"ws://{host}:{port}")
