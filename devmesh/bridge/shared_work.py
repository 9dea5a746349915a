"""One attempt at work in the project itself: every edit asks for its lock, and a sweep looks for those that did not.

What it wrote under its locks is offered as a change that is there already; any other write is put on record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from devmesh.bridge.attempt import Bench, Ending
from devmesh.bridge.covering import covered_by_any, covers
from devmesh.bridge.guarding.dialects import answering, program
from devmesh.bridge.guarding.own import NO
from devmesh.bridge.guarding.shared import WRITING, SharedGate
from devmesh.bridge.prompt import check_section, remarks_section
from devmesh.bridge.session import Setting
from devmesh.bridge.tools.tool import Judgement, Permission, Wish
from devmesh.bridge.work import Work
from devmesh.bridge.workspace import Workspace, to_its_end
from devmesh.errors import DevMeshError
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import ChangeApplied, ChangeReturned, TaskAwarded
from devmesh.vocabulary.facts.board import BoardShown, LockOnBoard
from devmesh.vocabulary.plain import plain
from devmesh.vocabulary.requests import Ask, Look, ReportWrite
from devmesh.vocabulary.terms import FileChange, LockMode, PlannedWrite

WHOLE = "./"
"The target that means the whole project."
_NAMED = 10


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
        self._gate = SharedGate(bench.project, bench.locks, awarded.task, self._ask, self._looked)
        self._landed_by_others: set[str] = set()
        self._reported: set[FileChange] = set()

    async def perform(self) -> Ending:
        """As any work, with the desk open for the tool's hook and an ear for what others land."""
        desk = self._bench.lane.desk
        stop_listening = self._bench.link.subscribe(self._overhear)
        try:
            if desk is not None:
                desk.on("hook", answering(self._gate))
            return await super().perform()
        finally:
            stop_listening()
            if desk is not None:
                desk.on("hook", answering(refuse_all))

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
        base = await to_its_end(repository.snapshot) if commit is None else commit
        self._landed_by_others.clear()
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
        judgement = await super()._run_tool(whole, workspace, news)
        left = await self._sweep()
        if not judgement.success and left:
            names = ", ".join(plain(file.path) for file in left[:_NAMED])
            self._reporter.note(f"It failed, and what it had written stays in the project: {names}")
        return judgement

    async def _sweep(self) -> list[FileChange]:
        """Put on record what changed without a lock of ours or another's; returns what is ours."""
        changed = await self._workspace.look()
        others = await self._held_by_others()
        for file in changed:
            accounted = self._is_ours(file.path) or file.path in self._landed_by_others
            if not accounted and not covered_by_any(others, file.path) and file not in self._reported:
                self._reported.add(file)
                await self._report(file)
        return [file for file in changed if self._is_ours(file.path)]

    async def _report(self, file: FileChange) -> None:
        self._reporter.note(f"Written without a lock: {plain(file.path)}. Both versions are kept.")
        awarded = self.awarded
        await self._bench.link.request(
            ReportWrite(
                path=file.path, task=awarded.task, attempt=awarded.attempt, before=file.before, after=file.after
            )
        )

    async def _held_by_others(self) -> list[str]:
        me = self.awarded.agent
        return [lock.target for lock in await self._looked() if lock.agent != me and lock.mode in WRITING]

    async def _looked(self) -> Sequence[LockOnBoard]:
        board = (await self._bench.link.request(Look())).find(BoardShown)
        return board.locks if board is not None else ()

    def _overhear(self, recorded: Recorded) -> None:
        """What others landed meanwhile is no write of ours."""
        if isinstance(recorded.fact, ChangeApplied) and recorded.fact.agent != self.awarded.agent:
            self._landed_by_others.update(recorded.fact.files)

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
