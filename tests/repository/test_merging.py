"""A merge takes what either side changed, and says so when both changed the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from devmesh.repository import MergeResult, merging
from devmesh.repository.git import Git
from devmesh.repository.merging import merge_file

HERE = Git(Path("/"))
BASE = b"1\n2\n3\n4\n5\n"

CASES = {
    "different lines": (b"one\n2\n3\n4\n5\n", b"1\n2\n3\n4\nfive\n", b"one\n2\n3\n4\nfive\n", 0),
    "the same edit": (b"1\nX\n3\n4\n5\n", b"1\nX\n3\n4\n5\n", b"1\nX\n3\n4\n5\n", 0),
    "only ours": (b"1\n", BASE, b"1\n", 0),
    "only theirs": (BASE, b"5\n", b"5\n", 0),
    "binary on both sides": (b"\0ours", b"\0theirs", b"\0ours", 1),
    "binary on one side": (b"1\n2\n3\n4\nX\n", b"\0theirs", b"1\n2\n3\n4\nX\n", 1),
    "Windows line ends": (b"one\r\n2\n3\n4\n5\n", b"1\n2\n3\n4\n5", b"one\r\n2\n3\n4\n5", 0),
}


@pytest.mark.parametrize("case", CASES)
def test_a_merge_of(case: str) -> None:
    """Each row of the table."""
    ours, theirs, merged, conflicts = CASES[case]
    assert merge_file(HERE, (BASE, ours, theirs)) == MergeResult(merged, conflicts)


def test_a_conflict_shows_all_three_versions_by_name() -> None:
    """The agent that gets it back sees what the project has, what both started from, and its own."""
    merged = merge_file(HERE, (b"a\nb\nc\n", b"a\nours\nc\n", b"a\ntheirs\nc\n"), ("project", "base", "claude's"))
    assert merged.conflicts == 1
    assert merged.data == (b"a\n<<<<<<< project\nours\n||||||| base\nb\n=======\ntheirs\n>>>>>>> claude's\nc\n")


LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"d\n"]), max_size=6).map(b"".join)


@settings(max_examples=25, deadline=None)
@given(LINES, LINES, LINES)
def test_a_clean_merge_does_not_depend_on_who_is_called_ours(base: bytes, ours: bytes, theirs: bytes) -> None:
    """Landing in either order gives the same text, or a conflict in both."""
    one, other = merge_file(HERE, (base, ours, theirs)), merge_file(HERE, (base, theirs, ours))
    assert (one.conflicts == 0) == (other.conflicts == 0)
    if one.conflicts == 0:
        assert one.data == other.data


def test_what_takes_too_long_to_merge_is_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of very many lines that differ in every other one: the gate has others to serve."""
    monkeypatch.setattr(merging, "PATIENCE", 0.01)
    base, ours, theirs = (b"".join(b"%d\n" % (line * step % 9) for line in range(300_000)) for step in (1, 5, 7))
    merged = merge_file(Git(Path.cwd()), (base, ours, theirs))
    assert (merged.data, merged.conflicts) == (ours, 1)
    assert "longer than 0.01 s" in merged.reason
