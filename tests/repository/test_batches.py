"""Many blobs through one git process, each byte for byte."""

from __future__ import annotations

import pytest

from devmesh.errors import RepositoryError
from devmesh.repository import Repository
from devmesh.repository.batches import read_batch
from devmesh.repository.git import Git, Ran

CONTENTS = [b"", b"\n", b"one\ntwo", b"\0\xff\r\n", b"blob 7\n", b"x" * 300_000]


def kept_by_git(repository: Repository, data: bytes) -> str:
    """Its name, once git itself has stored it."""
    return repository.git.line("hash-object", "-w", "--stdin", given=data)


def test_every_content_comes_back_from_one_process(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty, without a last line end, binary, or looking like an answer of git's."""
    names = [kept_by_git(repository, data) for data in CONTENTS]
    git = repository.git
    begun: list[tuple[str, ...]] = []
    try_run = Git.try_run

    def counted(self: Git, *arguments: str, given: bytes = b"") -> Ran:
        begun.append(arguments)
        return try_run(self, *arguments, given=given)

    monkeypatch.setattr(Git, "try_run", counted)
    assert read_batch(git, names) == dict(zip(names, CONTENTS, strict=True))
    assert len(begun) == 1
    assert read_batch(git, []) == {}
    assert len(begun) == 1


def test_one_that_is_missing_or_no_blob_fails_them_all(repository: Repository) -> None:
    """Nothing is handed out as the content of something else."""
    blob, tree = kept_by_git(repository, b"x"), repository.git.line("mktree")
    for wrong in ("0" * 39 + "1", tree):
        with pytest.raises(RepositoryError, match=f"no such blob: {wrong}"):
            read_batch(repository.git, [blob, wrong, blob])
