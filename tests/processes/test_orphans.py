"""Whoever carries a run's mark is found and ended, wherever it went; nobody else is touched."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from devmesh.processes.orphans import MARK, end_marked, marked

from .conftest import MARK as OF_THE_TEST, Alive

pytestmark = pytest.mark.slow

TREE = "setsid sleep 1000 & (setsid sleep 1000 &) ; sh -c 'kill -STOP $$' & sleep 0.05; echo stands; exec sleep 1000"
"A child in a session of its own, an orphan, a stopped one."


def started(mark: str, script: str, **variables: str) -> subprocess.Popen[bytes]:
    """A shell, once it has said something."""
    environment = {"PATH": os.environ["PATH"], OF_THE_TEST: mark, **variables}
    process = subprocess.Popen(["sh", "-c", script], env=environment, stdout=subprocess.PIPE, cwd=Path("/"))
    assert process.stdout is not None
    process.stdout.readline()
    return process


@pytest.fixture
def bystander(mark: str, alive: Alive) -> Iterator[subprocess.Popen[bytes]]:
    """A process of another run."""
    process = started(mark, "echo; exec sleep 1000", **{MARK: "another"})
    yield process
    process.kill()
    process.communicate()


def test_all_that_carry_the_mark_are_found_and_ended(
    mark: str, alive: Alive, bystander: subprocess.Popen[bytes]
) -> None:
    """Orphans, stopped ones and ones in sessions of their own; another run's process lives on."""
    run = secrets.token_hex(8)
    tree = started(mark, TREE, **{MARK: run})
    assert len(marked(run)) == 4
    assert end_marked(run) == 0
    assert marked(run) == []
    tree.communicate()
    assert [process.pid for process in alive()] == [bystander.pid]


def test_one_that_has_ended_counts_no_more(mark: str, alive: Alive) -> None:
    """Though nobody has asked how it ended: a zombie cannot be killed and need not be."""
    run = secrets.token_hex(8)
    process = started(mark, "echo; exec sleep 1000", **{MARK: run})
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE
    assert end_marked(run) == 0
    process.communicate()


def test_one_whose_main_thread_has_ended_is_ended_too(mark: str, alive: Alive) -> None:
    """To the system it looks like a zombie, and says nothing of its environment but by the thread that lives."""
    run = secrets.token_hex(8)
    program = (
        "import ctypes, threading, time; threading.Thread(target=time.sleep, args=(1000,)).start(); "
        "ctypes.CDLL(None).pthread_exit(None)"
    )
    environment = {**os.environ, OF_THE_TEST: mark, MARK: run}
    process = subprocess.Popen([sys.executable, "-c", program], env=environment, cwd=Path("/"))
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert [one.pid for one in marked(run)] == [process.pid]
    assert end_marked(run) == 0
    assert process.wait(20) != 0


def test_a_mark_nobody_carries_ends_nobody(bystander: subprocess.Popen[bytes]) -> None:
    """Not those without any mark, either."""
    assert marked("") == []
    assert end_marked(secrets.token_hex(8)) == 0
    assert bystander.poll() is None
