"""The syntax of targets: segments, and their one spelling."""

from __future__ import annotations

import glob

import pytest
from hypothesis import given, strategies as st

from devmesh.core.patterns import (
    ANY_DEPTH,
    ANY_SEGMENT,
    BELOW,
    WHOLE,
    Pattern,
    escape,
    parse,
    segment_of,
    spell,
)

NAMES = st.text("ab*?[]!", min_size=1, max_size=6)


@given(NAMES)
def test_an_escaped_name_means_that_name_and_no_other(name: str) -> None:
    """However many wildcards are in it; and it is written as the standard library writes it."""
    assert escape(name) == glob.escape(name)
    assert segment_of(escape(name)) == name


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("a**b", "a*b"),
        ("***", "*"),
        ("*?", "?*"),
        ("*?*?", "??*"),
        ("[a]*", "a*"),
        ("x[*]*", "x[*]*"),
        ("[ba]", "[ab]"),
    ],
)
def test_what_means_the_same_within_a_segment_is_spelled_the_same(written: str, spelled: str) -> None:
    """Runs of stars are one, and stand after the question marks."""
    segment = segment_of(written)
    assert isinstance(segment, Pattern)
    assert segment.text == spelled


@pytest.mark.parametrize("target", [WHOLE, "a/", "a/b", "a/*/", "**/a/", "a/**/b", "[[]id]/x*", "?"])
def test_spelling_undoes_parsing(target: str) -> None:
    """For every kind of canonical target."""
    assert spell(parse(target)) == target


def test_a_directory_is_at_least_one_segment_below_it() -> None:
    """`a/` is `a`, any one segment, and then any depth."""
    assert parse("a/") == ("a", *BELOW) == ("a", ANY_SEGMENT, ANY_DEPTH)
    assert parse(WHOLE) == BELOW


def test_patterns_are_equal_by_their_spelling() -> None:
    """And never to a name."""
    assert segment_of("*a") == segment_of("**a") != segment_of("*b")
    assert len({segment_of("*?"), segment_of("?*")}) == 1
    assert segment_of("*") != "*"
    assert repr(segment_of("*a")) == "Pattern('*a')"
    assert repr(segment_of("**")) == "ANY_DEPTH"


@pytest.mark.parametrize(
    ("pattern", "atom", "bits"),
    [
        ("a?[bc]*", "a", 0b0011),
        ("a?[bc]*", "c", 0b0110),
        ("a?[bc]*", ((ord("a"), ord("b")),), 0b0111),
        ("a?[bc]*", ((ord("x"), ord("z")),), 0b0010),
    ],
)
def test_a_pattern_knows_which_of_its_atoms_admit_a_character(
    pattern: str, atom: str | tuple[tuple[int, int], ...], bits: int
) -> None:
    """A star admits none by itself: it is walked over, not matched."""
    segment = segment_of(pattern)
    assert isinstance(segment, Pattern)
    assert segment.admitting(atom) == bits
