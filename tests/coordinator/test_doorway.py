"""Which door is opened, and how it is named."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from devmesh.coordinator.doorway import open_door
from devmesh.coordinator.listener import Listener
from devmesh.coordinator.reception import Reception
from devmesh.settings import Settings
from devmesh.vocabulary.terms import Role
from tests.coordinator.rig import looped


def listener() -> Listener:
    """One that was not opened."""
    reception: Reception = object.__new__(Reception)
    return Listener(reception, {Role.AGENT: "t" * 40}, monotonic=time.monotonic)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
@looped
async def test_a_port_is_named_by_its_url(host: str, tmp_path: Path) -> None:
    """With brackets where an address has colons, and with the port that was really taken."""
    opened = listener()
    place = await open_door(opened, Settings(ws_host=host, ws_port=0), tmp_path)
    shown = f"[{host}]" if ":" in host else host
    assert place == (f"ws://{shown}:{opened.port}", None)
    await opened.close("the test is over")


@looped
async def test_a_socket_is_named_by_its_file(tmp_path: Path) -> None:
    """Which the caller removes."""
    opened = listener()
    place = await open_door(opened, Settings(ws_transport="unix"), tmp_path / "h")
    assert place.socket is not None
    assert place.url == f"ws+unix:{place.socket}"
    assert place.socket.is_socket()
    await opened.close("the test is over")
