"""An exchange is whole or not at all, leaves the root never, and destroys no byte that somebody else wrote."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from devmesh.errors import PathEscapes, RepositoryError
from devmesh.repository import beneath, blob_id, renaming
from devmesh.repository.exchange import (
    Current,
    Displaced,
    Moved,
    abandon,
    discard,
    exchange,
    read_current,
    remove,
    restore,
    stage,
    sync_exchanged,
)


def a_pipe(file: Path) -> None:
    """Somebody puts a pipe where the file was."""
    file.unlink()
    os.mkfifo(file)


OLD, NEW, THEIRS = b"old\n", b"new\n", b"theirs\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with one file."""
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "file").write_bytes(OLD)
    return folder


def put(root: Path, path: str, data: bytes, expected: bytes | None, mode: str = "100644") -> Displaced:
    """Exchange, and insist that it went through."""
    done = exchange(root, stage(root, path, data, mode), None if expected is None else blob_id(expected))
    assert isinstance(done, Displaced)
    return done


def just_before(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object], call: int = 1) -> None:
    """Have somebody act in the instant before the system's rename, the `call`-th of ours."""
    rename, calls = renaming._rename_with, 0

    def interrupted(source: renaming.Place, target: renaming.Place, linux: int, mac: int) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            act()
        rename(source, target, linux, mac)

    monkeypatch.setattr(renaming, "_rename_with", interrupted)


