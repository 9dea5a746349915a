"""Every version that was seen is kept until it is judged, once, by one of those who watch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from devmesh.bridge.guarding.trail import Trail
from devmesh.repository import Repository, blob_id

A, B, C = (blob_id(text) for text in (b"a\n", b"b\n", b"c\n"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One file."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "a.txt").write_text("a\n")
    return folder


@pytest.fixture
def trail(project: Path, tmp_path: Path) -> Iterator[Trail]:
    """Of one who watches."""
    begun = Trail(Repository(project, tmp_path / "home").open())
    begun.begin()
    yield begun
    begun.end()


def test_every_version_that_was_seen_is_there_in_its_order(project: Path, trail: Trail) -> None:
    """With its content in the private repository; a file that is gone is a version, too."""
    for text in ("b\n", "c\n"):
        (project / "a.txt").write_text(text)
        trail.look()
    (project / "a.txt").unlink()
    trail.look()
    assert trail.seen() == {"a.txt": (A, B, C, None)}
    assert trail.repository.read_blob(B) == b"b\n"


def test_what_is_judged_is_gone_and_what_came_later_is_not(project: Path, trail: Trail) -> None:
    """A look of somebody else's may come in between."""
    (project / "a.txt").write_text("b\n")
    trail.look()
    claimed = trail.claim(["a.txt", "other.txt"])
    (project / "a.txt").write_text("c\n")
    trail.look()
    trail.judged("a.txt", claimed["a.txt"], landed=7)
    assert trail.seen() == {"a.txt": (B, C)}
    assert trail.accounted() == {"a.txt": 7}


def test_what_one_judges_another_does_not(project: Path, trail: Trail) -> None:
    """Until the one has ended without having done so."""
    other = Trail(trail.repository)
    other.begin()
    (project / "a.txt").write_text("b\n")
    other.look()
    assert other.claim(["a.txt"])
    assert trail.claim(["a.txt"]) == {}
    other.end()
    assert trail.claim(["a.txt"]) == {"a.txt": (A, B)}


def test_what_a_killed_one_claimed_is_free(project: Path, trail: Trail) -> None:
    """Its process is gone."""
    (project / "a.txt").write_text("b\n")
    trail.look()
    assert Trail(trail.repository, name="4194304.1").claim(["a.txt"])
    assert trail.claim(["a.txt"]) == {"a.txt": (A, B)}


def test_what_was_written_while_nobody_watched_is_nobodys_matter(project: Path, trail: Trail) -> None:
    """Whoever is alone begins afresh; who joins another goes on where that one is."""
    trail.end()
    (project / "a.txt").write_text("b\n")
    trail.begin()
    assert trail.seen() == {}
    (project / "a.txt").write_text("c\n")
    other = Trail(trail.repository)
    other.begin()
    assert other.seen() == {"a.txt": (B, C)}
    other.end()


def test_what_nobody_judged_is_left_for_the_next(project: Path, trail: Trail) -> None:
    """With what became of it."""
    (project / "a.txt").write_text("b\n")
    trail.look()
    trail.end()
    (project / "a.txt").write_text("c\n")
    trail.begin()
    assert trail.seen() == {"a.txt": (A, B, C)}
