"""Run by a test: lives of a coordinator and an agent, each in a process that kills itself inside a named function.

For every line `FOLDER WHERE EVENT` it forks such a process and prints how it ended. `WHERE` is `module:function`, and
the n-th thing that happens in it (its call, whatever it calls of the system, its return) is where SIGKILL comes.
"""

from __future__ import annotations

# ruff: noqa: E402 - it is run as a program
import asyncio
import os
import secrets
import signal
import sys
import threading
import traceback
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from devmesh.address import home_of
from devmesh.bridge.credential import leave_secret, take_secret
from devmesh.repository import Repository
from devmesh.settings import Settings
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import LockMode, Outcome, Role
from tests.coordinator.changing import make
from tests.coordinator.rig import Client, running

SEEN = "seen.txt"
ENDED: Any = facts.ChangeApplied | facts.ChangeReturned
TOLD = "told.txt"
"What was acknowledged, a line each: `task N`, `token N`, `credential N`, `change N`."


class Watch:
    """Counts what happens in the product's functions, by `module:function`; kills at one of them."""

    def __init__(self, where: str, event: int) -> None:
        self._where, self._event = where, event
        self.counts: Counter[str] = Counter()
        self._names: dict[Any, str] = {}

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        """As a profiler is called."""
        name = self._names.get(frame.f_code)
        if name is None:
            name = self._names[frame.f_code] = _named(frame)
        if not name:
            return
        self.counts[name] += 1
        if name == self._where and self.counts[name] == self._event and event:
            os.kill(os.getpid(), signal.SIGKILL)


def _named(frame: FrameType) -> str:
    """`module:function` of the product's outermost function; empty for any other code."""
    module = str(frame.f_globals.get("__name__", ""))
    if not module.startswith("devmesh."):
        return ""
    return f"{module}:{frame.f_code.co_qualname.split('.<locals>')[0]}"


async def live(folder: Path) -> None:
    """One life: everything that writes has its turn; what is acknowledged is noted at once."""
    project = folder / "project"
    settings = Settings.load(home=folder / "state", ws_port=0, ram_gb=16, gpu_vram_gb=0)
    home = home_of(project, settings)
    async with running(project, settings) as mesh:
        with (folder / TOLD).open("a", buffering=1) as told:
            async with await mesh.operator() as person, await Client.connect(mesh.connection) as agent:
                name = await agent.join()
                digest = secrets.token_hex(32)
                issued = (await person.ask(requests.IssueCredential(digest=digest, role=Role.AGENT)))[0]
                told.write(f"credential {issued.credential}\n")
                take_secret(leave_secret(home, "a secret"))
                posted = (await person.ask(requests.PostTask(prompt="go on", agents=(name,))))[0]
                told.write(f"task {posted.task}\n")
                await one_change(Repository(project, home).open(), agent, posted.task, told)


async def one_change(repository: Repository, agent: Client, task: int, told: Any) -> None:
    """A task from its bidding to its end; a change that a killed life has left may land meanwhile."""
    while (await agent.hear_of(facts.BiddingOpened)).task != task:
        pass
    await agent.say(requests.Bid(task=task, confidence=0.9))
    awarded = await agent.hear_of(facts.TaskAwarded)
    await agent.ask(requests.Start(task=awarded.task, attempt=awarded.attempt))
    while not await _landed(repository, agent, awarded, told):
        pass
    await agent.ask(requests.Finish(task=awarded.task, attempt=awarded.attempt, outcome=Outcome.DONE))


async def _landed(repository: Repository, agent: Client, awarded: facts.TaskAwarded, told: Any) -> bool:
    """Modified, merged with what a person wrote meanwhile, added and deleted; and the person writes once too late."""
    made = await asyncio.to_thread(make, repository, lambda place: _edit(place, awarded.task))
    project = repository.project
    (project / "a.txt").write_text(f"by hand {awarded.task}\n" + (project / "a.txt").read_text())
    paths = tuple(file.path for file in made.files)
    granted = await agent.ask(requests.RequestLock(targets=paths, mode=LockMode.CO_WRITE))
    tokens = tuple(fact.token for fact in granted if isinstance(fact, facts.LockGranted))
    told.writelines(f"token {token}\n" for token in tokens)
    offer = requests.OfferChange(
        task=awarded.task, attempt=awarded.attempt, base=made.base, head=made.head, files=made.files, tokens=tokens
    )
    with (project / "b.txt").open("a") as editor:
        await agent.say(offer)
        ended = await agent.hear_of(ENDED)
        if isinstance(ended, facts.ChangeApplied):
            told.write(f"change {ended.change}\n")
        editor.write("too late\n")
    return isinstance(ended, facts.ChangeApplied)


def _edit(place: Path, task: int) -> None:
    with (place / "a.txt").open("a") as file:
        file.write(f"by an agent {task}\n")
    (place / "b.txt").write_text(f"new {task}\n")
    fresh = place / "fresh" / str(task) / "file.txt"
    fresh.parent.mkdir(parents=True)
    fresh.write_text("fresh\n")
    for old in sorted(place.glob("fresh/*/file.txt")):
        if old != fresh:
            old.unlink()


def child(folder: Path, where: str, event: int) -> int:
    """One life; whatever goes wrong in it is said."""
    watch = Watch(where, event)
    threading.setprofile(watch)
    sys.setprofile(watch)
    try:
        asyncio.run(live(folder))
    except BaseException:  # noqa: BLE001 - a process ends here
        traceback.print_exc()
        return 1
    sys.setprofile(None)
    (folder / SEEN).write_text("".join(f"{name} {count}\n" for name, count in sorted(watch.counts.items())))
    return 0


def main() -> None:
    """See above."""
    for line in iter(sys.stdin.readline, ""):
        folder, where, event = line.split()
        pid = os.fork()
        if pid == 0:
            os._exit(child(Path(folder), where, int(event)))
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
