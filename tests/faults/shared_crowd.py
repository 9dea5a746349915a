"""One project that several agents change where it is, with real bridges on a real mesh; only their tools are played.

Their witnesses are real, too. Time between two writes is drawn, and no more of it waited for than a witness may need:
whether a watch looked in between follows from its pace.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

import devmesh
from devmesh.bridge.conversation import Conversation, Place
from devmesh.bridge.guarding import shared
from devmesh.bridge.guarding.looking import PACE, SETTLED, SETTLING
from devmesh.bridge.guarding.trail import Trail
from devmesh.bridge.guarding.watch import Landings, Watch
from devmesh.bridge.guarding.witness import Sight, Witness
from devmesh.bridge.lane import Lane
from devmesh.bridge.shared_work import SharedWork
from devmesh.bridge.tools.generic import GenericTool
from devmesh.bridge.tools.tool import Judgement, Wish
from devmesh.bridge.work import Work
from devmesh.bridge.workspace import Workspace, Workspaces
from devmesh.mesh import Mesh
from devmesh.repository import Repository
from devmesh.vocabulary import facts
from devmesh.vocabulary.requests import Watch as Listen
from devmesh.vocabulary.terms import Badge, Role, WorkspaceKind
from tests.bridge.rig import Person, linked
from tests.faults.crowd import BEGINNING, FILES, WRITERS, Scene
from tests.faults.shared_ledger import GATE, Kept, Ledger, Verdict

SHARED_AGENTS = 2
APART = 1.0
"Seconds between two writes of the crowd, on the average; drawn from the exponential distribution."
LATEST = PACE + SETTLING * SETTLED
"Seconds after which a write has been looked at, at the latest, when nothing else is written."
WITNESSED = 0.02
"Seconds in which a witness reads what was written, on a machine that is not all too busy."
LARGE = 1_500


@dataclass
class Count:
    """What the crowd did."""

    granted: int = 0
    refused: int = 0
    reread: int = 0
    behind: int = 0
    landed: int = 0
    failed: int = 0
    verdict: Verdict = field(default_factory=Verdict)


class Seat:
    """In a tool session's place: a tool that does what the crowd tells it, until it is told to end."""

    dollars = None

    def __init__(self, crowd: SharedCrowd, attempt: Work, workspace: Workspace) -> None:
        self.attempt = attempt
        self.workspace = workspace
        self.read: dict[str, str] = {}
        "What the tool has read of each file, however long ago."
        self._crowd = crowd
        self._over: asyncio.Future[Judgement] = asyncio.get_running_loop().create_future()

    async def run(self, whole: str, news: str = "") -> Judgement:
        """One turn."""
        del whole, news
        self._over = asyncio.get_running_loop().create_future()
        self._crowd.seated.put_nowait(self)
        return await self._over

    def end(self, *, success: bool) -> None:
        """The tool says it is done, or fails."""
        self._over.set_result(Judgement(success=success, reason="" if success else "it gave up", answer="done"))

    def pause(self) -> None:
        """Nothing runs."""

    resume = kill = pause

    def used(self) -> Any:
        """No memory."""
        from devmesh.vocabulary.terms import Resources

        return Resources()


