"""Real bridges whose tools start processes of their own, under the same SIGKILLs as the coordinator.

`python -m tests.faults.test_bridges [SEED] [ROUNDS]` goes on for longer, and holds them to two seconds.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random

import psutil
import pytest

from devmesh.audit.database import open_reader
from devmesh.audit.proving import prove
from devmesh.audit.rows import facts_after
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.record import Fact
from devmesh.vocabulary.terms import Role
from tests.faults.callers import Caller, Figures
from tests.faults.serving import PATIENCE, Direct, Served, served, until

TREE = """Work.
```script
run sh -c 'exec >/dev/null 2>&1; setsid sleep 1000 & (trap "" TERM HUP; sleep 1000) & sleep {seconds}'
write {name}.txt
| {name}
```"""
"A tool with children in sessions of their own, and deaf ones; then a change."

SOON, PROMISED = 10.0, 2.0
"Seconds after which none may be left: where others need the machine, too; and as promised."
STANDING = 2
"Sleepers of one tool that outlive its shell."


class Bridges:
    """Processes that are bridges, and whatever hangs below them."""

    def __init__(self, process: Served, stack: ExitStack) -> None:
        self._process, self._stack = process, stack
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """One more."""
        command = [sys.executable, "-P", "-m", "devmesh.bridge", "scripted", "--project", str(self._process.project)]
        nowhere = subprocess.DEVNULL
        one = subprocess.Popen(command, env=self._process.surroundings, stdout=nowhere, stderr=nowhere)
        self.started.append(one)
        self._stack.callback(self._end, one)

    def at_work(self) -> list[subprocess.Popen[bytes]]:
        """Those whose tool's tree stands."""
        return [one for one in self.started if len(sleepers(below(one.pid))) >= STANDING]

    def kill(self, one: subprocess.Popen[bytes], within: float) -> str:
        """SIGKILL; what of its tree is still there after so many seconds."""
        tree = below(one.pid)
        one.kill()
        one.wait()
        self.started.remove(one)
        left = psutil.wait_procs(tree, timeout=within)[1]
        return f"{len(left)} of {len(tree)} processes live {within:g} s after their bridge: {left}" if left else ""

    def _end(self, one: subprocess.Popen[bytes]) -> None:
        tree = below(one.pid) if one.poll() is None else []
        one.terminate()
        with suppress(subprocess.TimeoutExpired):
            one.wait(PATIENCE)
        one.kill()
        one.wait()
        psutil.wait_procs(tree, timeout=PATIENCE)


def below(pid: int) -> list[psutil.Process]:
    """Every process that hangs below that one now."""
    with suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []


def sleepers(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that sleep for ever."""
    found = []
    for one in processes:
        with suppress(psutil.Error):
            found += [one] if one.cmdline() == ["sleep", "1000"] else []
    return found


def recorded(home: Path) -> list[Fact]:
    """All that is on record now."""
    with open_reader(home) as connection:
        return [one.fact for one in facts_after(connection, 0)]


async def killed(process: Served, bridges: Bridges, chance: Random, rounds: int, within: float) -> list[str]:
    """So many bridges killed at work, the coordinator before it, after it or not; then the rest is done in peace."""
    person = Caller(Role.OPERATOR, Direct(process.home), process.home, Figures())
    wrong: list[str] = []
    tasks: set[int] = set()
    try:
        for number in range(rounds):
            prompt = TREE.format(seconds=1000, name=f"never{number}")
            doomed = (await person.call(requests.PostTask(prompt=prompt, title="doomed")))[0].task
            await until(lambda: bool(bridges.at_work()))
            order = chance.choice(["before", "after", "not at all"])
            if order == "before":
                await asyncio.to_thread(process.kill)
            wrong.append(await asyncio.to_thread(bridges.kill, bridges.at_work()[0], within))
            if order == "after":
                await asyncio.to_thread(process.kill)
            if not process.is_running:
                await asyncio.to_thread(process.start)
            await person.call(requests.CancelTask(task=doomed))
            bridges.start()
        bridges.start()
        for number in range(3):
            prompt = TREE.format(seconds=0.5, name=f"done{number}")
            tasks.add((await person.call(requests.PostTask(prompt=prompt)))[0].task)
        await until(
            lambda: any(isinstance(fact, facts.TaskStarted) and fact.task in tasks for fact in recorded(process.home))
        )
        await asyncio.to_thread(process.kill)
        await asyncio.to_thread(process.start)
        await until(lambda: completed(process.home) >= tasks)
    finally:
        await person.close()
    return [one for one in wrong if one]


def completed(home: Path) -> set[int]:
    """The tasks that were done."""
    return {fact.task for fact in recorded(home) if isinstance(fact, facts.TaskCompleted)}


def judged(folder: Path, seed: int, rounds: int, within: float) -> list[str]:
    """All that was wrong."""
    with served(folder / "project", folder / "state") as process, ExitStack() as stack:
        bridges = Bridges(process, stack)
        bridges.start()
        wrong = asyncio.run(killed(process, bridges, Random(seed), rounds, within))
        record = recorded(process.home)
        home = process.home
    done = [fact.task for fact in record if isinstance(fact, facts.TaskCompleted)]
    if len(done) != len(set(done)):
        wrong.append(f"a task was completed twice: {done}")
    wrong += [
        f"done{number}.txt is missing" for number in range(3) if not (folder / "project" / f"done{number}.txt").exists()
    ]
    if fault := prove(home).fault:
        wrong.append(str(fault))
    return wrong


@pytest.mark.slow
@pytest.mark.timeout(150)
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has child subreapers")
def test_nothing_outlives_its_bridge_whoever_else_is_killed(tmp_path: Path) -> None:
    """A bridge killed at work, with its coordinator or without; the others carry on, and each task is done once."""
    assert judged(tmp_path, 2, 2, SOON) == []


def main(seed: int, rounds: int) -> None:
    """Print what was wrong; fails when something was."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="devmesh-bridges-") as folder:
        wrong = judged(Path(folder), seed, rounds, PROMISED)
    sys.stdout.write(f"seed {seed}: {rounds} bridges killed in {time.monotonic() - begun:.0f} s\n")
    sys.stdout.write("".join(f"WRONG: {one}\n" for one in wrong))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1, int(sys.argv[2]) if len(sys.argv) > 2 else 10)
