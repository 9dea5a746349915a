"""Text that comes in pieces: nothing is lost, and no piece ends within a secret."""

from __future__ import annotations

import pytest

from devmesh.bridge.holding import LONGEST, Holding
from devmesh.vocabulary.plain import REDACTED
from tests.coordinator.test_canary import SECRETS
from tests.vocabulary.test_plain import shows

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


@pytest.mark.parametrize(("secret", "hidden"), SECRETS.values(), ids=SECRETS)
def test_none_of_twenty_kinds_passes_in_two_pieces(secret: str, hidden: str) -> None:
    """Cut at every place, with the line end of a terminal of eighty columns there or without."""
    for at in range(1, len(secret)):
        line = f"{'so ' * 40}"[: 79 - at] + " "
        for between in ("", "\n"):
            if between and "\n" in secret:
                continue
            through = passed(line + secret[:at], between, secret[at:], "!\n")
            assert not shows(through, hidden), (at, between)
            assert REDACTED in through


def test_a_value_below_its_name_does_not_pass() -> None:
    """The name's line is held until the next is there, however long that takes."""
    holding = Holding()
    assert holding.add("one\nEnter your password:\n") == "one\n"
    assert holding.add("hunter22\nthank you\n") == f"Enter your password:\n{REDACTED}\nthank you\n"


def test_a_key_too_long_to_be_held_shows_none_of_its_lines() -> None:
    """What comes after its end passes again."""
    lines = ["-----BEGIN PRIVATE KEY-----\n", *["QUJD" * 16 + "\n"] * 1000, "-----END PRIVATE KEY-----\n", "after\n"]
    through = passed("before\n", *lines)
    assert through == f"before\n{REDACTED}after\n"


def test_what_only_looked_like_a_key_is_shown_again_with_the_next_words() -> None:
    """A line that is none of a key's ends what is dropped."""
    lines = ["-----BEGIN PRIVATE KEY-----\n", *["QUJD" * 16 + "\n"] * 300, "these are words\n", "more\n"]
    assert passed(*lines).endswith("these are words\nmore\n")
