"""Agents whose every version of a file names the one it was made from, and the judgement over what became of the files.

They speak the bare wire and insist, as callers do; several of them work on the same files at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from devmesh.audit.database import open_reader
from devmesh.audit.rows import facts_after
from devmesh.errors import RepositoryError
from devmesh.repository import Repository, blob_id
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.requests import AnyRequest
from devmesh.vocabulary.terms import FileChange, LockMode, Outcome, PlannedWrite, Role
from tests.faults.callers import Caller, Figures, Going, Way

FILES = ("chain/a.txt", "chain/b.txt")
NOTHING = "0" * 40
"What the first version of a file names."
BEAT = requests.Heartbeat()
AGAIN = 0.03
"Seconds between two looks whether something was told meanwhile."


class Made(NamedTuple):
    """A change of one file."""

    base: str
    head: str
    files: tuple[FileChange, ...]


class Author(Caller):
    """One agent, and the person who gives it its tasks."""

    def __init__(self, name: str, way: Way, home: Path, project: Path, figures: Figures) -> None:
        super().__init__(Role.AGENT, way, home, figures)
        self._person = Caller(Role.OPERATOR, way, home, figures)
        self._repository = Repository(project, home)
        self._name = name
        self._told: list[Any] = []

    def told(self, fact: Any) -> None:
        """Remember it: it may be what is waited for."""
        self._told.append(fact)

    async def close(self) -> None:
        """Both."""
        await super().close()
        await self._person.close()

    async def work(self, chance: Random, going: Going) -> None:
        """Task after task, each of them one new version of one of the files."""
        joined = (await self.call(requests.Join(tool="author")))[0]
        while going():
            (posted,) = await self._person.call(requests.PostTask(prompt="go on", agents=(joined.agent,)))
            self._figures.tasks.append(posted.task)
            awarded = await self._awarded(posted.task)
            await self.call(requests.Start(task=awarded.task, attempt=awarded.attempt))
            path = chance.choice(FILES)
            while not await self._landed(awarded, path):
                pass
            await self.call(requests.Finish(task=awarded.task, attempt=awarded.attempt, outcome=Outcome.DONE))
            self._told.clear()

    async def _awarded(self, task: int) -> facts.TaskAwarded:
        """It bids until it is heard: a bidding that a restart cut short is opened once more."""
        bid = requests.Bid(task=task, confidence=0.9)
        awarded: facts.TaskAwarded = await self._hear(facts.TaskAwarded, lambda fact: fact.task == task, bid)
        return awarded

    async def _landed(self, awarded: facts.TaskAwarded, path: str) -> bool:
        """Offer one version; False when it came back, because another was faster or the coordinator died of it."""
        taken = await self.call(requests.RequestLock(targets=(path,), mode=LockMode.CO_WRITE))
        tokens = tuple(fact.token for fact in taken if isinstance(fact, facts.LockGranted))
        made = await asyncio.to_thread(self._make, path, f"{self._name} {awarded.task}")
        offered = await self.call(
            requests.OfferChange(task=awarded.task, attempt=awarded.attempt, tokens=tokens, **made._asdict())
        )
        number = next((fact.change for fact in offered if isinstance(fact, facts.ChangeOffered)), None)
        if number is None:
            self._figures.surprises.append(f"{self._name}: {offered}")
            return True
        ended = await self._hear(facts.ChangeApplied | facts.ChangeReturned, lambda fact: fact.change == number)
        if isinstance(ended, facts.ChangeApplied):
            self._figures.landed[number] = made.files[0].after or ""
            return True
        self._figures.returned += 1
        return False

    def _make(self, path: str, line: str) -> Made:
        """The next version of that file, from the project as it is now."""
        while True:
            try:
                base = self._repository.snapshot(index=f"snapshot-{self._name}")
                held = self._repository.tree_entries(base, [path])
                before = held[path].oid if held else None
                after = self._repository.write_blob(f"{before or NOTHING}\n{line}\n".encode())
                head = self._repository.combined_tree(base, [PlannedWrite(path=path, expected=before, after=after)])
                return Made(base, head, self._repository.changes(base, head))
            except RepositoryError:  # a coordinator that was killed had its git half done
                self._figures.retries += 1

    async def _hear(self, kind: Any, wanted: Callable[[Any], bool], meanwhile: AnyRequest = BEAT) -> Any:
        """What was told about it, or what a session that is resumed says of how it stands."""
        while True:
            for fact in _unfolded(self._told):
                if isinstance(fact, kind) and wanted(fact):
                    return fact
            await asyncio.sleep(AGAIN)
            await self.call(meanwhile)


def _unfolded(told: Sequence[Any]) -> Iterator[Any]:
    for fact in told:
        if isinstance(fact, facts.Standing):
            yield from (part for part in (fact.task, fact.outcome) if part is not None)
        else:
            yield fact


def unchained(home: Path, project: Path, figures: Figures) -> list[str]:
    """Everything by which the files' contents are no single chain, as recorded, as kept, and as they lie on disk."""
    with open_reader(home) as connection:
        record = [recorded.fact for recorded in facts_after(connection, 0)]
    plans = {fact.change: fact.plan for fact in record if isinstance(fact, facts.ChangeApplying)}
    landed = [fact.change for fact in record if isinstance(fact, facts.ChangeApplied)]
    repository = Repository(project, home).open()
    wrong = [f"change {number} landed, and is not on record" for number in figures.landed if number not in landed]
    for path in FILES:
        last: str | None = None
        for write in (write for number in landed for write in plans.get(number, ()) if write.path == path):
            named = repository.read_blob(write.after or "").split(b"\n")[0].decode()
            if not (write.expected or NOTHING) == named == (last or NOTHING):
                wrong.append(
                    f"{path}: {write.after} was made from {named}, took the place of {write.expected}, not {last}"
                )
            last = write.after
        file = project / path
        found = blob_id(file.read_bytes()) if file.exists() else None
        if found != last:
            wrong.append(f"{path} holds {found}, the last that landed is {last}")
    return wrong
