"""Kernels that race for one project, round after round, and whose winner is killed each time.

`python -m tests.faults.test_races [SEED] [ROUNDS]` goes on for longer.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from devmesh.address import home_of, read_connection
from devmesh.audit.database import open_reader
from devmesh.audit.proving import prove
from devmesh.audit.rows import facts_after
from devmesh.settings import Settings
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import Role
from tests.coordinator.rig import Client

PROGRAM = Path(__file__).with_name("racing_kernel.py")
KERNELS = 3


class Kernel:
    """One of them."""

    def __init__(self, project: Path, base: Path) -> None:
        command = [sys.executable, str(PROGRAM), str(project), str(base)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self._is_here = False

    def get_ready(self) -> None:
        """Return once it can be told to try."""
        if not self._is_here:
            assert self.said() == "here"
            self._is_here = True

    def tell(self) -> None:
        """Try."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"go\n")

    def said(self) -> str:
        """Its next line; empty once it is dead."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().strip()

    def kill(self) -> None:
        """SIGKILL; its end is not waited for."""
        self.process.kill()

    def bury(self) -> None:
        """Nothing of it is left."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


async def acknowledged(home: Path) -> int:
    """A task that whoever coordinates now says it has."""
    async with await Client.connect(read_connection(home), Role.OPERATOR) as person:
        (posted,) = await person.ask(requests.PostTask(prompt="later"))
        return int(posted.task)


class Races:
    """One after the other, for one project; what was wrong in them."""

    def __init__(self, folder: Path, seed: int, stack: ExitStack) -> None:
        self._project, self._base = folder / "project", folder / "state"
        self._project.mkdir()
        self.home = home_of(self._project, Settings.load(home=self._base))
        self._chance, self._stack = Random(seed), stack
        self._kernels = [self._another() for _ in range(KERNELS)]
        self.wrong: list[str] = []
        self.tasks: list[int] = []
        "Acknowledged."
        self.epochs: list[int] = []
        "Of the winners."

    def run(self, *, blind: bool) -> None:
        """All try at once. `blind`: one of them is killed in the middle of that; else it is the winner, afterwards."""
        fresh = self._another()
        doomed = self._chance.choice(self._kernels)
        for kernel in self._kernels:
            kernel.get_ready()
        for kernel in self._kernels:
            kernel.tell()
        if blind:
            time.sleep(self._chance.uniform(0, 0.1))
            doomed.kill()
        said = {kernel: kernel.said() for kernel in self._kernels}
        winners = [kernel for kernel, word in said.items() if word.startswith("ready")]
        self.epochs += [int(said[kernel].split()[1]) for kernel in winners]
        if strange := set(said.values()) - {"AlreadyRunning", "", *(said[kernel] for kernel in winners)}:
            self.wrong.append(f"somebody said {strange}")
        if len(winners) > 1 or (not winners and not blind):
            self.wrong.append(f"{len(winners)} won")
        if winners and not (blind and winners[0] is doomed):
            self.tasks.append(asyncio.run(acknowledged(self.home)))
        self._replace({*winners, *([doomed] if blind else [])}, fresh)

    def _replace(self, dying: set[Kernel], fresh: Kernel) -> None:
        """Kill them, and have as many as before."""
        for kernel in dying:
            kernel.kill()
            self._kernels.remove(kernel)
        self._kernels.append(fresh)
        while len(self._kernels) < KERNELS:
            self._kernels.append(self._another())

    def _another(self) -> Kernel:
        kernel = Kernel(self._project, self._base)
        self._stack.callback(kernel.bury)
        return kernel


def raced(folder: Path, seed: int, rounds: int) -> list[str]:
    """Everything that was wrong in so many races. In every second one somebody is killed in the middle of it."""
    with ExitStack() as stack:
        races = Races(folder, seed, stack)
        for number in range(rounds):
            races.run(blind=number % 2 == 1)
    return races.wrong + misrecorded(races.home, races.tasks, races.epochs)


def misrecorded(home: Path, tasks: list[int], epochs: list[int]) -> list[str]:
    """What the record says otherwise."""
    with open_reader(home) as connection:
        record = [recorded.fact for recorded in facts_after(connection, 0)]
    kept = {fact.task for fact in record if isinstance(fact, facts.TaskPosted)}
    begun = [fact.epoch for fact in record if isinstance(fact, facts.CoordinatorStarted)]
    wrong = [f"task {task} was acknowledged, and is not on record" for task in tasks if task not in kept]
    if begun != list(range(1, len(begun) + 1)) or not set(epochs) <= set(begun) or epochs != sorted(set(epochs)):
        wrong.append(f"epochs {epochs}, on record {begun}")
    if fault := prove(home).fault:
        wrong.append(str(fault))
    return wrong


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_of_several_kernels_one_wins_whoever_is_killed(tmp_path: Path) -> None:
    """Never two at once; the killed one's claim is free at once; what any of them acknowledged is on record."""
    assert raced(tmp_path, 3, 4) == []


def main(seed: int, rounds: int) -> None:
    """Print what was wrong; fails when something was."""
    with tempfile.TemporaryDirectory(prefix="devmesh-races-") as folder:
        wrong = raced(Path(folder), seed, rounds)
    sys.stdout.write(f"seed {seed}: {rounds} races\n" + "".join(f"WRONG: {one}\n" for one in wrong))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1, int(sys.argv[2]) if len(sys.argv) > 2 else 50)
