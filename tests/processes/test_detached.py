"""A detached process outlives what started it, and is ended by pid and birth only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from devmesh.errors import ToolNotFound
from devmesh.processes import end, is_alive, spawn_detached

from .conftest import MARK, Alive

pytestmark = pytest.mark.slow


@pytest.fixture
def environment(mark: str) -> dict[str, str]:
    """Marked, so that nothing can be left unseen."""
    return {"PATH": os.environ["PATH"], MARK: mark}


def wait_for(file: Path, text: str) -> None:
    """Until the log says so."""
    give_up = time.monotonic() + 5
    while not file.exists() or text not in file.read_text():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_its_output_is_appended_to_its_log(tmp_path: Path, environment: dict[str, str], alive: Alive) -> None:
    """Both streams; it runs in `/`, reads nothing, and inherits no other descriptor."""
    log = tmp_path / "log"
    log.write_text("before\n")
    script = "pwd; cat; echo err >&2; ls /proc/self/fd | wc -l; echo end"
    spawn_detached(["sh", "-c", script], log=log, env=environment)
    wait_for(log, "end\n")
    assert log.read_text() == "before\n/\nerr\n4\nend\n"


def test_it_survives_the_interrupt_and_the_death_of_its_starter(
    tmp_path: Path, environment: dict[str, str], alive: Alive
) -> None:
    """SIGINT to the starter's group, SIGKILL to the starter and its whole tree: what was detached lives on."""
    starter = (
        "import os, sys, time; from pathlib import Path; from devmesh.processes import spawn_detached\n"
        f"log = Path({str(tmp_path / 'log')!r})\n"
        "print(*spawn_detached(['sleep', '1000'], log=log, env=dict(os.environ)), flush=True)\n"
        "try: time.sleep(1000)\nexcept KeyboardInterrupt: time.sleep(1000)"
    )
    environment = {**environment, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", starter]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, start_new_session=True) as kernel:
        assert kernel.stdout is not None
        said = kernel.stdout.readline().split()
        pid, born = int(said[0]), float(said[1])
        assert pid not in {child.pid for child in psutil.Process(kernel.pid).children(recursive=True)}
        os.killpg(kernel.pid, signal.SIGINT)
        os.killpg(kernel.pid, signal.SIGKILL)
    assert is_alive(pid, born)
    assert end(pid, born, grace=2.0)
    assert not is_alive(pid, born)


def test_only_the_very_process_is_signalled(tmp_path: Path, environment: dict[str, str], alive: Alive) -> None:
    """Another birth under the same pid is another process: it is neither alive nor ended."""
    pid, born = spawn_detached(["sleep", "1000"], log=tmp_path / "log", env=environment)
    assert end(pid, born - 10)
    assert not is_alive(pid, born - 10)
    assert is_alive(pid, born)
    assert end(pid, born)


def test_one_that_will_not_listen_is_killed_after_its_grace(
    tmp_path: Path, environment: dict[str, str], alive: Alive
) -> None:
    """And it leaves no zombie here."""
    script = "trap '' TERM; echo up; while :; do sleep 0.01; done"
    pid, born = spawn_detached(["sh", "-c", script], log=tmp_path / "log", env=environment)
    wait_for(tmp_path / "log", "up")
    assert end(pid, born, grace=0.2)
    assert psutil.Process().children() == []
    psutil.wait_procs(alive(), timeout=5)  # what the shell was waiting for: a hundredth of a second


def test_what_cannot_be_started_says_so(tmp_path: Path, environment: dict[str, str]) -> None:
    """Not on PATH, no program, or no place for the log."""
    (tmp_path / "broken").write_bytes(b"\x7fELFbroken")
    (tmp_path / "broken").chmod(0o755)
    for program, log in (("no-such-program", "log"), (str(tmp_path / "broken"), "log"), ("true", "nowhere/log")):
        with pytest.raises(ToolNotFound):
            spawn_detached([program], log=tmp_path / log, env=environment)