class SharedCrowd(Scene):
    """One interleaving after the other."""

    def __init__(self, project: Path, seed: int, behind: int) -> None:
        super().__init__(project, seed)
        self.behind = behind
        self.count = Count()
        self.ledger = Ledger(FILES, BEGINNING)
        self.seated: asyncio.Queue[Seat] = asyncio.Queue()
        self.seats: dict[str, Seat] = {}
        "The shared agents whose tools are at work."
        self._person: Person
        self._bridges: list[Conversation] = []

    # ---- who takes part ----

    @asynccontextmanager
    async def together(self, home: Path) -> AsyncIterator[None]:
        """Real bridges: some in the project itself, one with copies of its own."""
        async with linked(home, Role.OPERATOR) as link:
            self._person = Person(link)
            await link.request(Listen())
            lanes = [replace(_SHARED, landings=Landings()) for _ in range(SHARED_AGENTS)] + [_OWN]
            async with asyncio.TaskGroup() as group:
                closing = [await self._join(home, lane, group) for lane in lanes]
                self._bridges = [conversation for conversation, _ in closing]
                await self._person.sees(facts.AgentJoined, count=len(lanes))
                yield
                for agent in list(self.seats):
                    await self._end_turn(agent, success=True)
                for conversation, gone in closing:
                    conversation.leave("the crowd goes home")
                    gone.set()

    async def _join(self, home: Path, lane: Lane, group: asyncio.TaskGroup) -> tuple[Conversation, asyncio.Event]:
        made: asyncio.Future[Conversation] = asyncio.get_running_loop().create_future()
        gone = asyncio.Event()

        async def live() -> None:
            async with linked(home) as link:
                workspaces = Workspaces(Repository(self.project, home))
                place = Place(self.project, home / "logs")
                made.set_result(Conversation(link, GenericTool.find("scripted"), workspaces, place, (), lane))
                await made.result().run()
                await gone.wait()

        group.create_task(live())
        return await made, gone

    async def _sit_down(self, agent: str) -> Seat:
        """A task for that agent, up to where its tool runs."""
        await self._person.post("play", agents=(agent,))
        seat = await self.seated.get()
        assert seat.attempt.awarded.agent == agent
        return seat

    # ---- what happens ----

    async def interleave(self) -> None:
        """A handful of writes, of whoever."""
        self._tidy()
        for bridge in self._bridges[:SHARED_AGENTS]:
            agent = bridge.agent or ""
            if agent not in self.seats:
                seat = self.seats[agent] = await self._sit_down(agent)
                self.ledger.watched = True
                seat.read = {name: self._text(name) for name in FILES}
                self.ledger.saw()
        for _ in range(self.random.randint(3, 6)):
            step = self.random.choices((self._edit, self._behind, self._land, self._end), (8, self.behind, 3, 2))[0]
            await step()
            await self._time_passes()

    async def _time_passes(self) -> None:
        """Some; and if it is enough, one of those who watch looks."""
        passed = self.random.expovariate(1 / APART)
        await asyncio.sleep(min(passed, WITNESSED))
        if passed > LATEST:
            await self._look()

    async def _look(self) -> None:
        seats = list(self.seats.values())
        if seats:
            await _shared(self.random.choice(seats)).look()

    async def _edit(self) -> None:
        """A tool at work edits a file, as far as it is let, by what it reads now or read once."""
        if not self.seats:
            return
        seat = self.random.choice(list(self.seats.values()))
        name = self.random.choice(FILES)
        attempt = seat.attempt
        assert isinstance(attempt, SharedWork)
        wish = Wish(self.random.choice(("Edit", "Write")), (name,))
        permission = await attempt._gate(wish)
        if "read it again" in permission.reason:
            self.count.reread += 1
            seat.read[name] = self._text(name)
            permission = await attempt._gate(wish)
        if not permission.granted:
            self.count.refused += 1
            return
        if self.behind and self.random.random() < 0.15:
            await self._behind(name)  # between the grant and the write
            await self._time_passes()
        self.count.granted += 1
        now = self._text(name)
        old = now if self.random.random() < 0.5 else seat.read[name]
        seat.read[name] = self._edited(old, attempt.awarded.agent)
        (self.project / name).write_text(seat.read[name])
        self.ledger.wrote(name, seat.read[name], attempt.awarded.agent, rightly=True, informed=old == now)

    def _edited(self, text: str, agent: str) -> str:
        """With a line more, and often another one gone."""
        lines = text.splitlines(keepends=True)
        if lines and self.random.random() < 0.6:
            lines.pop(self.random.randrange(len(lines)))
        return self.added("".join(lines), self.line(agent))

    async def _behind(self, name: str = "") -> None:
        """Somebody writes behind the gate: a tool, a person, or a program of theirs."""
        name = name or self.random.choice(FILES)
        line = self.line("behind")
        self.random.choice(WRITERS)(self, self.project / name, line)
        self.count.behind += 1
        self._note(name, line)

    async def _land(self) -> None:
        """An agent with a copy of its own lands something through the gate, and somebody may write meanwhile."""
        held = {target for seat in self.seats.values() for target in _gate_of(seat).granted}
        free = [name for name in FILES if name not in held]
        agent = self._bridges[-1].agent or ""
        if not free:
            return
        name = self.random.choice(free)
        seat = await self._sit_down(agent)
        while True:
            path = seat.workspace.path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(self.added(path.read_text() if path.is_file() else "", self.line(agent)))
            if self.behind and self.random.random() < 0.5:
                await self._behind(name)
            task = seat.attempt.awarded.task
            seat.end(success=True)
            again = asyncio.ensure_future(self.seated.get())
            over = asyncio.ensure_future(self._over(task))
            await asyncio.wait((again, over), return_when=asyncio.FIRST_COMPLETED)
            if again.done():  # it did not fit, and its tool runs again
                over.cancel()
                seat = again.result()
                continue
            again.cancel()
            self._note(name, GATE, rightly=True)
            self.count.landed += over.result()
            return

    async def _end(self) -> None:
        """A tool's turn ends, mostly well; what it wrote lands as it is."""
        if self.seats:
            await self._end_turn(self.random.choice(list(self.seats)), success=self.random.random() < 0.7)

    async def _end_turn(self, agent: str, *, success: bool) -> None:
        seat = self.seats.pop(agent)
        seat.end(success=success)
        done = await self._over(seat.attempt.awarded.task)
        await asyncio.wait([seat.attempt.task])
        self.ledger.watched = bool(self.seats)
        self.count.landed += done
        self.count.failed += not done
        for name in FILES:
            self._note(name, GATE, rightly=True)

    async def _over(self, task: int) -> bool:
        """Whether it was completed, once it has ended."""
        ended = (facts.TaskCompleted, facts.TaskFailed)
        async with asyncio.timeout(60):
            while True:
                for fact in reversed(self._person.facts):
                    if isinstance(fact, ended) and fact.task == task:
                        return isinstance(fact, facts.TaskCompleted)
                self._person._more.clear()
                await self._person._more.wait()

    # ---- the disk ----

    def _text(self, name: str) -> str:
        path = self.project / name
        return path.read_text() if path.is_file() else ""

    def _note(self, name: str, author: str, *, rightly: bool = False) -> None:
        path = self.project / name
        text = path.read_text() if path.is_file() else None
        if text != self.ledger.pages[name][-1].text:
            self.ledger.wrote(name, text, author, rightly=rightly)

    def _tidy(self) -> None:
        """Files do not grow for ever, and a deleted one comes back: a person's doing."""
        for name in FILES:
            path = self.project / name
            if not path.is_file() or path.stat().st_size > LARGE:
                path.parent.mkdir(exist_ok=True)
                path.write_text(BEGINNING)
                self._note(name, self.line("tidy"))


