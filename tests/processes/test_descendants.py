"""Everything below a process is found, kept still and killed, by the process itself, with nothing but the system."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from devmesh.processes import descendants
from devmesh.processes.descendants import send

from .conftest import MARK, Alive

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has child subreapers"),
]

ROOM = Path(descendants.__file__).parent

PRELUDE = """
import json, os, signal, subprocess, sys, time
sys.path.append(sys.argv[1])
from descendants import Tree, become_subreaper, descendants
become_subreaper()

def started(script):
    process = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE)
    process.stdout.readline()
    return process
"""
"A process of its own, for it collects every child that ends. The room is on its path as it is on the supervisor's."


def told(mark: str, program: str) -> object:
    """What such a process prints in the end."""
    command = [sys.executable, "-I", "-S", "-c", PRELUDE + program, str(ROOM)]
    environment = {"PATH": os.environ["PATH"], MARK: mark}
    ended = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=30)
    assert ended.returncode == 0, ended.stderr.decode()
    return json.loads(ended.stdout)


def test_orphans_and_runaways_are_below_and_zombies_are_not(mark: str, alive: Alive) -> None:
    """The shell, what it put into a session of its own, and what a double fork left to nobody."""
    program = """
process = started("true & setsid sleep 1000 & (setsid sleep 1000 &) ; sleep 0.05; echo; exec sleep 1000")
dead = subprocess.Popen(["true"])
os.waitid(os.P_PID, dead.pid, os.WEXITED | os.WNOWAIT)
below = descendants()
names = sorted(open(f"/proc/{pid}/comm").read().strip() for pid in below)
print(json.dumps([names, process.pid in below, dead.pid in below, Tree(process.pid).kill()]))
"""
    assert told(mark, program) == [["sleep", "sleep", "sleep"], True, False, 0]


def test_nobody_moves_in_a_frozen_tree(mark: str, alive: Alive, tmp_path: Path) -> None:
    """Those started while it was being frozen included: what they write comes to rest, until SIGCONT."""
    program = f"""
os.chdir({str(tmp_path)!r})
open("grown", "w").close()
process = started("while :; do setsid sh -c 'echo >> grown' & echo; sleep 0.002; done")
tree = Tree(process.pid)
tree.freeze()
size, give_up = -1, time.monotonic() + 5
while size != os.path.getsize("grown") and time.monotonic() < give_up:
    size = os.path.getsize("grown")
    time.sleep(0.1)  # in which it would have grown fifty times
still = size == os.path.getsize("grown")
tree.signal(signal.SIGCONT)
while os.path.getsize("grown") == size:
    tree.reap()
    time.sleep(0.001)
print(json.dumps([still, tree.kill()]))
"""
    assert told(mark, program) == [True, 0]


def test_a_kill_leaves_nobody_and_knows_how_the_program_ended(mark: str, alive: Alive) -> None:
    """Deaf ones, stopped ones, and a chain of successors that does not stop forking."""
    program = """
process = started(
    "trap '' TERM HUP INT; sh -c 'kill -STOP $$' & sleep 1000 & "
    "fork() { [ $1 -gt 0 ] && (sleep 0.005; fork $(($1 - 1))) & }; fork 200; echo; exec sleep 1000"
)
tree = Tree(process.pid)
left = tree.kill()
print(json.dumps([left, tree.pids(), os.WTERMSIG(tree.ended)]))
"""
    assert told(mark, program) == [0, [], signal.SIGKILL]


def test_an_end_is_noted_only_for_the_program_itself(mark: str, alive: Alive) -> None:
    """An orphan that ends after it is collected, too, and forgotten."""
    program = """
process = started("(sleep 0.1; exit 3) & echo; exit 7")
tree = Tree(process.pid)
while tree.ended is None or descendants():
    tree.reap(); time.sleep(0.005)
tree.reap()
print(json.dumps([os.WEXITSTATUS(tree.ended), sorted(tree.recorded)]))
"""
    assert told(mark, program) == [7, []]


def test_whoever_cannot_be_signalled_is_passed_by() -> None:
    """It is gone already, as a rule."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    send(gone.pid, signal.SIGTERM)


def test_a_process_whose_main_thread_has_ended_lives_on_and_is_killed(mark: str, alive: Alive) -> None:
    """To the system it looks dead until its last thread has ended: a moment, or for ever."""
    program = """
script = (
    "import ctypes, threading, time; threading.Thread(target=time.sleep, args=(1000,)).start(); "
    "ctypes.CDLL(None).pthread_exit(None)"
)
process = subprocess.Popen([sys.executable, "-c", script])
stat = f"/proc/{process.pid}/stat"
while open(stat).read().rpartition(")")[2].split()[0] != "Z":
    time.sleep(0.001)
print(json.dumps([process.pid in descendants(), Tree(process.pid).kill(), os.path.exists(stat)]))
"""
    assert told(mark, program) == [True, 0, False]
