"""Overlap of any two targets, against brute force: every file over a small alphabet."""

from __future__ import annotations

import fnmatch
import itertools
import re
import time

import pytest
from hypothesis import given, settings, strategies as st

from devmesh.core.overlap import overlap
from devmesh.core.targets import canonical, covers
from devmesh.errors import BadTarget

WORDS = tuple("".join(word) for size in (1, 2, 3) for word in itertools.product("ab", repeat=size))
FILES = tuple("/".join(path) for depth in (1, 2, 3) for path in itertools.product(WORDS[:6], repeat=depth))
"Every file of one to three segments, each of one or two letters."

ATOMS = st.sampled_from(["a", "b", "*", "?", "[ab]", "[!a]", "[b]"])
SEGMENTS = st.lists(ATOMS, min_size=1, max_size=3).map("".join).filter(lambda text: not text.startswith("**"))


@st.composite
def targets(draw: st.DrawFn) -> str:
    """A file, directory or glob of up to three segments."""
    segments = draw(st.lists(SEGMENTS | st.just("**"), min_size=1, max_size=3))
    return canonical("/".join(segments) + draw(st.sampled_from(["", "", "/"])))


def matches(target: str, path: str) -> bool:
    """Written from the description alone: segment by segment, with the standard library's fnmatch."""
    words = target.removeprefix("./").split("/")
    if words[-1] == "":
        words[-1:] = ["*", "**"]
    return _matches(words, path.split("/"))


def _matches(words: list[str], names: list[str]) -> bool:
    if not words:
        return not names
    if words[0] == "**":
        return any(_matches(words[1:], names[skipped:]) for skipped in range(len(names) + 1))
    return bool(names) and fnmatch.fnmatchcase(names[0], words[0]) and _matches(words[1:], names[1:])


def shortest_common_fits(first: str, second: str) -> bool:
    """Whether a common file, if there is any, is short enough to be among FILES."""
    longest = max(len(word.replace("[ab]", "x").replace("[!a]", "x")) for word in (first + "/" + second).split("/"))
    return first.count("/") + second.count("/") <= 2 and longest <= 2


@settings(max_examples=400)
@given(first=targets(), second=targets())
def test_a_common_file_is_never_overlooked(first: str, second: str) -> None:
    """If any small file is in both, they overlap; and the order of the question does not matter."""
    common = next((path for path in FILES if matches(first, path) and matches(second, path)), None)
    assert overlap(first, second) == overlap(second, first)
    assert common is None or overlap(first, second), common


@settings(max_examples=400)
@given(first=targets(), second=targets())
def test_an_overlap_is_never_invented(first: str, second: str) -> None:
    """If they overlap, a file shows it, wherever the smallest such file is small enough to be listed."""
    if shortest_common_fits(first, second) and overlap(first, second):
        assert any(matches(first, path) and matches(second, path) for path in FILES)


@settings(max_examples=300)
@given(
    first=st.lists(ATOMS, min_size=1, max_size=4).map("".join),
    second=st.lists(ATOMS, min_size=1, max_size=4).map("".join),
)
def test_two_patterns_overlap_exactly_when_a_word_is_in_both(first: str, second: str) -> None:
    """Both directions, for single segments: every word of up to five letters, the most such patterns can need."""
    if "**" in (first, second) or len(re.sub(r"\[[^]]*\]", "x", first + second)) > 5:
        return
    expressions = [re.compile(fnmatch.translate(text)) for text in (first, second)]
    words = ("".join(word) for size in range(1, 6) for word in itertools.product("abc", repeat=size))
    common = any(all(expression.match(word) for expression in expressions) for word in words)
    assert overlap(canonical(f"x/{first}/x"), canonical(f"x/{second}/x")) == common


@given(target=targets(), path=st.sampled_from(FILES))
def test_a_target_covers_a_file_exactly_when_it_contains_it(target: str, path: str) -> None:
    """Which is the same as overlapping with the file as a target."""
    assert covers(target, path) == matches(target, path) == overlap(target, path)


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("src/", "src/app.py", True),
        ("src/", "src", False),
        ("src/", "src/*/", True),
        ("src/", "srcs/app.py", False),
        ("./", "**/x", True),
        ("**/a/*.py", "src/**/b?.py", True),
        ("a*b", "b*a", False),
        ("*.py", "src/*.py", False),
        ("**/*.py", "**/*.rs", False),
        ("**/test_*", "src/**/*_test", True),
        ("[a-f]*", "[g-z]*", False),
        ("[!a]", "[ab]", True),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c", False),
        ("app/[[]id]/p", "app/?id?/p", True),
        ("app/[[]id]/p", "app/[id]/p", False),
    ],
)
def test_overlap_of(first: str, second: str, together: bool) -> None:  # noqa: FBT001
    """Cases a person would think of."""
    assert overlap(first, second) is together
    assert overlap(second, first) is together


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("*a" * 31 + "b", "*a" * 31 + "c"),
        ("/".join(["**", "*a*"] * 15) + "/b", "/".join(["**", "*a*"] * 15) + "/c"),
        ("/".join(["**", "a"] * 60)[:4000], "/".join(["a"] * 120)),
        ("[!b]*" * 30 + "x", "[!c]*" * 30 + "y"),
    ],
)
def test_hostile_patterns_are_compared_in_polynomial_time(first: str, second: str) -> None:
    """Backtracking would take longer than the sun lasts; a generous second is far beyond what this takes."""
    try:
        one, other = canonical(first), canonical(second)
    except BadTarget:  # Refused for its many wildcards is as good.
        one, other = canonical("*a" * 31), canonical("a" * 250)
    started = time.perf_counter()
    overlap(one, other)
    assert time.perf_counter() - started < 1


NOTEBOOKS = ("n.ipynb", "a/n.ipynb", "a/m.ipynb")
PARTS = [(name, cell) for name in NOTEBOOKS for cell in ("x", "y", "the rest")]
"Everything there is: each notebook as two cells and what is neither."


def parts(target: str) -> set[tuple[str, str]]:
    """What is in a target, from the description alone."""
    file, _, cell = target.partition("#")
    return {(name, each) for name, each in PARTS if matches(file, name) and cell in {"", each}}


@pytest.mark.parametrize("first", [*NOTEBOOKS, "*.ipynb", "**/*.ipynb", "a/", "./", "a/m.ipynb", "b/"])
@pytest.mark.parametrize("cell", ["#x", "#y", ""])
@pytest.mark.parametrize("second", NOTEBOOKS)
def test_a_cell_is_part_of_its_notebook_and_of_no_other_cell(first: str, cell: str, second: str) -> None:
    """Against the list of all parts, for files, folders, globs and cells."""
    one, both = canonical(first), [canonical(second + cell), canonical(f"{second}#x")]
    for other in both:
        assert overlap(one, other) == overlap(other, one) == bool(parts(one) & parts(other))
    assert overlap(*both) == bool(parts(both[0]) & parts(both[1]))


def test_a_folder_may_look_like_a_cell() -> None:
    """Only a last segment names a cell."""
    assert overlap("n.ipynb#x/b", "n.ipynb#x/")
    assert not overlap("n.ipynb#x/b", "n.ipynb")
    assert not overlap("n.ipynb#x/b", "n.ipynb#x")
