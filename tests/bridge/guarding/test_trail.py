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


def test_what_was_gone_before_anybody_looked_is_there_if_it_was_witnessed(project: Path, trail: Trail) -> None:
    """Also where the file is now what it was; once, whoever looks next, and whoever watched besides."""
    other = Trail(trail.repository)
    other.begin()
    for text in ("b\n", "c\n", "a\n"):
        (project / "a.txt").write_text(text)
        trail.witness.sights()
    trail.look()
    assert trail.seen() == {"a.txt": (A, B, C, A)}
    assert trail.repository.keeps(B)
    other.look()
    trail.look()
    assert trail.seen() == {"a.txt": (A, B, C, A)}
    other.end()


def test_who_comes_later_asks_who_was_there(project: Path, trail: Trail) -> None:
    """What it never saw is in the trail all the same, whoever looks first."""
    (project / "a.txt").write_text("b\n")
    trail.witness.sights()
    (project / "a.txt").write_text("c\n")
    other = Trail(trail.repository)
    other.begin()
    assert other.seen() == {"a.txt": (A, B, C)}
    (project / "a.txt").write_text("a\n")
    trail.witness.sights()
    (project / "a.txt").write_text("b\n")
    other.look()
    assert other.seen() == {"a.txt": (A, B, C, A, B)}
    other.end()


def test_what_is_written_while_one_looks_is_there_once(
    project: Path, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the look still found it, or only what was before it."""
    snapshot = Repository.snapshot

    def overtaken(repository: Repository) -> str:
        (project / "a.txt").write_text("b\n")
        trail.witness.sights()
        commit = snapshot(repository)
        (project / "a.txt").write_text("c\n")
        return commit

    with monkeypatch.context() as patch:
        patch.setattr(Repository, "snapshot", overtaken)
        trail.look()
    assert trail.seen() == {"a.txt": (A, B)}
    trail.look()
    assert trail.seen() == {"a.txt": (A, B, C)}


def test_a_file_that_is_none_of_the_project_leaves_no_trail(project: Path, trail: Trail) -> None:
    """However it is written."""
    (project / ".gitignore").write_text("*.log\n")
    trail.look()
    (project / "a.log").write_text("a\n")
    trail.witness.sights()
    (project / "a.log").write_text("b\n")
    trail.look()
    assert set(trail.seen()) == {".gitignore"}


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
