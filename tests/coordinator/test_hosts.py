"""Whose loop it runs on: a thread's, quietly, beside a busy program; or the process's own, until a signal."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from devmesh.address import Connection, home_of, read_connection
from devmesh.coordinator.hosts import SWITCH_INTERVAL, ThreadHost, serve
from devmesh.errors import AlreadyRunning, NoMesh
from devmesh.settings import Settings
from devmesh.vocabulary.facts import LeasesRenewed
from devmesh.vocabulary.requests import Heartbeat
from tests.coordinator.rig import Client, looped

ROOT = Path(__file__).parents[2]


def test_a_thread_carries_it_and_gives_everything_back(project: Path, settings: Settings) -> None:
    """Started, reached, stopped; no thread, no connection file, and nothing printed."""
    host = ThreadHost(project, settings)
    connection = host.start()
    assert host.is_running
    assert host.connection == connection == read_connection(home_of(project, settings))
    host.stop()
    host.stop()
    assert (host.is_running, host.failure) == (False, None)
    with pytest.raises(NoMesh):
        read_connection(home_of(project, settings))
    ours = [thread for thread in threading.enumerate() if thread.name.startswith("devmesh-")]
    for thread in ours:
        thread.join(5)
    assert not any(thread.is_alive() for thread in ours)


def test_what_hinders_a_start_is_raised_where_it_was_asked_for(project: Path, settings: Settings) -> None:
    """In the caller's thread, as itself."""
    host = ThreadHost(project, settings)
    host.start()
    try:
        second = ThreadHost(project, settings)
        with pytest.raises(AlreadyRunning):
            second.start()
        assert not second.is_running
        assert host.is_running
    finally:
        host.stop()


def test_a_cell_that_blocks_does_not_block_it(project: Path, settings: Settings) -> None:
    """While this thread computes, an agent in another process is answered; the switch interval is given back."""
    usual = sys.getswitchinterval()
    host = ThreadHost(project, settings)
    connection = host.start()
    answered = threading.Event()

    async def beat() -> None:
        client = await Client.connect(connection)
        await client.join()
        assert sys.getswitchinterval() == SWITCH_INTERVAL
        for _ in range(10):
            assert isinstance((await client.ask(Heartbeat()))[0], LeasesRenewed)
        await client.close()
        answered.set()

    agent = threading.Thread(target=asyncio.run, args=(beat(),))
    agent.start()
    end = time.monotonic() + 20
    while not answered.is_set() and time.monotonic() < end:
        sum(range(10_000))
    agent.join()
    host.stop()
    assert answered.is_set()
    assert sys.getswitchinterval() == usual


@looped
async def test_in_the_foreground_it_serves_until_a_signal(project: Path, settings: Settings) -> None:
    """SIGTERM is a clean end: recorded, said, and within two seconds."""
    ready: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(project, settings, ready=ready.set_result))
    client = await Client.connect(await ready)
    begun = time.monotonic()
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(serving, 10)
    assert time.monotonic() - begun < 2
    await client.close()


PROGRAM = """
import os, sys
from pathlib import Path
from devmesh.coordinator.hosts import ThreadHost
from devmesh.settings import Settings
host = ThreadHost(Path(sys.argv[1]), Settings.load(home=Path(sys.argv[2]), ws_port=0, ram_gb=1, gpu_vram_gb=0))
host.start()
if sys.argv[3] == "fork":
    child = os.fork()
    if not child:
        host.stop()
        os._exit(0 if not host.is_running else 1)
    sys.stdout.write(str(os.waitpid(child, 0)[1]) + str(host.is_running))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("how", "said"), [("exit", ""), ("fork", "0True")])
def test_the_end_of_the_program_is_a_clean_stop(project: Path, settings: Settings, how: str, said: str) -> None:
    """Nobody called `stop`: the record is closed cleanly and silently. A forked child stops nothing."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", PROGRAM, str(project), str(settings.home), how]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, said, "")
    home = home_of(project, settings)
    with pytest.raises(NoMesh):
        read_connection(home)
    from devmesh.audit.journal import Journal

    journal = Journal.open(home, now_wall=1.0)
    assert journal.was_clean
    journal.close()
