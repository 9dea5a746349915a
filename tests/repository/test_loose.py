"""A blob of ours is a file git itself reads, whole or not there, and does not depend on whom it was borrowed from."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from devmesh.errors import RepositoryError
from devmesh.repository import Repository, blob_id
from devmesh.repository.git import Git, Ran
from devmesh.repository.loose import keep, kind_of_loose, read_loose, write_all_loose, write_loose

CONTENTS = [b"%d\n" % number for number in range(20)]


def place(repository: Repository, oid: str) -> Path:
    """The file of a blob."""
    return repository.directory / "objects" / oid[:2] / oid[2:]


def test_the_blob_id_of_a_known_content_agrees_with_git(tmp_path: Path) -> None:
    """The two ways to compute it meet."""
    for data in (b"", b"hello\n", b"\0" * 5000):
        (tmp_path / "file").write_bytes(data)
        command = ["git", "hash-object", "--no-filters", "file"]
        said = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
        assert blob_id(data) == said.strip()


def test_blobs_come_back_as_they_went(repository: Repository) -> None:
    """Any bytes, twice, without git converting a thing; git itself reads them too."""
    for data in (b"", b"\r\n\0\xff", b"x" * 300_000):
        oid = write_loose(repository.directory, data)
        assert oid == write_loose(repository.directory, data) == blob_id(data)
        assert read_loose(repository.directory, oid) == data
        assert repository.git.run("cat-file", "blob", oid) == data
    repository.git.run("fsck", "--strict")


def test_a_damaged_blob_is_not_believed(repository: Repository) -> None:
    """A torn object file is an error, not another content."""
    oid = repository.write_blob(b"whole\n")
    place(repository, oid).chmod(0o644)
    place(repository, oid).write_bytes(place(repository, oid).read_bytes()[:5])
    assert read_loose(repository.directory, oid) is None
    with pytest.raises(RepositoryError):
        repository.read_blob(oid)


def test_what_is_no_blob_is_not_taken_for_one(repository: Repository) -> None:
    """Though it lies in the same place under such a name."""
    assert read_loose(repository.directory, repository.git.line("mktree")) is None


def test_many_are_named_in_order_and_each_is_on_disk_before_it_has_its_name(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or else a power cut could leave an empty file under a good name."""
    synced: list[int] = []
    fsync = os.fsync

    def recorded(descriptor: int) -> None:
        fsync(descriptor)
        assert Path(f"/proc/self/fd/{descriptor}").readlink().name not in {oid[2:] for oid in expected}
        synced.append(os.fstat(descriptor).st_ino)

    expected = [blob_id(data) for data in CONTENTS]
    monkeypatch.setattr(os, "fsync", recorded)
    assert write_all_loose(repository.directory, CONTENTS) == expected
    assert sorted(synced) == sorted(place(repository, oid).stat().st_ino for oid in expected)


def test_a_disk_that_refuses_leaves_nothing_half_written(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is ours, and neither the blob nor a temporary file is there."""

    def refuse(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(RepositoryError, match="cannot keep a blob: Input/output error"):
        write_loose(repository.directory, b"lost\n")
    oid = blob_id(b"lost\n")
    assert not place(repository, oid).exists()
    assert not list(place(repository, oid).parent.glob("tmp_obj_*"))


def test_what_was_borrowed_is_kept_through_one_process(
    project: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once kept, the lender may throw it away."""
    lender = Git(project)
    names = [lender.line("hash-object", "-w", "--stdin", given=data) for data in CONTENTS]
    git = repository.git
    assert not any(place(repository, oid).exists() for oid in names)
    begun: list[str] = []
    try_run = Git.try_run

    def counted(self: Git, *arguments: str, given: bytes = b"") -> Ran:
        begun.append(arguments[0])
        return try_run(self, *arguments, given=given)

    monkeypatch.setattr(Git, "try_run", counted)
    for _again in range(2):
        keep(git, repository.directory, [*names, names[0]])
    assert begun == ["cat-file"]
    for oid in names:
        (project / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    assert list(repository.read_blobs(names).values()) == CONTENTS


def test_what_the_lender_threw_away_already_is_an_error(repository: Repository) -> None:
    """It is not kept in silence."""
    with pytest.raises(RepositoryError, match="no such blob"):
        keep(repository.git, repository.directory, [blob_id(b"never stored")])


def test_what_an_object_is_shows_however_it_is_packed(tmp_path: Path) -> None:
    """Of a text, the code it is packed with may come first."""
    repository = Repository(tmp_path, tmp_path / "home").open()
    text = Path(__file__).read_bytes()
    for length in range(0, len(text), 50):
        assert kind_of_loose(repository.directory, repository.write_blob(text[:length])) == "blob"
