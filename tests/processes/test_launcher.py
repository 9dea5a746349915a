"""The launcher names a program's process before it begins, lets it begin on one word, and says whether it did."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from devmesh.processes import end
from devmesh.processes.detached import LAUNCHER

from .conftest import MARK, Alive

pytestmark = pytest.mark.slow


def launched(mark: str, log: Path, *program: str) -> tuple[subprocess.Popen[bytes], int]:
    """The launcher, and the pid it named."""
    command = [sys.executable, "-I", "-S", str(LAUNCHER), str(log), "--", *program]
    environment = {"PATH": os.environ["PATH"], MARK: mark}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def test_the_program_waits_for_the_word(mark: str, alive: Alive, tmp_path: Path) -> None:
    """So that its birth can be noted first; the log is not even opened before."""
    launcher, pid = launched(mark, tmp_path / "log", "sleep", "1000")
    waiting = psutil.Process(pid)
    assert waiting.is_running()
    assert not (tmp_path / "log").exists()
    said, _none = launcher.communicate(b"g")
    assert (said, launcher.returncode) == (b"0\n", 0)
    assert psutil.Process(pid).create_time() == waiting.create_time()
    assert psutil.Process(pid).cmdline() == ["sleep", "1000"]
    assert end(pid, psutil.Process(pid).create_time())


@pytest.mark.parametrize("word", [b"", b"x"])
def test_without_the_word_it_never_begins(mark: str, alive: Alive, tmp_path: Path, word: bytes) -> None:
    """Whoever asked for it may have died meanwhile."""
    launcher, _pid = launched(mark, tmp_path / "log", "sleep", "1000")
    launcher.communicate(word)
    psutil.wait_procs(alive(), timeout=5)
    assert alive() == []
    assert not (tmp_path / "log").exists()


def test_it_belongs_to_a_session_of_its_own_and_to_nobody_here(mark: str, alive: Alive, tmp_path: Path) -> None:
    """No signal to our group reaches it, and no terminal is its own."""
    launcher, pid = launched(mark, tmp_path / "log", "sleep", "1000")
    launcher.communicate(b"g")
    assert os.getsid(pid) == launcher.pid != os.getsid(0)
    assert psutil.Process(pid).ppid() not in {launcher.pid, os.getpid()}
    assert end(pid, psutil.Process(pid).create_time())


@pytest.mark.parametrize(
    ("program", "log", "number"),
    [("no-such-program", "log", errno.ENOENT), ("/etc/passwd", "log", errno.EACCES), ("true", "no/log", errno.ENOENT)],
)
def test_a_failed_start_is_told_by_its_number(
    mark: str, alive: Alive, tmp_path: Path, program: str, log: str, number: int
) -> None:
    """The program's, or the log's."""
    launcher, _pid = launched(mark, tmp_path / log, program)
    assert launcher.communicate(b"g")[0] == b"%d\n" % number
