"""What holds for every test: no setting from outside, state in a folder that goes away, and nothing left behind."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import hypothesis
import psutil
import pytest

PATIENCE = 5.0
"Seconds a process may take to be gone once its test is over."

hypothesis.settings.register_profile("devmesh", deadline=None, print_blob=True)
hypothesis.settings.load_profile("devmesh")

_THREADS = Path("/proc/self/task")
_state = tempfile.TemporaryDirectory(prefix="devmesh-tests-", ignore_cleanup_errors=True)


def pytest_configure() -> None:
    """Before anything of ours is imported: settings from outside are gone, and state has a folder of its own."""
    for name in [name for name in os.environ if name.startswith("DEVMESH_")]:
        del os.environ[name]
    os.environ["DEVMESH_HOME"] = _state.name
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:  # as for whatever a shell starts in the background
            signal.signal(number, usual)


def pytest_unconfigure() -> None:
    """The state of all tests goes."""
    _state.cleanup()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that is not marked slow or browser is quick."""
    for item in items:
        if not {"slow", "browser"} & {marker.name for marker in item.iter_markers()}:
            item.add_marker("quick")


@pytest.fixture(autouse=True)
def _no_process_left_behind() -> Iterator[None]:
    """A test fails when a process that it started outlives it."""
    before = _children()
    yield
    end = time.monotonic() + PATIENCE
    while (left := _children() - before) and time.monotonic() < end:
        time.sleep(0.02)
    assert not left, f"left behind: {[_described(pid) for pid in left]}"


def _children() -> set[int]:
    """The direct children of this process, those apart that the interpreter keeps for itself."""
    return {pid for pid in _listed() if "resource_tracker" not in _described(pid)}


def _listed() -> set[int]:
    """Linux lists a thread's children in a file, which is a hundred times faster than asking every process."""
    if not _THREADS.is_dir():
        return {child.pid for child in psutil.Process().children()}
    found: set[int] = set()
    for thread in _THREADS.iterdir():
        with suppress(OSError):  # that thread has just ended
            found.update(int(pid) for pid in (thread / "children").read_text().split())
    return found


def _described(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline()) or f"{pid} (a zombie)"
    except psutil.Error:
        return f"{pid} (gone)"
