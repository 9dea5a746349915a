"""What one agent holds around a target."""

from __future__ import annotations

import pytest

from devmesh.core.holdings import Holdings
from devmesh.core.lock_records import Lock
from devmesh.vocabulary.terms import LockMode


def _holding(*targets: str) -> Holdings[Lock]:
    holdings: Holdings[Lock] = Holdings()
    for token, target in enumerate(targets, start=1):
        holdings.add(_lock(token, target))
    return holdings


def _lock(token: int, target: str) -> Lock:
    return Lock(token=token, agent="a", target=target, mode=LockMode.READ, lease=30.0, deadline=30.0, granted_at=0.0)


@pytest.mark.parametrize(
    ("held", "target", "around"),
    [
        (("a/b", "a/c"), "a/b", ["a/b"]),
        (("./", "a/", "a/b/", "c/"), "a/b/x", ["a/b/", "a/", "./"]),
        (("./", "a/", "a/b/"), "a/b/", ["a/b/", "a/", "./"]),
        (("a/", "a/b/"), "a/b/*.py", ["a/b/", "a/"]),
        (("*.py", "**/*.py", "a/*"), "a/x.py", ["**/*.py", "a/*"]),
        (("a/*",), "a/*", ["a/*"]),
        (("a/**/x",), "a/b/", []),
        (("**/x",), "a/*/x", []),
        (("app/[[]id]/",), "app/[[]id]/page", ["app/[[]id]/"]),
        (("a/b",), "a/", []),
        ((), "a", []),
    ],
)
def test_around_a_target_lies_what_contains_all_of_it(held: tuple[str, ...], target: str, around: list[str]) -> None:
    """The same, a directory above, a glob around a file; the nearest first. A part of it is not around it."""
    assert [lock.target for lock in _holding(*held).around(target)] == around


def test_what_is_removed_is_held_no_more() -> None:
    """Of every kind."""
    holdings = _holding("a", "b/", "*.c")
    for lock in list(holdings.by_number.values()):
        holdings.remove(lock)
    assert not holdings.by_number
    assert not holdings.by_target
    assert not holdings.globs
    assert holdings.around("x.c") == ()


def test_the_project_lies_around_itself_once() -> None:
    """As around everything else."""
    assert [lock.target for lock in _holding("./").around("./")] == ["./"]
