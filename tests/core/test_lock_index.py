"""Finding what overlaps a target, without looking at what does not."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from devmesh.core.lock_index import Crowd, LockIndex, place_of
from devmesh.core.lock_invariants import contents
from devmesh.core.lock_records import Lock
from devmesh.core.overlap import overlap
from devmesh.core.targets import canonical
from devmesh.vocabulary.terms import LockMode

READ, WRITE = LockMode.READ, LockMode.WRITE
TARGETS = [
    "./", "a", "b", "a/", "a/b", "a/b/", "a/b/c", "a/b/c/", "a/c", "b/", "b/c/a", "*", "*/", "**/c", "a/*", "a/**/c",
    "a/b/*", "?/b", "?/b/", "**/b/", "**/b/**/c", "[ab]/c", "a/[!c]/c", "*/*/c", "c/?/",
    "n.ipynb", "n.ipynb#x", "n.ipynb#y", "a/n.ipynb", "a/n.ipynb#x", "a/n.ipynb#y", "a/*.ipynb", "**/*.ipynb",
    "n.ipynb#x/",
]  # fmt: skip


def _lock(number: int, target: str, mode: LockMode = WRITE) -> Lock:
    return Lock(token=number, agent="a", target=canonical(target), mode=mode, lease=1.0, deadline=1.0, granted_at=0.0)


MOVES = st.lists(st.tuples(st.sampled_from(TARGETS), st.sampled_from(list(LockMode))), max_size=12)


@given(kept=MOVES, removed=MOVES, target=st.sampled_from(TARGETS), modes=st.sets(st.sampled_from(list(LockMode))))
def test_it_finds_exactly_what_overlaps_in_these_modes(
    kept: list[tuple[str, LockMode]], removed: list[tuple[str, LockMode]], target: str, modes: set[LockMode]
) -> None:
    """Against a look at every one; whatever was there and is gone."""
    index: LockIndex[Lock] = LockIndex()
    locks = [_lock(number, *move) for number, move in enumerate(kept + removed, start=1)]
    for lock in locks:
        index.add(lock.target, lock)
    for lock in locks[len(kept) :]:
        index.remove(lock.target, lock)
    for before in (None, 3):
        expected = [
            lock.token
            for lock in locks[: len(kept)]
            if lock.mode in modes and overlap(lock.target, target) and (before is None or lock.token < before)
        ]
        assert sorted(lock.token for lock in index.overlapping(target, modes, before)) == expected


@pytest.mark.parametrize("target", TARGETS)
def test_it_finds_every_kind_of_target_around_beside_and_below(target: str) -> None:
    """With one lock on each of them, in each of two modes."""
    index: LockIndex[Lock] = LockIndex()
    for number, each in enumerate(TARGETS * 2, start=1):
        lock = _lock(number, each, READ if number % 2 else WRITE)
        index.add(lock.target, lock)
    found = [lock.target for lock in index.overlapping(target, set(LockMode))]
    assert sorted(found) == sorted(each for each in TARGETS * 2 if overlap(each, target))


@given(MOVES)
def test_nothing_is_left_of_what_is_removed(moves: list[tuple[str, LockMode]]) -> None:
    """No node, no count, no empty crowd."""
    index: LockIndex[Lock] = LockIndex()
    locks = [_lock(number, *move) for number, move in enumerate(moves, start=1)]
    for lock in locks:
        index.add(lock.target, lock)
    for lock in reversed(locks):
        index.remove(lock.target, lock)
    assert contents(index.root) == {"": {}}
    assert not index.root.children


def test_of_several_on_one_target_the_latest_comes_first() -> None:
    """So that a request in a queue finds the one just before it, however long the queue is."""
    index: LockIndex[Lock] = LockIndex()
    for number in range(1, 1001):
        index.add("x", _lock(number, "x"))
    assert next(index.overlapping("x", {WRITE}, 500)).token == 499
    assert next(index.overlapping("x", {WRITE})).token == 1000
    assert index.visits <= 4


def test_a_crowd_says_when_its_last_has_gone() -> None:
    """Mode by mode."""
    crowd: Crowd[Lock] = Crowd()
    reading, writing = _lock(1, "x", READ), _lock(2, "x")
    crowd.add(writing)
    crowd.add(reading)
    assert [lock.token for lock in crowd.each({READ, WRITE}, None)] == [2, 1]
    assert not crowd.remove(reading)
    assert crowd.remove(writing)


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("x", ((), "files", "x")),
        ("a/[[]b]", (("a",), "files", "[b]")),
        ("./", ((), "below", "./")),
        ("a/b/", (("a", "b"), "below", "a/b/")),
        ("a/*/b", (("a",), "globs", "a/*/b")),
        ("*/", ((), "globs", "*/")),
        ("a/n.ipynb#x", (("a",), "globs", "a/n.ipynb#x")),
    ],
)
def test_every_target_has_one_place(target: str, place: tuple[tuple[str, ...], str, str]) -> None:
    """A glob where its fixed part ends."""
    assert place_of(target) == place


def _visits(held: int, target: str, mode: LockMode) -> int:
    """Nodes looked at to find one target, with so many files held around it."""
    index: LockIndex[Lock] = LockIndex()
    for number in range(1, held + 1):
        path = f"p{number % 10}/m{number % 7}/f{number}"
        index.add(path, _lock(number, path, READ))
    index.visits = 0
    assert list(index.overlapping(target, {mode})) == []
    return index.visits


@pytest.mark.parametrize(
    ("target", "mode"),
    [
        ("p1/m1/new", WRITE),
        ("p1/m1/new", READ),
        ("p1/", WRITE),
        ("./", WRITE),
        ("**/*.lock", WRITE),
        ("p1/m1/*", WRITE),
        ("p1/*/new", WRITE),
        ("q/", READ),
        ("q/*", READ),
    ],
)
def test_looking_up_costs_the_same_however_much_is_held(target: str, mode: LockMode) -> None:
    """Counted in nodes, not in seconds: no file that is not on the way, no directory without the modes asked for."""
    assert _visits(10_000, target, mode) == _visits(100, target, mode) <= 8


def test_fixed_names_in_a_glob_are_looked_up_not_searched() -> None:
    """`*/m1/new` looks into every package, but at one name in each."""
    assert _visits(7_000, "p1/*/new", READ) == _visits(700, "p1/*/new", READ)
