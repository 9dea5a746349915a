"""The door of a mesh on another machine: what is one, and what may be sent to it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from devmesh.bridge.remote import Doorway
from devmesh.errors import MeshError, Refused

GOOD = "wss://hub.example/user/ada/devmesh/ws/shop-1234"


@pytest.mark.parametrize("url", [GOOD, GOOD.replace("wss", "ws").replace("hub.example", "127.0.0.1:8000")])
def test_a_door_is_named_by_its_whole_address(url: str) -> None:
    """In the clear only on this machine, as through an SSH tunnel."""
    assert Doorway(url, "t" * 32, "s" * 43).url == url


@pytest.mark.parametrize(
    "url",
    [
        "https://hub.example/devmesh/ws/a",
        "wss://hub.example/",
        "wss://me:pw@hub.example/devmesh/ws/a",
        f"{GOOD}?token=a",
    ],
)
def test_what_is_no_door_is_refused_before_anything_is_sent(url: str) -> None:
    """Nor is one that would have a secret in its address."""
    with pytest.raises(MeshError, match="is no door of a mesh"):
        Doorway(url, "t" * 32, "s" * 43)


def test_secrets_are_not_sent_in_the_clear_to_another_machine() -> None:
    """The message says what to do instead."""
    with pytest.raises(MeshError, match="to the network") as wrong:
        Doorway(GOOD.replace("wss", "ws"), "t" * 32, "s" * 43)
    assert "wss://" in str(wrong.value)


def test_a_file_without_a_certificate_is_named(tmp_path: Path) -> None:
    """Before anything is connected to."""
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(Refused, match="holds no certificate"):
        asyncio.run(Doorway(GOOD, "t" * 32, "s" * 43, tmp_path / "ca.pem").dial("k" * 43))