def files(root: Path) -> dict[str, bytes]:
    """Every file below, with its bytes."""
    return {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*") if file.is_file()}


def test_the_new_content_takes_the_place_of_exactly_what_was_expected(root: Path) -> None:
    """What was displaced is kept until it is discarded."""
    done = put(root, "file", NEW, OLD)
    assert done.name is not None
    assert files(root) == {"file": NEW, done.name: OLD}
    assert discard(done)
    assert files(root) == {"file": NEW}


def test_a_new_file_comes_with_its_folders(root: Path) -> None:
    """They are made when it is put in place, not before."""
    staged = stage(root, "a/b/c", NEW)
    assert not (root / "a").exists()
    assert isinstance(exchange(root, staged, None), Displaced)
    assert files(root) == {"file": OLD, "a/b/c": NEW}


def test_a_removal_takes_emptied_folders_along(root: Path) -> None:
    """As git does; a folder with anything else in it stays."""
    for path in ("a/b/c", "a/other"):
        discard(put(root, path, NEW, None))
    done = remove(root, "a/b/c", blob_id(NEW))
    assert isinstance(done, Displaced)
    assert not (root / "a" / "b" / "c").exists()
    assert discard(done)
    assert not (root / "a" / "b").exists()
    assert files(root) == {"file": OLD, "a/other": NEW}


@pytest.mark.parametrize(
    "foreign",
    [
        lambda file: file.write_bytes(THEIRS),
        lambda file: file.unlink(),
        lambda file: (file.unlink(), file.mkdir()),
        a_pipe,
        lambda file: (file.unlink(), file.symlink_to("/etc/passwd")),
    ],
    ids=["written", "deleted", "a folder", "a pipe", "a link"],
)
@pytest.mark.parametrize("ours", ["exchange", "remove"])
@pytest.mark.parametrize("moment", ["before", "at the last moment"])
def test_what_somebody_did_in_between_stays(
    root: Path, foreign: Callable[[Path], object], ours: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is: it is found, in place, untouched, and nothing of ours is left beside it."""
    staged = stage(root, "file", NEW)
    before: os.stat_result | None = None

    def interfere() -> None:
        nonlocal before
        foreign(root / "file")
        before = os.lstat(root / "file") if os.path.lexists(root / "file") else None

    if moment == "before":
        interfere()
    else:
        just_before(monkeypatch, interfere)
    found = exchange(root, staged, blob_id(OLD)) if ours == "exchange" else remove(root, "file", blob_id(OLD))
    abandon(staged)
    after = os.lstat(root / "file") if os.path.lexists(root / "file") else None
    assert isinstance(found, Moved)
    assert found.kept == ()
    assert (before and (before.st_ino, before.st_mode)) == (after and (after.st_ino, after.st_mode))
    assert [entry.name for entry in root.iterdir()] == (["file"] if after else [])
    assert found.found == read_current(root, "file")


def test_somebody_who_writes_twice_in_between_has_both_versions(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the exchange and again before it is taken back: the newest is in place, the other is kept and named."""
    staged = stage(root, "file", NEW)
    just_before(monkeypatch, lambda: (root / "file").write_bytes(b"newest\n"), call=2)
    with monkeypatch.context() as first:
        just_before(first, lambda: (root / "file").write_bytes(THEIRS))
        found = exchange(root, staged, blob_id(OLD))
    assert isinstance(found, Moved)
    assert found.found.data == b"newest\n"
    assert found.kept == (staged.name,)
    assert files(root) == {"file": b"newest\n", staged.name: THEIRS}


def test_a_file_that_appeared_in_between_stays(root: Path) -> None:
    """An addition overwrites nothing, be it identical."""
    staged = stage(root, "fresh", NEW)
    (root / "fresh").write_bytes(THEIRS)
    found = exchange(root, staged, None)
    assert isinstance(found, Moved)
    assert found.found.data == THEIRS
    assert files(root) == {"file": OLD, "fresh": THEIRS}


def test_an_exchange_is_taken_back(root: Path) -> None:
    """An edit, an addition and a removal, each back to what was there."""
    assert restore(put(root, "file", NEW, OLD)) is None
    assert restore(put(root, "a/fresh", NEW, None)) is None
    removed = remove(root, "file", blob_id(OLD))
    assert isinstance(removed, Displaced)
    assert restore(removed) is None
    assert files(root) == {"file": OLD}


def test_taking_back_stops_at_what_somebody_wrote_since(root: Path) -> None:
    """Theirs stays in place, and the old content stays under its name."""
    edited, added = put(root, "file", NEW, OLD), put(root, "fresh", NEW, None)
    discard(put(root, "gone", OLD, None))
    removed = remove(root, "gone", blob_id(OLD))
    assert isinstance(removed, Displaced)
    for path in ("file", "fresh", "gone"):
        (root / path).write_bytes(THEIRS)
    for done in (edited, added, removed):
        back = restore(done)
        assert isinstance(back, Moved)
        assert back.found.data == THEIRS
    assert edited.name is not None
    assert removed.name is not None
    assert files(root) == {"file": THEIRS, "fresh": THEIRS, "gone": THEIRS, edited.name: OLD, removed.name: OLD}


def test_a_write_through_an_old_handle_is_not_lost(root: Path) -> None:
    """Who had the file open writes into what was displaced; it is not discarded while they do, nor when they did."""
    with (root / "file").open("ab", buffering=0) as handle:
        done = put(root, "file", NEW, OLD)
        assert not discard(done)
        handle.write(THEIRS)
    assert not discard(done)
    assert done.name is not None
    assert files(root) == {"file": NEW, done.name: OLD + THEIRS}


def test_permission_bits_are_kept_and_the_execute_bit_obeys(root: Path) -> None:
    """Who may read and write is the person's choice; whether it runs is the change's."""
    (root / "file").chmod(0o640)
    put(root, "file", NEW, OLD, "100755")
    assert (root / "file").stat().st_mode & 0o7777 == 0o750
    put(root, "file", OLD, NEW, "100644")
    assert (root / "file").stat().st_mode & 0o7777 == 0o640
    previous = os.umask(0o027)
    try:
        put(root, "fresh", NEW, None, "100755")
    finally:
        os.umask(previous)
    assert (root / "fresh").stat().st_mode & 0o7777 == 0o750


def test_links_are_content_and_never_followed(root: Path, tmp_path: Path) -> None:
    """A link is read as its target's name, and replaced as itself."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    (root / "link").symlink_to(outside)
    target = os.fsencode(outside)
    assert read_current(root, "link") == Current("symlink", blob_id(target), "120000", target)
    discard(put(root, "link", NEW, target))
    assert not (root / "link").is_symlink()
    discard(put(root, "link", b"elsewhere", NEW, "120000"))
    assert (root / "link").readlink() == Path("elsewhere")
    assert outside.read_bytes() == b"precious"


def test_a_hard_link_keeps_the_other_name_as_it_was(root: Path, tmp_path: Path) -> None:
    """The reader is told how many names there are; only this one changes."""
    os.link(root / "file", tmp_path / "other")
    assert read_current(root, "file").links == 2
    discard(put(root, "file", NEW, OLD))
    assert (tmp_path / "other").read_bytes() == OLD


@pytest.mark.parametrize(
    "path", ["../x", "a/../../x", "/etc/passwd", "through/x", "through/../file", ".git/config", "a/.GIT/x"]
)
@pytest.mark.parametrize("way", ["openat2", "walk"])
def test_no_path_leads_out(root: Path, tmp_path: Path, path: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by name nor through a link, with the kernel's help or without; nor into the person's git."""
    monkeypatch.setattr(beneath._Kernel, "has_openat2", way == "openat2")
    (root / "through").symlink_to(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    for act in (
        lambda: read_current(root, path),
        lambda: stage(root, path, NEW),
        lambda: remove(root, path, blob_id(OLD)),
    ):
        with pytest.raises(PathEscapes):
            act()
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("way", ["openat2", "walk"])
def test_a_link_put_in_the_way_meanwhile_leads_nowhere(
    root: Path,
    tmp_path: Path,
    way: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A folder swapped for a link over and over, while files in it are read and written: nothing outside is touched."""
    monkeypatch.setattr(beneath._Kernel, "has_openat2", way == "openat2")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (root / "real").mkdir()
    (root / "real" / "secret").write_bytes(OLD)
    (root / "link").symlink_to(outside)
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            (root / "real").rename(root / "folder")
            (root / "folder").rename(root / "real")
            (root / "link").rename(root / "folder")
            (root / "folder").rename(root / "link")

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        for _turn in range(1500):
            try:
                assert read_current(root, "folder/secret").data in (None, OLD)
                abandon(stage(root, "folder/fresh", NEW))
            except (PathEscapes, RepositoryError, FileNotFoundError):
                continue
    finally:
        over.set()
        swapper.join()
    assert files(outside) == {"secret": b"secret"}


def test_a_file_becomes_a_folder_and_back(root: Path) -> None:
    """Removals first, then additions; an emptied folder makes room."""
    inner = stage(root, "file/inner", NEW)
    removed = remove(root, "file", blob_id(OLD))
    assert isinstance(removed, Displaced)
    assert isinstance(exchange(root, inner, None), Displaced)
    assert discard(removed)
    assert files(root) == {"file/inner": NEW}
    removed = remove(root, "file/inner", blob_id(NEW))
    assert isinstance(removed, Displaced)
    put(root, "file", OLD, None)
    assert discard(removed)
    assert files(root) == {"file": OLD}


def race(root: Path, exchanges: int, lines: int) -> set[str]:
    """Exchange the file while another process appends to it; returns every line that is anywhere in the end."""
    script = Path(__file__).with_name("racing_writer.py")
    done: list[Displaced] = []
    with subprocess.Popen([sys.executable, str(script), str(root / "file"), str(lines)]) as foreign:
        while len(done) < exchanges or foreign.poll() is None:
            current = read_current(root, "file")
            staged = stage(root, "file", (current.data or b"") + f"ours {len(done)}\n".encode())
            exchanged = exchange(root, staged, current.oid)
            done += [exchanged] if isinstance(exchanged, Displaced) else []
    for displaced in done:
        discard(displaced)
    return set(b"".join(files(root).values()).decode().splitlines())


def test_no_line_of_a_racing_writer_is_lost(root: Path) -> None:
    """1,500 appended lines against 200 exchanges: each is in the file, or in a displaced file that was kept."""
    assert race(root, exchanges=200, lines=1500) >= {f"foreign {number}" for number in range(1500)}


def test_without_the_kernels_exchange_a_displaced_file_is_kept_too(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no exchange exists a hard link does: foreign content is put back, a good exchange goes through."""

    def missing(*_arguments: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(renaming, "_rename_with", missing)
    staged = stage(root, "file", NEW)
    (root / "file").write_bytes(THEIRS)
    assert isinstance(exchange(root, staged, blob_id(OLD)), Moved)
    assert restore(put(root, "file", NEW, THEIRS)) is None
    fresh = stage(root, "fresh", NEW)
    (root / "fresh").write_bytes(OLD)
    assert isinstance(exchange(root, fresh, None), Moved)
    assert files(root) == {"file": THEIRS, "fresh": OLD}
    assert race(root, exchanges=20, lines=200) >= {f"foreign {number}" for number in range(200)}


def test_every_folder_of_an_exchange_is_brought_to_the_disk(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, the one a removal moved the file to included; one that is gone meanwhile is passed by."""
    for path in ("a/deep/file", "a/deep/other", "b/file"):
        put(root, path, OLD, None)
    removed = remove(root, "a/deep/file", blob_id(OLD))
    assert isinstance(removed, Displaced)
    done = [
        removed,
        put(root, "a/deep/other", NEW, OLD),
        put(root, "file", NEW, OLD),
        put(root, "gone/file", NEW, None),
    ]
    (root / "gone" / "file").unlink()
    (root / "gone").rmdir()
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    sync_exchanged(done)
    assert sorted(synced) == sorted(folder.stat().st_ino for folder in (root / "a" / "deep", root / "a", root))
