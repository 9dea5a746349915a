"""Who connected, as the kernel says it: one of ours, another's, one that has ended, one that cannot be seen."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devmesh.bridge.tools.catalogue import packages
from devmesh.processes import peer
from devmesh.processes.peer import is_below, why_not_ours

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who is at the other end")

HANDS_ON = """
import os, socket, sys
one = socket.socket(socket.AF_UNIX)
one.connect(sys.argv[1])
if not os.fork():
    os.read(0, 1)
"""
"Connects and ends; a child of it holds the connection until standard input ends."
JUDGES = """
import socket, sys
from devmesh.processes.peer import why_not_ours
with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as own:
    listener.bind(sys.argv[1])
    listener.listen()
    print("ready", flush=True)
    if sys.argv[2] == "own":
        own.connect(sys.argv[1])
    with listener.accept()[0] as accepted:
        print(why_not_ours(accepted), flush=True)
"""


@pytest.fixture
def path() -> Iterator[Path]:
    """Where a socket can be, however deep the tests' own folders lie."""
    with tempfile.TemporaryDirectory(prefix="p-") as folder:
        yield Path(folder, "s")


def test_a_process_is_below_itself_and_all_above_it() -> None:
    """And above nothing of them."""
    own, parent = os.getpid(), os.getppid()
    assert is_below(own, own)
    assert is_below(own, parent)
    assert not is_below(parent, own)
    assert not is_below(2**22 + 1, own)


def test_a_parent_that_ended_meanwhile_is_none_though_its_number_is_one_of_ours_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Process 7 was started by 6; 6 ends, and is the number of a child of 5 when it is looked up."""
    parents = {7: 6, 6: 5, 1: 0}

    def looked_up(pid: int) -> int:
        found = parents[pid]
        if pid == 7:
            parents[7] = 1
        return found

    assert is_below(os.getpid(), os.getppid())
    monkeypatch.setattr(peer, "_parent", looked_up)
    assert not is_below(7, 5)


def test_who_connected_counts_and_one_that_has_ended_is_not_ours(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though its child holds the connection, and whoever has its number now: that may be one of ours."""
    holding, held = os.pipe()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with subprocess.Popen([sys.executable, "-c", HANDS_ON, str(path)], stdin=holding) as connector:
            assert connector.wait(60) == 0
        accepted, _ = listener.accept()
        with accepted:
            assert why_not_ours(accepted)
            monkeypatch.setattr(peer, "is_below", lambda *_: True)
            assert why_not_ours(accepted) == f"process {connector.pid} has ended"
    os.close(holding)
    os.close(held)


def _inner(path: Path, whose: str, *options: str) -> str:
    """What is said of a connection in a PID namespace of its own, or of `own` from within it."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-pf", "true"], capture_output=True, check=False).returncode:
        pytest.skip("no PID namespace may be made here")
    words = [unshare, "-pf", *options, sys.executable, "-c", JUDGES, str(path), whose]
    environment = {**os.environ, "PYTHONPATH": packages()}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as judging:
        assert judging.stdout is not None
        assert judging.stdout.readline() == "ready\n"
        with socket.socket(socket.AF_UNIX) as outer:
            if whose == "outer":
                outer.connect(str(path))
            return judging.stdout.readline().strip()


def test_a_process_that_is_not_seen_from_here_is_not_ours(path: Path) -> None:
    """It is in a PID namespace above ours; within ours, its own number and that of its parents can be looked up."""
    assert "PID namespace" in _inner(path, "outer", "--mount-proc")
    path.unlink()
    assert _inner(path, "own", "--mount-proc") == ""


def test_without_a_look_at_the_processes_nobody_is_ours(path: Path) -> None:
    """Numbers of ours mean others in another namespace's /proc."""
    assert "cannot be looked up" in _inner(path, "own")


BELOW = """
import os, socket, sys
for _ in range(10):
    if pid := os.fork():
        os.waitpid(pid, 0)
        os._exit(0)
one = socket.socket(socket.AF_UNIX)
one.connect(sys.argv[1])
one.recv(1)
"""
"Connects from ten processes below, and waits for an end."


def test_it_takes_less_than_a_millisecond(path: Path) -> None:
    """It comes before every edit. A tool's hook has fewer processes above it; the fastest of many tries counts."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with subprocess.Popen([sys.executable, "-c", BELOW, str(path)]):
            accepted, _ = listener.accept()
            with accepted:
                assert min(_seconds(accepted) for _ in range(200)) < 0.001


def _seconds(accepted: socket.socket) -> float:
    began = time.perf_counter()
    assert why_not_ours(accepted) == ""
    return time.perf_counter() - began
