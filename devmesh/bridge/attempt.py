"""One attempt at one task, from its award to its end: what work and reviews have in common. Knows no bidding."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from devmesh.bridge.link import Link
from devmesh.bridge.locks import Locks
from devmesh.bridge.report import Reporter
from devmesh.bridge.running import Listeners, Run
from devmesh.bridge.tools.tool import Judgement, Purpose, Said, TextSaid, Tool, ToolStarted, UsageCounted
from devmesh.bridge.workspace import Workspace, Workspaces, context
from devmesh.errors import Code, DevMeshError, Refused
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import TaskAwarded
from devmesh.vocabulary.plain import plain, redact
from devmesh.vocabulary.requests import Finish, ReadFramework, Start
from devmesh.vocabulary.terms import Outcome, Resources, Stream

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


@dataclass(slots=True)
class Ending:
    """What is said of the attempt when it is over."""

    outcome: Outcome
    summary: str


class Attempt:
    """The life of one attempt. `start` begins it; facts that concern it are handed to `heard` at once."""

    purpose = Purpose.WORK

    def __init__(self, bench: Bench, awarded: TaskAwarded, rulebook: str = "") -> None:
        self.awarded = awarded
        self._bench = bench
        self._rulebook = rulebook
        self._pauses: set[str] = set()
        "Who wants it paused: it goes on when nobody does."
        self._run: Run | None = None
        self._left = awarded.time_limit
        self._used = UsageCounted()
        self._reporter: Reporter
        self._task: asyncio.Task[None] | None = None
        self._abandoned = False

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

    def pause(self, reason: str) -> None:
        """Stop the tool where it is."""
        self._pauses.add(reason)
        if self._run is not None:
            self._run.pause()

    def resume(self, reason: str) -> None:
        """Let it go on, unless somebody else wants it paused."""
        self._pauses.discard(reason)
        if self._run is not None and not self._pauses:
            self._run.resume()

    def abandon(self) -> None:
        """It is ours no more: stop the tool at once and clean up, without a word about it. Once is enough."""
        if self._task is not None and not self._abandoned:
            self._abandoned = True
            self._task.cancel()

    def kill(self) -> None:
        """End the tool without any grace; for a bridge that is in a hurry."""
        if self._run is not None:
            self._run.kill()

    def used(self) -> Resources:
        """The memory its processes take now."""
        return self._run.used() if self._run is not None else Resources()

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
        try:
            ending = await self._ending()
        finally:
            await self._clean_up()
        if ending is not None:
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
        """Locks back, workspace gone. The mesh may be gone too; that must not keep the folder."""
        awarded, bench = self.awarded, self._bench
        try:
            with suppress(DevMeshError):
                await self._reporter.close()
                await bench.locks.end(awarded.task)
        finally:
            try:
                await bench.workspaces.remove(awarded.agent, awarded.task, awarded.attempt)
            except (DevMeshError, OSError) as error:
                _log.warning("a workspace stays behind: %s", error)

    async def _finish(self, ending: Ending) -> None:
        awarded = self.awarded
        summary = redact(plain(ending.summary)).strip()[-_SUMMARY:]
        try:
            await self._bench.link.request(
                Finish(task=awarded.task, attempt=awarded.attempt, outcome=ending.outcome, summary=summary)
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

    async def _run_tool(self, prompt: str, workspace: Workspace) -> Judgement:
        """Run the tool once, within what is left of the attempt's time."""
        bench, awarded = self._bench, self.awarded
        if self._left <= 0:
            return Judgement(success=False, reason=f"the {awarded.time_limit:g} s for this attempt are used up")
        surroundings = context(bench.project, awarded.agent, awarded.task, awarded.attempt, workspace.path)
        self._run = Run(bench.tool, Listeners(self._said, self._complained))
        if self._pauses:
            self._run.pause()
        try:
            judgement = await self._run.to_end(
                prompt, workspace.path, self.purpose, bench.options, surroundings, self._left
            )
        finally:
            self._left -= self._run.seconds
            self._run = None
        self._note_usage()
        if not judgement.success:
            self._reporter.note(f"{bench.tool.name} failed: {judgement.reason}")
        return judgement

    def _said(self, said: Said) -> None:
        match said:
            case TextSaid():
                self._reporter.say(Stream.STDOUT, said.text)
            case ToolStarted():
                self._reporter.note(" ".join((said.name, *said.paths)))
            case UsageCounted():
                self._used = said
            case _:
                return

    def _complained(self, text: str) -> None:
        self._reporter.say(Stream.STDERR, text)

    def _note_usage(self) -> None:
        used = self._used
        if used.input_tokens or used.output_tokens:
            cost = f", {used.dollars:.4f} USD" if used.dollars is not None else ""
            self._reporter.note(f"tokens: {used.input_tokens} in, {used.output_tokens} out{cost}")
