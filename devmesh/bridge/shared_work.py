"""One attempt at work in the project itself: every edit asks for its lock, and a watch looks for those that did not.

What it wrote under its locks is offered as a change that is there already; any other write is put on record.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

from msgspec import structs

from devmesh.bridge.attempt import Bench, Ending
from devmesh.bridge.covering import covers
from devmesh.bridge.guarding.dialects import answering, program
from devmesh.bridge.guarding.own import NO
from devmesh.bridge.guarding.shared import WRITING, SharedGate
from devmesh.bridge.guarding.trail import Trail
from devmesh.bridge.guarding.watch import Found, Watch
from devmesh.bridge.guarding.wishes import meaning
from devmesh.bridge.prompt import check_section, remarks_section
from devmesh.bridge.session import Setting
from devmesh.bridge.tools.tool import Judgement, Permission, Said, ToolStarted, Wish
from devmesh.bridge.work import Work
from devmesh.bridge.workspace import Workspace, to_its_end
from devmesh.errors import DevMeshError
from devmesh.vocabulary.facts import ChangeReturned, TaskAwarded
from devmesh.vocabulary.facts.board import BoardShown, LockOnBoard
from devmesh.vocabulary.plain import plain
from devmesh.vocabulary.requests import Ask, Look, ReportWrite
from devmesh.vocabulary.terms import Badge, FileChange, LockMode, Outcome, PlannedWrite

WHOLE = "./"
"The target that means the whole project."
_NAMED = 10
_LAST_WORDS = 5.0
"Seconds that an attempt which ends may take to say what it leaves, and to look once more."


async def refuse_all(_: Wish) -> Permission:
    """The gate while nothing is at work in the project."""
    return Permission(granted=False, reason="No task of yours is at work in this folder now.")


@dataclass(slots=True)
class SharedTree(Workspace):
    """The project as a workspace: what was changed since `base` under a lock of ours is ours."""

    ours: Callable[[str], bool] = field(default=lambda _: False)
    now: str = ""
    "The project at the last look."

    async def look(self) -> tuple[FileChange, ...]:
        """What became of every file since the base, whoever changed it."""
        self.now = await to_its_end(self.repository.snapshot)
        return await to_its_end(self.repository.changes, self.base, self.now)

    async def commit(self, message: str) -> str:  # noqa: ARG002 - a workspace's; here nothing is left to be named
        """The base with our own writes; the base itself without any."""
        writes = [_written(file) for file in await self.look() if self.ours(file.path)]
        return await to_its_end(self.repository.combined_tree, self.base, writes) if writes else self.base

    async def renew(self, commit: str, base: str | None = None) -> None:
        """Nothing: the project is never set back."""


class SharedWork(Work):
    """Change the project where it is."""

    shared = True
    _workspace: SharedTree

    def __init__(self, bench: Bench, awarded: TaskAwarded, rulebook: str = "") -> None:
        super().__init__(bench, awarded, rulebook)
        self._trail = Trail(bench.workspaces.repository)
        self._watch = Watch(self._trail, bench.lane.landings, self._held_by_others, self._report)
        self._gate = SharedGate(
            bench.project, bench.locks, awarded.task, self._ask, self._looked, keep=self._watch.granting
        )

    async def perform(self) -> Ending:
        """As any work, with the desk open for the tool's hook, and the project watched until it is over."""
        desk = self._bench.lane.desk
        ending = None
        try:
            async with self._watched():
                if desk is not None:
                    desk.on("hook", answering(self._gate))
                try:
                    ending = await super().perform()
                finally:
                    self._watch.turn_over()
                    if ending is None or ending.outcome is not Outcome.DONE:
                        await self._say_what_is_left()
            return ending
        finally:
            if desk is not None:
                desk.on("hook", answering(refuse_all))

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        """Somebody looks, now and then, and at the end once more; whatever happens, nobody is kept from ending."""
        await to_its_end(self._trail.begin)
        looking = asyncio.create_task(self._watch.keep_looking())
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.wait([looking])
            with suppress(DevMeshError, TimeoutError):
                async with asyncio.timeout(_LAST_WORDS):
                    await self._watch.look(last=True)
            await to_its_end(self._trail.end)

    # ---- before ----

    async def _lock_first(self) -> None:
        """Also what the task declares, where nothing stops the tool; all of the project, where it declares nothing."""
        await super()._lock_first()
        wanted = () if self._bench.lane.asks_before else self.awarded.files or (WHOLE,)
        await self._acquire(wanted, LockMode.WRITE)
        self._gate.granted.update(one.target for one in self._bench.locks.believed(self.awarded.task))

    async def _open(self, commit: str | None = None) -> Workspace:
        """The project, with its pre-image kept."""
        repository = self._bench.workspaces.repository
        base = await self._watch.look() if commit is None else commit
        return SharedTree(self._bench.project, base, repository, self._is_ours)

    def _setting(self, workspace: Workspace) -> Setting:
        """It asks before it acts, one way or the other. Its papers lie where those of workspaces do."""
        setting, bench, awarded = super()._setting(workspace), self._bench, self.awarded
        papers = bench.workspaces.place(awarded.agent, awarded.task, awarded.attempt)
        papers.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lane = bench.lane
        hook = program(lane.dialect, lane.socket) if lane.dialect and lane.socket else None
        context = {**setting.context, **(hook.env if hook else {})}
        return replace(
            setting,
            context=context,
            gate=self._gate,
            wants=replace(setting.wants, asks=lane.talks, hook=hook, papers=papers),
        )

    async def _ask(self, question: Ask) -> str:
        return await self._bench.inbox.ask(question) if self._bench.inbox is not None else NO

    # ---- after each turn ----

    async def _run_tool(self, whole: str, workspace: Workspace, news: str = "") -> Judgement:
        if not self._bench.lane.asks_before:
            self._watch.free = frozenset(self._gate.granted)
        judgement = await super()._run_tool(whole, workspace, news)
        await self._watch.look()
        self._watch.turn_over()
        return judgement

    def _said(self, said: Said) -> None:
        """What it says it writes, it is thought to have written."""
        super()._said(said)
        if isinstance(said, ToolStarted):
            wish = Wish(said.name, said.paths)
            self._watch.named.update(meaning(wish, self._bench.project).inside)

    async def _report(self, found: Found) -> None:
        whose = "by its tool" if found.suspected else "by whom is not known"
        self._reporter.note(f"Written without a lock, {whose}: {plain(found.path)}. Both versions are kept.")
        await self._put_on_record(found.path, found.before, found.after, suspected=found.suspected)

    async def _say_what_is_left(self) -> None:
        """A failed attempt leaves what it wrote: with both versions on record, wherever the mesh still hears us."""
        if not hasattr(self, "_workspace"):
            return
        with suppress(DevMeshError, TimeoutError):
            async with asyncio.timeout(_LAST_WORDS):
                left = [file for file in await self._workspace.look() if self._is_ours(file.path)]
                for file in left:
                    await self._put_on_record(file.path, file.before, file.after, left=True)
                if left:
                    names = ", ".join(plain(file.path) for file in left[:_NAMED])
                    self._reporter.note(f"It failed, and what it had written stays in the project: {names}")

    async def _put_on_record(
        self, path: str, before: str | None, after: str | None, *, suspected: bool = True, left: bool = False
    ) -> None:
        awarded = self.awarded
        about = ReportWrite(path=path, task=awarded.task, attempt=awarded.attempt, before=before, after=after)
        await self._bench.link.request(structs.replace(about, suspected=suspected, left=left))

    async def _held_by_others(self, watching: bool) -> list[str]:  # noqa: FBT001 - what a watch asks
        """What others hold for writing; those with a copy of their own do not watch."""
        board = await self._board()
        away = {agent.agent for agent in board.agents if watching and agent.badge is Badge.ISOLATED}
        away.add(self.awarded.agent)
        return [lock.target for lock in board.locks if lock.agent not in away and lock.mode in WRITING]

    async def _looked(self) -> Sequence[LockOnBoard]:
        return (await self._board()).locks

    async def _board(self) -> BoardShown:
        return (await self._bench.link.request(Look())).find(BoardShown) or BoardShown()

    def _is_ours(self, path: str) -> bool:
        return any(covers(target, path) for target in self._gate.granted)

    # ---- once more ----

    async def _release_but(self, keep: Sequence[str]) -> None:
        """What is written already stays locked until it has landed."""

    async def _set_back(self, returned: ChangeReturned) -> str:
        """The project is as the tool left it: it goes on from there."""
        if returned.code == "CONFLICT":
            raise DevMeshError(f"somebody else wrote what it had written: {returned.message[:500]}")
        if returned.code == "CHECK_FAILED":
            return check_section(self.awarded.check, returned.message)
        return remarks_section(returned.message)


def _written(file: FileChange) -> PlannedWrite:
    return PlannedWrite(path=file.path, expected=file.before, after=file.after, mode=file.mode)