_OWN = Lane()
_SHARED = Lane(kind=WorkspaceKind.SHARED, badge=Badge.WATCHED, talks=True, mcp=False)


def _shared(seat: Seat) -> Watch:
    assert isinstance(seat.attempt, SharedWork)
    return seat.attempt._watch


def _gate_of(seat: Seat) -> shared.SharedGate:
    assert isinstance(seat.attempt, SharedWork)
    return seat.attempt._gate


@contextmanager
def played(crowd: SharedCrowd) -> Iterator[pytest.MonkeyPatch]:
    """Tools are played by the crowd; looks are noted, and made only when the crowd's time says so."""

    def seat(attempt: Work, workspace: Workspace) -> Any:
        return Seat(crowd, attempt, workspace)

    async def never(_: Watch) -> None:
        await asyncio.Event().wait()

    def noted(look: Callable[..., Any]) -> Callable[..., Any]:
        def looking(*arguments: Any) -> Any:
            crowd.ledger.saw()
            return look(*arguments)

        return looking

    gathered = Witness.sights

    def sights(witness: Witness) -> dict[str, list[Sight]]:
        found = gathered(witness)
        read = [(path, one.content) for path, seen in found.items() for one in seen]
        crowd.ledger.witnessed((path, None if content is None else content.decode()) for path, content in read)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Witness, "sights", sights)
        patch.setattr(Work, "_begin_session", seat)
        patch.setattr(Watch, "keep_looking", never)
        patch.setattr(Trail, "_look", noted(Trail._look))
        patch.setattr(Trail, "_fresh", noted(Trail._fresh))
        patch.setattr(shared, "PATIENCE", 0.02)
        yield patch


def on_record(mesh: Mesh) -> list[Kept]:
    """Every write behind the gate, as `mesh.conflicts` shows it; left out is what failed attempts left."""
    found = []
    for number in mesh.conflicts.df()["write"]:
        conflict = mesh.conflicts[f"write {number}"]
        (version,) = conflict.versions()
        if "whose attempt failed" not in conflict.message:
            found.append(Kept(version.path, version.ours, version.theirs))
    return found


def shared_crowd(folder: Path, seed: int, interleavings: int, behind: int = 5) -> Count:
    """So many interleavings on one mesh, and what is on record in the end.

    `behind`: how often somebody writes behind the gate, where a tool edits eight times; 0: nobody ever does.
    """
    project = folder / "project"
    project.mkdir()
    crowd = SharedCrowd(project, seed, behind)

    async def play(home: Path) -> None:
        async with crowd.together(home):
            for _ in range(interleavings):
                await crowd.interleave()

    with devmesh.start(project, ws_port=0, home=folder / "home", max_attempts=1) as mesh:
        with played(crowd):
            asyncio.run(play(mesh.home))
        crowd.count.verdict = crowd.ledger.judged(on_record(mesh))
    return crowd.count
