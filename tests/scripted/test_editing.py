"""Edits hit exactly one place, and hit it once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, strategies as st

from devmesh.scripted.editing import CannotEdit, append, insert, replace, resolve

TEXT = "one\ntwo\nthree\n"
CONFLICT = "a\n<<<<<<< project\nours\n||||||| base\nold\n=======\ntheirs\n>>>>>>> change\nb\n"

#: Every edit: how it is made, and what it makes of TEXT.
EDITS: dict[str, tuple[Callable[[str], str], str]] = {
    "replace": (lambda text: replace(text, ("two",), ("2", "2b")), "one\n2\n2b\nthree\n"),
    "replace by more of the same": (lambda text: replace(text, ("two",), ("two", "more")), "one\ntwo\nmore\nthree\n"),
    "remove": (lambda text: replace(text, ("one", "two"), ()), "three\n"),
    "insert above": (lambda text: insert(text, ("two",), ("new",), after=False), "one\nnew\ntwo\nthree\n"),
    "insert below": (lambda text: insert(text, ("two",), ("new",), after=True), "one\ntwo\nnew\nthree\n"),
    "append": (lambda text: append(text, ("", "four")), "one\ntwo\nthree\n\nfour\n"),
}
REPEATABLE = {name: edit for name, edit in EDITS.items() if name != "remove"}


@pytest.mark.parametrize(("edit", "after"), EDITS.values(), ids=EDITS)
def test_an_edit_changes_one_place(edit: Callable[[str], str], after: str) -> None:
    """And nothing else."""
    assert edit(TEXT) == after


@pytest.mark.parametrize(("edit", "after"), REPEATABLE.values(), ids=REPEATABLE)
def test_an_edit_made_twice_is_made_once(edit: Callable[[str], str], after: str) -> None:
    """A script can be run again on what it has already changed."""
    assert edit(edit(TEXT)) == after


def test_an_edit_stays_made_when_others_add_beside_it() -> None:
    """What a merge put between does not make it be done again."""
    once = insert(TEXT, ("two",), ("mine",), after=True)
    merged = insert(once, ("two",), ("theirs",), after=True)
    assert insert(merged, ("two",), ("mine",), after=True) == merged


@pytest.mark.parametrize("old", [("four",), ("tw",), (), ("one", "three")])
def test_what_is_not_there_cannot_be_replaced(old: tuple[str, ...]) -> None:
    """Whole lines, in their order."""
    with pytest.raises(CannotEdit):
        replace(TEXT, old, ("x",))


def test_what_is_there_twice_is_not_guessed_at() -> None:
    """Neither replaced nor used as an anchor."""
    with pytest.raises(CannotEdit, match="2 times"):
        replace("x\ny\nx\n", ("x",), ("z",))
    with pytest.raises(CannotEdit, match="2 times"):
        insert("x\ny\nx\n", ("x",), ("z",), after=True)


@pytest.mark.parametrize(
    ("keep", "text"), {"ours": "a\nours\nb\n", "theirs": "a\ntheirs\nb\n", "both": "a\nours\ntheirs\nb\n"}.items()
)
def test_a_conflict_is_settled_as_told(keep: str, text: str) -> None:
    """With or without the base between the two; a text without conflicts stays as it is."""
    assert resolve(CONFLICT, keep) == text
    assert resolve(CONFLICT.replace("||||||| base\nold\n", ""), keep) == text
    assert resolve(text, keep) == text


def test_a_conflict_cannot_be_settled_by_wishing() -> None:
    """Only the three ways there are."""
    with pytest.raises(CannotEdit):
        resolve(CONFLICT, "mine")


def test_line_ends_stay_as_they_were() -> None:
    """A file of Windows lines remains one."""
    assert replace("one\r\ntwo\r\n", ("two",), ("2",)) == "one\r\n2\r\n"


@given(st.lists(st.sampled_from("abc"), max_size=8), st.lists(st.sampled_from("abc"), min_size=1, max_size=3))
def test_appending_is_idempotent(lines: list[str], new: list[str]) -> None:
    """Whatever was there before."""
    text = "".join(line + "\n" for line in lines)
    assert append(append(text, new), new) == append(text, new)
