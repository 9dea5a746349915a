"""Readers of the whole tree share it, a writer has it alone, and nobody holds it beyond their death."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from devmesh.errors import RepositoryError
from devmesh.repository import tree_lock
from devmesh.repository.tree_lock import file_lock

HOLD = "import fcntl, os, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); input()"
"Another process that holds the lock until it is told to end, or killed."


@pytest.mark.parametrize(("first", "second"), [(True, True), (True, False), (False, True)])
def test_a_writer_is_alone(tmp_path: Path, first: bool, second: bool) -> None:  # noqa: FBT001 - the table's own columns
    """Neither a reader nor another writer gets in; who waits too long is told, and who comes later gets it."""
    with tree_lock(tmp_path, exclusive=first):
        refused = pytest.raises(RepositoryError, match=r"tree.lock is held by somebody else")
        with refused, tree_lock(tmp_path, exclusive=second, wait=0.02):
            pytest.fail("both hold it")
    with tree_lock(tmp_path, exclusive=second, wait=0):
        pass


def test_readers_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """Two at once, in one thread."""
    with tree_lock(tmp_path, exclusive=False), tree_lock(tmp_path, exclusive=False, wait=0):
        pass


def test_threads_exclude_each_other_too(tmp_path: Path) -> None:
    """Each adds to a number it read before; none of the additions is lost."""
    counted = tmp_path / "counted"
    counted.write_text("0")

    def add() -> None:
        for _turn in range(25):
            with file_lock(tmp_path / "lock", exclusive=True):
                counted.write_text(str(int(counted.read_text()) + 1))

    threads = [threading.Thread(target=add) for _thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted.read_text() == "100"


def test_it_ends_with_its_holder(tmp_path: Path) -> None:
    """By `kill -9`, and without anything to clear away."""
    command = [sys.executable, "-I", "-S", "-c", HOLD, str(tmp_path / "tree.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(RepositoryError), tree_lock(tmp_path, exclusive=True, wait=0):
            pytest.fail("both hold it")
        holder.kill()
    with tree_lock(tmp_path, exclusive=True, wait=0):
        pass


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    """Nobody can have us make or lock a file elsewhere."""
    (tmp_path / "tree.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"), tree_lock(tmp_path, exclusive=True):
        pytest.fail("it was followed")
    assert not (tmp_path / "elsewhere").exists()
