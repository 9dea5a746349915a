"""One attempt at one task, from its award to its end: what work and reviews have in common. Knows no bidding."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from devmesh.bridge.inbox import Inbox
from devmesh.bridge.lane import Lane
from devmesh.bridge.link import Link
from devmesh.bridge.locks import Locks
from devmesh.bridge.mcp import about
from devmesh.bridge.report import Reporter
from devmesh.bridge.session import Ears, Setting, ToolSession
from devmesh.bridge.spending import Meter
from devmesh.bridge.tools.tool import Gate, Judgement, Purpose, Said, TextSaid, Tool, ToolStarted, Wants
from devmesh.bridge.workspace import Workspace, Workspaces, context
from devmesh.errors import Code, DevMeshError, Refused
from devmesh.vocabulary import plain
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import BudgetReached, TaskAwarded
from devmesh.vocabulary.requests import Finish, ReadFramework, StandDown, Start
from devmesh.vocabulary.terms import Blockage, Outcome, Resources, Stream

_log = logging.getLogger(__name__)

_NOT_OURS = {Code.NOT_ASSIGNED, Code.NOT_JOINED}
"The mesh gave the task to somebody else, or has ended it."
_SUMMARY = 4000
"Characters of a tool's last words that are kept as the task's result."


@dataclass(frozen=True, slots=True)
class Bench:
    """What a bridge works with."""

    link: Link
    locks: Locks
    tool: Tool
    workspaces: Workspaces
    project: Path
    logs: Path
    options: Sequence[str] = ()
    "Arguments of the person's own, for the tool."
    inbox: Inbox | None = None
    wants: Wants = field(default_factory=Wants)
    "What every run is given besides its prompt."
    gate: Callable[[Path, int | None], Gate] | None = None
    "Who decides about a tool's wishes, by its workspace and task. None: everything is granted."
    lane: Lane = field(default_factory=Lane)
    "Where its tool works, and how it is kept from what it must not write."

    def setting(self, workspace: Path, purpose: Purpose, agent: str, task: int, attempt: int) -> Setting:
        """Where a tool runs for that task; 0 for none."""
        return Setting(
            workspace,
            purpose,
            self.options,
            context(self.project, agent, task, attempt, workspace),
            replace(self.wants, mcp=about(self.wants.mcp, task)) if self.wants.mcp is not None else self.wants,
            self.gate(workspace, task or None) if self.gate is not None else None,
        )


@dataclass(slots=True)
class Ending:
    """What is said of the attempt when it is over."""

    outcome: Outcome
    summary: str
    blockage: Blockage | None = None
    "With `blocked`: why the tool's service would not serve."
    retry_in: float | None = None

    @classmethod
    def of_failure(cls, judgement: Judgement) -> Ending:
        """A failed run ends the attempt; one whose service would not serve is no fault of the task."""
        if judgement.blockage is None:
            return cls(Outcome.FAILED, judgement.reason)
        return cls(Outcome.BLOCKED, judgement.reason, judgement.blockage, judgement.retry_in)

    def __str__(self) -> str:
        """For a person: done, failed or blocked, and why."""
        if self.outcome is Outcome.DONE:
            return "done"
        why = plain.beginning(self.summary.strip().split("\n", 1)[0], 300)
        blockage = f" ({str(self.blockage).replace('_', ' ')})" if self.blockage is not None else ""
        return f"{self.outcome}{blockage}: {why}" if why else f"{self.outcome}{blockage}"


class Attempt:
    """The life of one attempt. `start` begins it; facts that concern it are handed to `heard` at once."""

    purpose = Purpose.WORK

    def __init__(self, bench: Bench, awarded: TaskAwarded, rulebook: str = "") -> None:
        self.awarded = awarded
        self._bench = bench
        self._rulebook = rulebook
        self._pauses: set[str] = set()
        "Who wants it paused: it goes on when nobody does."
        self._session: ToolSession | None = None
        self._reporter: Reporter
        self._meter: Meter
        self.ended = ""
        "How it ended, in words, once it has."
        self._task: asyncio.Task[None] | None = None
        self.abandoned = False
        "Whether it was taken away, or the bridge ends."

    # ---- what others do with it ----

    def start(self, after: Sequence[Attempt] = ()) -> asyncio.Task[None]:
        """Begin, once those before it have cleaned up."""
        before = [attempt.task for attempt in after]
        self._task = asyncio.create_task(self._live(before), name=f"task {self.awarded.task}")
        return self._task

    @property
    def task(self) -> asyncio.Task[None]:
        """Done once it has ended and left nothing behind."""
        if self._task is None:
            raise RuntimeError("this attempt was not started")
        return self._task

    def heard(self, recorded: Recorded) -> None:
        """A fact about this task."""
        if isinstance(recorded.fact, BudgetReached) and self._session is not None:
            self._session.dollars = None  # it goes on only with a new budget, which the mesh sees to

    def pause(self, reason: str) -> None:
        """Have its tool stand still, or gone where it can be continued, within 2 s."""
        self._pauses.add(reason)
        self._pause()

    def resume(self, reason: str) -> None:
        """Let it go on, unless somebody else wants it paused."""
        self._pauses.discard(reason)
        if not self._pauses:
            self._resume()

    def abandon(self) -> None:
        """It is ours no more: stop the tool at once and clean up, without a word about it. Once is enough."""
        if self._task is not None and not self.abandoned:
            self.abandoned = True
            self._task.cancel()

    def kill(self) -> None:
        """End the tool without any grace; for a bridge that is in a hurry."""
        if self._session is not None:
            self._session.kill()

    def used(self) -> Resources:
        """The memory its processes take now."""
        return self._session.used() if self._session is not None else Resources()

    def _pause(self) -> None:
        if self._session is not None:
            self._session.pause()

    def _resume(self) -> None:
        if self._session is not None:
            self._session.resume()

    # ---- its own life ----

    async def perform(self) -> Ending:
        """Do it. Each kind of task says how."""
        raise NotImplementedError

    async def _live(self, before: Sequence[asyncio.Task[None]]) -> None:
        awarded = self.awarded
        if before:
            await asyncio.wait(before)
        name = f"{awarded.agent}-{awarded.task}-{awarded.attempt}.log"
        self._reporter = Reporter(self._bench.link, awarded.task, awarded.attempt, self._bench.logs / name)
        self._meter = Meter(self._bench.link, awarded.task, awarded.attempt, self._bench.tool.model)
        try:
            ending = await self._ending()
        finally:
            await self._clean_up()
        if ending is not None:
            self.ended = str(ending)
            await self._finish(ending)

    async def _ending(self) -> Ending | None:
        """How it ended; None when it is not ours to say."""
        try:
            return await self.perform()
        except Refused as refused:
            return None if refused.code in _NOT_OURS else Ending(Outcome.FAILED, str(refused))
        except DevMeshError as error:
            _log.warning("task %d failed: %s", self.awarded.task, error)
            return Ending(Outcome.FAILED, str(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours ends this attempt, not the bridge
            _log.exception("task %d failed by a fault of ours", self.awarded.task)
            return Ending(Outcome.FAILED, f"the bridge failed: {type(error).__name__}: {error}")

    async def _clean_up(self) -> None:
        """Locks and memory back, workspace gone. The mesh may be gone too; that must not keep the folder."""
        awarded, bench = self.awarded, self._bench
        try:
            with suppress(DevMeshError):
                await self._meter.close()
                await self._reporter.close()
                await bench.locks.end(awarded.task)
            if self.abandoned and (awarded.needs.ram_gb or awarded.needs.vram_gb):
                await self._stand_down()
        finally:
            self._reporter.give_up()
            try:
                await bench.workspaces.remove(awarded.agent, awarded.task, awarded.attempt)
            except (DevMeshError, OSError) as error:
                _log.warning("a workspace stays behind: %s", error)

    async def _finish(self, ending: Ending) -> None:
        awarded = self.awarded
        summary = plain.ending(ending.summary.strip(), _SUMMARY)
        try:
            await self._bench.link.request(
                Finish(
                    task=awarded.task,
                    attempt=awarded.attempt,
                    outcome=ending.outcome,
                    summary=summary,
                    blockage=ending.blockage,
                    retry_in=ending.retry_in,
                )
            )
        except Refused as refused:
            _log.warning("the end of task %d was refused: %s", awarded.task, refused)

    # ---- what every kind needs ----

    async def _read_framework(self) -> None:
        """Rule 7. The overview is in every prompt."""
        if self.awarded.framework is not None:
            await self._bench.link.request(ReadFramework(version=self.awarded.framework))

    async def _open(self, commit: str | None = None) -> Workspace:
        awarded = self.awarded
        return await self._bench.workspaces.open(awarded.agent, awarded.task, awarded.attempt, commit)

    async def _begin(self, workspace: Workspace) -> None:
        awarded = self.awarded
        await self._bench.link.request(Start(task=awarded.task, attempt=awarded.attempt, workspace=str(workspace.path)))

    async def _run_tool(self, whole: str, workspace: Workspace, news: str = "") -> Judgement:
        """Run the tool once, within what is left of the attempt's time: on the `news` alone where it knows the rest."""
        if self._session is None:
            self._session = self._begin_session(workspace)
        judgement = await self._session.run(whole, news)
        if not judgement.success:
            self._reporter.note(f"{self._bench.tool.name} failed: {judgement.reason}")
        return judgement

    def _setting(self, workspace: Workspace) -> Setting:
        awarded = self.awarded
        return self._bench.setting(workspace.path, self.purpose, awarded.agent, awarded.task, awarded.attempt)

    def _begin_session(self, workspace: Workspace) -> ToolSession:
        bench, awarded = self._bench, self.awarded
        setting = self._setting(workspace)
        wants = replace(setting.wants, dollars=awarded.budget_left.dollars)
        ears = Ears(self._said, self._complained, self._reporter.note, self._stand_down)
        session = ToolSession(bench.tool, replace(setting, wants=wants), ears, awarded.time_limit, self._meter)
        if self._pauses:
            session.pause()
        return session

    async def _stand_down(self) -> None:
        """Nothing of the tool is left, for it was paused or taken away: what was set aside for it is free."""
        with suppress(DevMeshError):  # it was resumed meanwhile, or the mesh is gone
            await self._bench.link.request(StandDown(task=self.awarded.task, attempt=self.awarded.attempt))

    def _said(self, said: Said) -> None:
        match said:
            case TextSaid():
                self._reporter.say(Stream.STDOUT, said.text)
            case ToolStarted():
                self._reporter.note(" ".join((said.name, *said.paths)))
            case _:
                return

    def _complained(self, text: str) -> None:
        self._reporter.say(Stream.STDERR, text)
