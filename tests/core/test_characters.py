"""Sets of characters: what stands between brackets."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from devmesh.core.characters import ANYTHING, LAST, SLASH, Characters, bracket, intersect, spelled
from devmesh.errors import BadTarget

ALPHABET = "!-]^[ab,.0/"
BODIES = st.text(ALPHABET, min_size=1, max_size=6)


def _set(text: str) -> Characters:
    characters, end = bracket(text, 1)
    assert end == len(text)
    return characters


def _members(characters: Characters) -> set[str]:
    return {letter for letter in ALPHABET + "cz" if any(low <= ord(letter) <= high for low, high in characters)}


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("[ab]", "ab"),
        ("[b-z]", "bcz"),
        ("[!a-z0]", "!-]^[,."),
        ("[]a]", "]a"),
        ("[!]a]", "!-^[b,.0cz"),
        ("[a-]", "a-"),
        ("[-a]", "-a"),
        ("[!!]", "-]^[ab,.0cz"),
        ("[a!]", "a!"),
        ("[,-0]", ",-.0"),
        ("[^a]", "^a"),
    ],
)
def test_brackets_mean_what_a_shell_means_by_them(text: str, members: str) -> None:
    """Sets, ranges, negation, and the three characters with a place of their own; `/` is never in one."""
    assert _members(_set(text)) == set(members)


@pytest.mark.parametrize("text", ["[", "[a", "[]", "[!]", "[!", "[b-a]"])
def test_a_bracket_that_does_not_close_or_runs_backwards_is_refused(text: str) -> None:
    """Guessing at what was meant could lock something else."""
    with pytest.raises(BadTarget):
        bracket(text, 1)


@given(body=BODIES, negated=st.booleans())
def test_a_set_is_spelled_such_that_it_reads_back_the_same(body: str, negated: bool) -> None:  # noqa: FBT001
    """Whatever is in it, and in whatever order it was written."""
    text = f"[{'!' if negated else ''}{body}]"
    try:
        characters, end = bracket(text, 1)
    except BadTarget:
        return
    if end != len(text) or not characters or len(characters) == 1 == 1 + characters[0][1] - characters[0][0]:
        return
    assert spelled(characters) == "?" if characters == ANYTHING else _set(spelled(characters)) == characters


@given(body=BODIES, other=BODIES)
def test_two_sets_meet_when_they_have_a_character_in_common(body: str, other: str) -> None:
    """Against plain sets of the alphabet's characters."""
    first, second = _single(body), _single(other)
    assert intersect(first, second) == bool(set(body) & set(other) - {"/"})


def _single(letters: str) -> Characters:
    return tuple((ord(letter), ord(letter)) for letter in sorted(set(letters) - {"/"}))


def test_anything_leaves_out_nothing_but_the_slash() -> None:
    """So `?` never crosses into another segment."""
    assert sum(high - low + 1 for low, high in ANYTHING) == LAST
    assert not intersect(ANYTHING, ((SLASH, SLASH),))
    assert spelled(ANYTHING) == "?"
