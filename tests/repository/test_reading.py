"""What lies at a path is read as it is: no link followed, no pipe opened, no difference between two looks hidden."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from devmesh.errors import PathEscapes, RepositoryError
from devmesh.repository import blob_id
from devmesh.repository.beneath import root_folder
from devmesh.repository.reading import ABSENT, Current, read_current, read_name, read_open


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with one file."""
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "file").write_bytes(b"old\n")
    return folder


def test_a_file_is_its_bytes_its_name_and_whether_it_runs(root: Path) -> None:
    """As git would store it; how many names it has is told too."""
    assert read_current(root, "file") == Current("file", blob_id(b"old\n"), "100644", b"old\n")
    (root / "file").chmod(0o744)
    os.link(root / "file", root / "other")
    assert read_current(root, "file") == Current("file", blob_id(b"old\n"), "100755", b"old\n", links=2)


def test_a_link_is_the_name_it_leads_to(root: Path) -> None:
    """Though that does not exist, or is no text; and a link in the way there is refused."""
    for target in (b"nowhere", b"no\xfftext", b".."):
        (root / "link").unlink(missing_ok=True)
        (root / "link").symlink_to(os.fsdecode(target))
        assert read_current(root, "link") == Current("symlink", blob_id(target), "120000", target)
    with pytest.raises(PathEscapes):
        read_current(root, "link/there/file")


def test_special_files_are_named_and_never_opened(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe nobody writes to does not block; what is not there is absent, not an error."""
    monkeypatch.chdir(root)
    os.mkfifo("pipe")
    (root / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    kinds = {path: read_current(root, path).kind for path in ("pipe", "socket", "folder", "none", "file/below", "file")}
    assert list(kinds.values()) == ["special", "special", "directory", "absent", "absent", "file"]


@pytest.mark.parametrize("swapped", ["a pipe", "nothing", "a link"])
def test_one_swapped_between_the_look_and_the_opening_is_not_mistaken(
    root: Path, swapped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had looked like a file: a pipe does not block even then, and a link is not followed."""
    (root / "secret").write_bytes(b"secret")
    looked = os.stat

    def look_then_swap(name: str, **how: object) -> os.stat_result:
        status = looked(name, **how)  # type: ignore[arg-type]
        (root / "file").unlink()
        if swapped == "a pipe":
            os.mkfifo(root / "file")
        elif swapped == "a link":
            (root / "file").symlink_to("secret")
        return status

    with root_folder(root) as folder:
        monkeypatch.setattr(os, "stat", look_then_swap)
        if swapped == "a link":
            with pytest.raises(OSError, match="symbolic links"):
                read_name(folder, "file")
        else:
            assert read_name(folder, "file") == (ABSENT if swapped == "nothing" else Current("special"))


def test_what_cannot_be_read_is_an_error_of_ours(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the path, and what the system said."""

    def refuse(_descriptor: int, _count: int) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "read", refuse)
    with pytest.raises(RepositoryError, match="cannot read 'file': Input/output error"):
        read_current(root, "file")


def test_an_open_file_is_read_to_its_end_whatever_its_name_became(root: Path) -> None:
    """More than one piece of it."""
    (root / "file").write_bytes(b"x" * 3_000_000)
    descriptor = os.open(root / "file", os.O_RDONLY)
    try:
        (root / "file").unlink()
        assert read_open(descriptor).data == b"x" * 3_000_000
    finally:
        os.close(descriptor)
