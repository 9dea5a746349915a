"""Which files a target means: the coordinator's own reading is the reference."""

from __future__ import annotations

import pytest

from devmesh.bridge.covering import covered_by_any, covers, exactly
from devmesh.core import targets

TARGETS = (
    *("src/", "./", "src/**", "**", "**/*.lock", "*.py", "src/*.py", "a?c", "a/**/b", "**/migrations/**"),
    *("a[12].txt", "[!a]x", "x[[]y", "[]]x", "a[b-d]e", "**/package-lock.json", "src/app.py", "a.b", "*/x/"),
)
PATHS = (
    *("src/a", "src", "src/z/k.py", "src/k.py", "src/app.py", "m.py", "Cargo.lock", "x/y/Cargo.lock", "abc", "a/c"),
    *("a/b", "a/x/b", "a/x/y/b", "migrations", "migrations/1", "q/migrations/1/2", "a1.txt", "a3.txt", "bx", "ax"),
    *("x[y", "]x", "ace", "aee", "package-lock.json", "p/package-lock.json", "a.b", "axb", "q/x/z", "x/z"),
)


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_means_what_the_coordinator_takes_it_to_mean(target: str) -> None:
    """File for file."""
    canonical = targets.canonical(target)
    for path in PATHS:
        assert covers(target, path) == targets.covers(canonical, path), path


@pytest.mark.parametrize("path", PATHS)
def test_a_file_asked_for_exactly_is_itself_and_nothing_else(path: str) -> None:
    """Whatever its name contains."""
    assert [other for other in PATHS if covers(exactly(path), other)] == [path]
    assert exactly(path) == targets.escape(path)
    assert covered_by_any(["nothing", exactly(path)], path)
