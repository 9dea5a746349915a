"""A coordinator in a child process: reached like any other, ended by a word or by the end of its parent."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from devmesh.coordinator.process_host import ProcessHost
from devmesh.errors import AlreadyRunning
from devmesh.settings import Settings

pytestmark = pytest.mark.slow


def test_it_starts_and_ends_a_process(project: Path, settings: Settings) -> None:
    """Twice ended is ended once; nothing is left."""
    host = ProcessHost(project, settings)
    connection = host.start()
    assert host.is_running
    assert host.connection == connection
    host.stop()
    host.stop()
    assert not psutil.pid_exists(connection.pid)


def test_a_child_that_dies_is_noticed(project: Path, settings: Settings) -> None:
    """And says how it ended."""
    host = ProcessHost(project, settings)
    psutil.Process(host.start().pid).kill()
    deadline = time.monotonic() + 10
    told: list[BaseException] = []
    host.when_failed = told.append
    while not told and time.monotonic() < deadline:
        time.sleep(0.01)
    assert told == [host.failure]
    assert not host.is_running
    assert "ended with exit code -9" in str(host.failure)
    host.stop()


def test_its_refusal_is_the_error_it_would_be_here(project: Path, settings: Settings) -> None:
    """So that it can be caught."""
    first, second = ProcessHost(project, settings), ProcessHost(project, settings)
    first.start()
    try:
        with pytest.raises(AlreadyRunning, match="coordinates"):
            second.start()
        assert not second.is_running
    finally:
        first.stop()
