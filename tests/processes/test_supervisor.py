"""When a bridge dies by any signal, every process it started is gone within two seconds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from devmesh.processes import supervisor

from .conftest import MARK, Alive

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has child subreapers"),
]

TREE = """
sleep 1000 &
(trap '' TERM HUP INT; sleep 1000) &
setsid sh -c 'trap "" TERM HUP; sleep 1000; sleep 1000' &
nohup setsid sleep 1000 >/dev/null 2>&1 &
(setsid sh -c 'sleep 1000 & exit' &)
sh -c 'kill -STOP $$; sleep 1000' &
sleep 0.1
echo stands
sleep 1000
"""
"Children, deaf ones, ones in sessions of their own, orphans by double fork, a stopped one."

GONE_WITHIN = 2.0
"Seconds, from the promise."


def start(mark: str, folder: Path, script: str = TREE) -> subprocess.Popen[bytes]:
    """A parent like a bridge, whose tree stands."""
    program = Path(__file__).with_name("bridge_like.py")
    root = Path(__file__).parents[2]
    environment = {**os.environ, MARK: mark, "PYTHONPATH": str(root)}
    bridge = subprocess.Popen(
        [sys.executable, str(program), script], cwd=folder, env=environment, stdout=subprocess.PIPE
    )
    assert bridge.stdout is not None
    assert bridge.stdout.readline() == b"stands\n"
    return bridge


def sleepers(alive: Alive) -> list[psutil.Process]:
    """Those that have become the program they were started for."""
    found = []
    for one in alive():
        with suppress(psutil.Error):
            found += [one] if one.name() == "sleep" else []
    return found


def wait_for(look: Alive, count: int) -> None:
    """Until so many are there: on a busy machine some of a tree start late."""
    give_up = time.monotonic() + 10
    while len(look()) < count:
        assert time.monotonic() < give_up, "the tree never stood"
        time.sleep(0.01)


def seconds_until_gone(alive: Alive, limit: float = 10.0) -> float:
    """How long it takes until no process of the test lives."""
    began = time.monotonic()
    while alive():
        if time.monotonic() - began > limit:
            break
        time.sleep(0.01)
    return time.monotonic() - began


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV, signal.SIGABRT])
def test_nothing_outlives_a_bridge_killed_by(number: signal.Signals, mark: str, alive: Alive, tmp_path: Path) -> None:
    """Whatever the signal; the tree holds deaf, stopped, orphaned and run-away processes."""
    bridge = start(mark, tmp_path)
    wait_for(alive, 9)
    bridge.send_signal(number)
    assert seconds_until_gone(alive) < GONE_WITHIN
    bridge.communicate()


def test_a_pipe_kept_open_by_somebody_else_saves_nobody(mark: str, alive: Alive, tmp_path: Path) -> None:
    """A fork of the bridge that lives on holds the control pipe open; the supervisor sees that its parent is gone."""
    bridge = start(mark, tmp_path)
    supervising = psutil.Process(bridge.pid).children()[0]
    control = int(supervising.cmdline()[6])
    theirs = Path(f"/proc/{supervising.pid}/fd/{control}").readlink()
    ends = [end for end in Path(f"/proc/{bridge.pid}/fd").iterdir() if end.readlink() == theirs]
    held = os.open(ends[0], os.O_WRONLY)  # by us, in the place of a fork of the bridge
    try:
        bridge.kill()
        assert seconds_until_gone(alive) < GONE_WITHIN
    finally:
        os.close(held)
        bridge.communicate()


def test_a_tree_that_keeps_forking_is_gone_too(mark: str, alive: Alive, tmp_path: Path) -> None:
    """A chain of successors, each in a session of its own, does not outrun the killing."""
    generation = "sleep 0.01; [ $1 -gt 0 ] && setsid sh fork.sh $(($1 - 1)) & setsid sleep 1000 & exit\n"
    (tmp_path / "fork.sh").write_text(generation)
    forking = "sh fork.sh 300 & sleep 0.3; echo stands; sleep 1000"  # it ends, should we fail to end it
    bridge = start(mark, tmp_path, forking)
    wait_for(alive, 6)
    bridge.kill()
    assert seconds_until_gone(alive) < GONE_WITHIN
    bridge.communicate()


def test_orphans_belong_to_the_supervisor(mark: str, alive: Alive, tmp_path: Path) -> None:
    """Everybody stays in its tree, sessions and double forks notwithstanding: this is what the tests above rest on."""
    bridge = start(mark, tmp_path, "(setsid sh -c 'sleep 1000 & exit' &); sleep 0.1; echo stands; sleep 1000")
    supervising = psutil.Process(bridge.pid).children()[0]
    wait_for(lambda: sleepers(alive), 2)
    sleeping = sleepers(alive)
    assert len(sleeping) == 2
    assert {one.ppid() for one in sleeping} & {supervising.pid} == {supervising.pid}
    assert set(sleeping) <= set(supervising.children(recursive=True))
    bridge.kill()
    assert seconds_until_gone(alive) < GONE_WITHIN
    bridge.communicate()


def test_it_starts_light() -> None:
    """Standard library only, and little of it: every tool pays for its start."""
    program = (
        "import sys; sys.path.append(sys.argv[1]); import supervisor; print(len(sys.modules), 'enum' in sys.modules)"
    )
    command = [sys.executable, "-I", "-S", "-c", program, str(Path(supervisor.__file__).parent)]
    count, enum = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
    assert int(count) < 45
    assert enum == "False"
