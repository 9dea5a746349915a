"""Each version of a file is read as soon as its writer is done, whole, and nobody has to look for that."""

from __future__ import annotations

import errno
import math
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devmesh.bridge.guarding import witness as witnessing
from devmesh.bridge.guarding.witness import Witness, written_down
from devmesh.repository import blob_id
from devmesh.repository.exchange import Displaced, discard, exchange, stage

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of writes by inotify")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One file in a folder."""
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "a.txt").write_text("a\n")
    return folder


@pytest.fixture
def witness(project: Path, tmp_path: Path) -> Iterator[Witness]:
    """Of that file."""
    begun = Witness(project, tmp_path / "notes")
    begun.begin()
    begun.follow(["src/a.txt"])
    assert begun.complete
    yield begun
    begun.end()


def seen(witness: Witness, path: str = "src/a.txt") -> list[bytes | None]:
    """What it was, one after the other."""
    return [one.content for one in witness.sights().get(path, [])]


def test_what_is_overwritten_before_anybody_looks_was_seen(project: Path, witness: Witness) -> None:
    """It tells of itself when something was written, and has read that by then."""
    told = threading.Event()
    witness.listen(told.set)
    for text in ("b\n", "c\n", "d\n"):
        (project / "src" / "a.txt").write_text(text)
        while text.encode() not in [sight.content for _, sight in witness._sights]:
            assert told.wait(30)
            told.clear()
    assert seen(witness) == [b"b\n", b"c\n", b"d\n"]


def in_place(file: Path) -> None:
    """As a tool writes."""
    file.write_text("b\n")


def renamed(file: Path) -> None:
    """As an editor saves."""
    file.with_name("fresh").write_text("b\n")
    file.with_name("fresh").replace(file)


def removed_before(file: Path) -> None:
    """As git checks out."""
    file.unlink()
    file.write_text("b\n")


@pytest.mark.parametrize("write", [in_place, renamed, removed_before])
def test_however_it_is_written_it_is_seen_once(project: Path, witness: Witness, write: Callable[[Path], None]) -> None:
    """Nothing is read before it is whole."""
    write(project / "src" / "a.txt")
    assert [content for content in seen(witness) if content is not None] == [b"b\n"]


def test_half_a_write_is_no_version(project: Path, witness: Witness) -> None:
    """Not while it is being written, and not because of somebody who was done before."""
    file = project / "src" / "a.txt"
    with witness._guard:  # it finds both at once
        file.write_text("b\n")
        stream = file.open("w")
        stream.write("half ")
        stream.flush()
    assert seen(witness) == []
    stream.write("and half\n")
    stream.close()
    assert seen(witness) == [b"half and half\n"]


def test_a_file_that_is_gone_is_a_version_too(project: Path, witness: Witness) -> None:
    """Unless it is there again by the time this is heard of: some write so."""
    file = project / "src" / "a.txt"
    file.unlink()
    witness.sights()
    with witness._guard:
        file.write_text("b\n")
        file.unlink()
        file.write_text("c\n")
    witness.sights()
    file.rename(project / "src" / "b.txt")
    assert seen(witness) == [None, b"c\n", None]
    assert seen(witness, "src/b.txt") == [b"c\n"]


def test_what_appears_beside_is_seen_too(project: Path, witness: Witness) -> None:
    """It may be a file of the project, as soon as somebody looks."""
    (project / "src" / "new.txt").write_text("new\n")
    assert seen(witness, "src/new.txt") == [b"new\n"]


def test_what_the_gate_puts_in_place_is_told_from_what_others_write(project: Path, witness: Witness) -> None:
    """By the names under which it lay before."""
    done = exchange(project, stage(project, "src/a.txt", b"landed\n"), blob_id(b"a\n"))
    assert isinstance(done, Displaced)
    assert discard(done)
    witness.sights()
    (project / "src" / "a.txt").write_text("b\n")
    assert {name: [one[1:] for one in sights] for name, sights in witness.sights().items()} == {
        "src/a.txt": [(b"landed\n", True), (b"b\n", False)]
    }


@pytest.mark.parametrize("away", ["removed", "renamed"])
def test_a_folder_that_is_there_again_is_watched_again(project: Path, witness: Witness, away: str) -> None:
    """What is written to one that has another name now is not taken for the old one's."""
    file = project / "src" / "a.txt"
    if away == "removed":
        file.unlink()
        file.parent.rmdir()
    else:
        file.parent.rename(project / "other")
        witness.sights()
        (project / "other" / "a.txt").write_text("elsewhere\n")
    file.parent.mkdir()
    witness.sights()
    file.write_text("b\n")
    assert [content for content in seen(witness) if content is not None] == [b"b\n"]


def test_what_is_kept_is_bounded(project: Path, witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one file, and in all: the oldest goes first; and what nobody needs any more."""
    monkeypatch.setattr(witnessing, "LARGEST", 8)
    monkeypatch.setattr(witnessing, "MOST", 8)
    for text in ("four", "five5", "too large", "six"):
        (project / "src" / "a.txt").write_text(text)
        witness.sights()
    assert seen(witness) == [b"five5", b"six"]
    witness.forget(witness.sights()["src/a.txt"][0].at)
    assert seen(witness) == [b"six"]


def test_what_was_seen_is_written_down_until_it_is_forgotten(project: Path, witness: Witness, tmp_path: Path) -> None:
    """For those who were not there; half a line is none."""
    for text in ("b\n", "c\n"):
        (project / "src" / "a.txt").write_text(text)
        witness.sights()
    assert written_down(tmp_path / "notes") == (witness.since, witness.sights())
    notes = (tmp_path / "notes").read_bytes()
    (tmp_path / "torn").write_bytes(notes[:-5])
    assert [one.content for one in written_down(tmp_path / "torn")[1]["src/a.txt"]] == [b"b\n"]
    witness.forget(time.monotonic())
    assert written_down(tmp_path / "notes") == (witness.since, {})
    witness.end()
    assert written_down(tmp_path / "notes") == (math.inf, {})


def test_a_system_without_another_watch_is_said_so(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then glances must do."""

    def refused(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr("asyncinotify.Inotify.add_watch", refused)
    begun = Witness(project, tmp_path / "notes")
    begun.begin()
    begun.follow(["src/a.txt"])
    assert not begun.complete
    begun.end()


def test_after_its_end_it_sees_nothing_and_leaves_nothing(project: Path, witness: Witness) -> None:
    """No thread."""
    witness.end()
    (project / "src" / "a.txt").write_text("b\n")
    assert witness.sights() == {}
    assert not [thread for thread in threading.enumerate() if thread.name == "devmesh-witness"]
    witness.end()
