"""The real `devmesh serve` in a process of its own, and clients that ask it again until they are answered."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from random import Random

from devmesh.address import home_of, read_connection
from devmesh.settings import Settings
from devmesh.vocabulary.terms import Role
from tests.faults.callers import Caller, Figures, lock, post

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0
"Seconds until something is taken not to happen; far beyond what anything takes."


class Served:
    """One coordinator process after the other, for one project. What it says on stderr is kept."""

    def __init__(self, project: Path, base: Path, *, wrapper: Sequence[str] = (), **settings: str) -> None:
        """`base`: the folder of all state. `wrapper`: a command that runs the rest of its line."""
        project.mkdir(exist_ok=True)
        self.project, self.base = project, base
        self.home = home_of(project, Settings.load(home=base))
        self._wrapper = list(wrapper)
        self.surroundings = {
            **os.environ, "DEVMESH_HOME": str(base), "PYTHONPATH": str(ROOT), "DEVMESH_RAM_GB": "16", **settings
        }  # fmt: skip
        self._words = project.parent / "stderr.txt"
        self._said = b""
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> bool:
        """Start it; whether it is ready now, or else has ended."""
        command = ["-m", "devmesh.terminal", "serve", "-C", str(self.project), "--port", "0", "--json"]
        with self._words.open("wb") as words:
            self._process = subprocess.Popen(
                [*self._wrapper, sys.executable, *command], env=self.surroundings, stdout=subprocess.PIPE, stderr=words
            )
        assert self._process.stdout is not None
        self._said = self._process.stdout.readline()
        if b'"pid"' in self._said:
            return True
        self.wait()
        return False

    def start(self) -> None:
        """Start it, and be ready."""
        assert self.begin(), self.last_words

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def last_words(self) -> str:
        """All that it said in the end; never a traceback."""
        said = self._words.read_text(errors="replace") + self._said.decode(errors="replace")
        assert "Traceback" not in said, said
        return said

    def limit(self, what: int, most: int) -> None:
        """Lower one of the limits of the running process; only the soft one, so that it can be raised again."""
        hard = resource.prlimit(self.pid, what)[1]
        resource.prlimit(self.pid, what, (hard if most < 0 else most, hard))

    def kill(self) -> None:
        """SIGKILL, and wait for its end."""
        if self._process is not None:
            self._process.kill()
            self.wait()

    def stop(self) -> int:
        """SIGTERM; how it ended."""
        assert self._process is not None
        self._process.terminate()
        return self.wait()

    def wait(self) -> int:
        """How it ended."""
        assert self._process is not None
        code = self._process.wait(PATIENCE)
        if self._process.stdout is not None and not self._process.stdout.closed:
            self._said += self._process.stdout.read()
            self._process.stdout.close()
        return code


@contextmanager
def served(project: Path, base: Path, *, wrapper: Sequence[str] = (), **settings: str) -> Iterator[Served]:
    """A coordinator that runs; none is left behind."""
    one = Served(project, base, wrapper=wrapper, **settings)
    try:
        one.start()
        yield one
    finally:
        one.kill()


class Direct:
    """The way to a coordinator without anything in between: always to the one that is there now."""

    def __init__(self, home: Path) -> None:
        self._home = home

    @property
    def port(self) -> int:
        """Of the one that published itself last. Raises NoMesh."""
        return read_connection(self._home).port


async def until(claim: Callable[[], bool]) -> None:
    """Return once it is true: what another process does, nobody signals."""
    end = time.monotonic() + PATIENCE
    while not claim():
        assert time.monotonic() < end, "it never came to pass"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def insisting(home: Path, figures: Figures, *, agents: int = 2) -> AsyncIterator[None]:
    """Inside, agents take and give locks and a person posts tasks. It ends when every call is answered."""
    over = asyncio.Event()
    way = Direct(home)
    callers = [Caller(Role.AGENT, way, home, figures) for _ in range(agents)]
    person = Caller(Role.OPERATOR, way, home, figures)
    going = lambda: not over.is_set()  # noqa: E731
    work = [lock(one, Random(number), f"c{number}", figures, going) for number, one in enumerate(callers)]
    tasks = asyncio.gather(*work, post(person, figures, going))
    try:
        yield
        over.set()
        async with asyncio.timeout(PATIENCE):
            await tasks
    finally:
        tasks.cancel()
        for one in (*callers, person):
            await one.close()


async def served_again(figures: Figures, more: int = 5) -> None:
    """So many more acknowledged tasks."""
    known = len(figures.tasks)
    await until(lambda: len(figures.tasks) >= known + more)
