"""The handle on a project's private repository: opened on first use, shared by everybody, cheap for many at once."""

from __future__ import annotations

import fcntl
import threading
from pathlib import Path

import pytest

from devmesh.errors import RepositoryError
from devmesh.repository import Repository, blob_id, tree_lock
from devmesh.repository.git import Git, Ran


def test_nothing_is_written_before_it_is_used(project: Path, tmp_path: Path) -> None:
    """Then it is there, in a folder nobody else may look into."""
    repository = Repository(project, tmp_path / "state")
    assert not (tmp_path / "state").exists()
    assert repr(repository) == f"Repository({str(project)!r}, home={str(tmp_path / 'state')!r})"
    repository.write_blob(b"x")
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert (repository.directory / "HEAD").is_file()


def test_two_handles_on_one_repository_are_one(project: Path, repository: Repository) -> None:
    """What one keeps the other reads, opened at the same time by many."""
    handles = [Repository(project, repository.home) for _each in range(4)]
    threads = [threading.Thread(target=handle.open) for handle in handles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [handle.read_blob(repository.write_blob(b"kept")) for handle in handles] == [b"kept"] * 4
    assert {handle.snapshot() for handle in handles} == {repository.snapshot()}


def test_many_blobs_cost_one_process_at_most(
    project: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None where all are our own; one however many are borrowed."""
    own = repository.write_blobs([b"1", b"2", b"1"])
    assert own == [blob_id(b"1"), blob_id(b"2"), blob_id(b"1")]
    borrowed = [Git(project).line("hash-object", "-w", "--stdin", given=data) for data in (b"3", b"4")]
    begun: list[str] = []
    try_run = Git.try_run

    def counted(self: Git, *arguments: str, given: bytes = b"") -> Ran:
        begun.append(arguments[0])
        return try_run(self, *arguments, given=given)

    monkeypatch.setattr(Git, "try_run", counted)
    assert repository.read_blobs(own) == {blob_id(b"1"): b"1", blob_id(b"2"): b"2"}
    assert begun == []
    assert list(repository.read_blobs([own[0], *borrowed, own[1]]).values()) == [b"1", b"3", b"4", b"2"]
    assert begun == ["cat-file"]
    with pytest.raises(RepositoryError, match="not an object id"):
        repository.read_blobs([own[0], "--batch-all-objects"])


def test_a_snapshot_waits_for_an_exchange_and_its_holder_does_not(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody reads half a change; who holds the tree says so."""
    waiting = threading.Event()
    taken: list[str] = []
    flock = fcntl.flock

    def refused(descriptor: int, kind: int) -> None:
        try:
            flock(descriptor, kind)
        except BlockingIOError:
            waiting.set()
            raise

    reader = threading.Thread(target=lambda: taken.append(repository.snapshot()))
    with tree_lock(repository.home, exclusive=True):
        held = repository.take_snapshot(locked=True)
        monkeypatch.setattr(fcntl, "flock", refused)
        reader.start()
        assert waiting.wait(10)
        assert taken == []
    reader.join()
    assert taken == [held.commit]
