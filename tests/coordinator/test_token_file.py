"""The token that another process makes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from devmesh.address import HTTP_TOKEN_FILE
from devmesh.coordinator.token_file import TokenFile
from devmesh.vocabulary import known
from devmesh.vocabulary.plain import REDACTED, redact


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    known.forget()
    yield
    known.forget()


def test_each_token_is_known_from_the_next_look_on(tmp_path: Path) -> None:
    """Also one that replaced another, as after a restart of that process; no file is no fault."""
    file = TokenFile(tmp_path)
    file.look()
    tokens = [secrets.token_urlsafe(32) for _ in range(3)]
    for token in tokens:
        (tmp_path / "new").write_text(f"{token}\n")
        (tmp_path / "new").replace(tmp_path / HTTP_TOKEN_FILE)
        assert redact(token) == token
        file.look()
        assert redact(token) == REDACTED
    (tmp_path / HTTP_TOKEN_FILE).write_bytes(b"\xff\xfe")
    file.look()
    assert [redact(token) for token in tokens] == [REDACTED] * 3
