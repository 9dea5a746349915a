"""New content waits beside its target, complete and on disk; and only what is surely ours is cleared away."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from devmesh.errors import Code, RepositoryError
from devmesh.repository import blob_id
from devmesh.repository.exchange import Displaced, exchange
from devmesh.repository.reading import Current, read_current
from devmesh.repository.staging import (
    PREFIX,
    Staged,
    abandon,
    leftovers,
    remove_if,
    stage,
    sweep_leftovers,
    sync_staged,
    temporary_name,
)

OLD, NEW, THEIRS = b"old\n", b"new\n", b"theirs\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with one file."""
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "file").write_bytes(OLD)
    return folder


def files(root: Path) -> dict[str, bytes]:
    """Every file below, with its bytes."""
    return {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*") if file.is_file()}


def put(root: Path, path: str, data: bytes, expected: bytes | None) -> Displaced:
    """Exchange, and insist that it went through."""
    done = exchange(root, stage(root, path, data), None if expected is None else blob_id(expected))
    assert isinstance(done, Displaced)
    return done


def test_it_lies_in_the_nearest_folder_and_nothing_else_changed(root: Path) -> None:
    """Under a name that says whose it is and for which path; no folder is made for it."""
    (root / "a").mkdir()
    staged = stage(root, "a/b/c", NEW, "100755")
    assert staged == Staged(root, "a/b/c", staged.name, blob_id(NEW))
    assert staged.name.startswith(f"a/{PREFIX}")
    assert files(root) == {"file": OLD, staged.name: NEW}
    assert read_current(root, staged.name).mode == "100755"
    assert leftovers(root, "a/b/c") == (staged.name,)
    assert leftovers(root, "a/b/other") == ()


def test_a_link_is_staged_as_one(root: Path) -> None:
    """Its content is the name it leads to."""
    staged = stage(root, "link", b"file", "120000")
    sync_staged([staged])
    assert read_current(root, staged.name) == Current("symlink", blob_id(b"file"), "120000", b"file")


def test_a_full_disk_is_said_so_and_leaves_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of a content is never left beside its target."""
    write = os.write
    room = [2]

    def half(descriptor: int, data: bytes) -> int:
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[: room.pop()])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(RepositoryError, match="No space left") as full:
        stage(root, "file", NEW)
    assert full.value.code == Code.STORAGE_FULL
    assert files(root) == {"file": OLD}


def test_all_of_them_are_brought_to_the_disk(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file itself, by the time it returns; one that somebody took away is passed by."""
    staged = [stage(root, f"file{number}", NEW) for number in range(20)]
    synced: set[int] = set()
    fsync = os.fsync

    def recorded(descriptor: int) -> None:
        fsync(descriptor)
        synced.add(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", recorded)
    gone = staged.pop()
    (root / gone.name).unlink()
    sync_staged([gone, *staged])
    assert synced == {(root / one.name).stat().st_ino for one in staged}


def test_a_disk_that_cannot_bring_it_there_is_an_error(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the path of the target, for what is not on disk must not take its place."""

    def refuse(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    staged = [stage(root, "file", NEW), stage(root, "other", NEW)]
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(RepositoryError, match="cannot write 'file': Input/output error"):
        sync_staged(staged)


def test_a_temporary_file_goes_only_as_what_it_was(root: Path) -> None:
    """Not with another content, not while somebody writes to it; one that is gone is gone."""
    staged = stage(root, "file", NEW)
    place = root / staged.name
    with place.open("ab"):
        assert not abandon(staged)
    place.write_bytes(THEIRS)
    assert not abandon(staged)
    assert place.read_bytes() == THEIRS
    assert remove_if(root, staged.name, {blob_id(NEW), blob_id(THEIRS)})
    assert remove_if(root, staged.name, set())
    assert remove_if(root, "no/such/folder", set())
    assert files(root) == {"file": OLD}


def test_only_leftovers_that_are_surely_ours_are_swept(root: Path) -> None:
    """After a crash: known content goes, anything else is somebody's and is shown, other files are not looked at."""
    staged = stage(root, "a/file", NEW)
    (root / "a").mkdir()
    (root / "a" / "file").write_bytes(OLD)
    displaced = put(root, "a/file", NEW, OLD)
    foreign = put(root, "file", NEW, OLD)
    assert foreign.name is not None
    (root / foreign.name).write_bytes(THEIRS)
    (root / ".devmesh-of-somebody").write_bytes(OLD)
    assert leftovers(root, "a/file") == (staged.name, displaced.name)
    known = {path: {blob_id(OLD), blob_id(NEW)} for path in ("a/file", "file", "never/there")}
    for _twice in range(2):
        swept = sweep_leftovers(root, known)
        assert swept.kept == (foreign.name,)
    assert files(root) == {"a/file": NEW, "file": NEW, foreign.name: THEIRS, ".devmesh-of-somebody": OLD}


def test_no_two_temporary_names_are_alike() -> None:
    """Though they are for one path, whose mark they share."""
    names = {temporary_name("a/file") for _each in range(50)}
    assert len(names) == 50
    assert len({name.rpartition("-")[0] for name in names}) == 1
