"""Text that comes in pieces: nothing is lost, and no piece ends within a secret."""

from __future__ import annotations

import pytest

from devmesh.bridge.holding import LONGEST, Holding
from devmesh.vocabulary.plain import REDACTED

SECRET = "ghp_" + "A1b2" * 9
KEY = "-----BEGIN PRIVATE KEY-----\nMIIlinelineline\nmorelines\n-----END PRIVATE KEY-----\n"


def passed(*pieces: str) -> str:
    """All that came through, piece by piece and then at the end."""
    holding = Holding()
    return "".join([*(holding.add(piece) for piece in pieces), holding.end()])


@pytest.mark.parametrize("text", [f"key {SECRET} end\n", f"before\n{KEY}after\n", f"password: {SECRET[4:]}\n"])
def test_no_cut_shows_a_secret(text: str) -> None:
    """Cut at every place, it reads as if it had come in one piece."""
    whole = passed(text)
    assert REDACTED in whole
    assert all(passed(text[:at], text[at:]) == whole for at in range(len(text)))


def test_whole_lines_pass_at_once() -> None:
    """Only the line that goes on is held."""
    assert Holding().add("one\ntwo\nthr") == "one\ntwo\n"


@pytest.mark.parametrize("offset", range(0, 60, 7))
def test_a_line_without_an_end_passes_between_tokens(offset: int) -> None:
    """What is held is bounded, and where it is cut no secret is halved."""
    holding = Holding()
    line = ('"' + "x" * offset + '","' + SECRET + '",') * (3 * LONGEST // 50)
    through = [holding.add(line[at : at + 999]) for at in range(0, len(line), 999)]
    assert sum(map(len, through)) > LONGEST // 2
    assert SECRET[4:] not in "".join([*through, holding.end()])


def test_nothing_is_lost() -> None:
    """A line of one endless token passes, too, once it is too long to be held."""
    assert passed(*["z" * 1000] * 40) == "z" * 40_000


def test_a_key_block_without_an_end_is_not_held_for_ever() -> None:
    """What looks like one and never ends passes, without what a key would be."""
    holding = Holding()
    lines = ["-----BEGIN PRIVATE KEY-----\n", *["line\n"] * (LONGEST // 5)]
    assert "".join(map(holding.add, lines)).startswith(REDACTED)
