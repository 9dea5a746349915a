"""The attempts this bridge has in hand: begun, paused, taken away, reconciled. Knows no bidding and no joining."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from devmesh.bridge.attempt import Attempt, Bench
from devmesh.bridge.judging import Judging
from devmesh.bridge.shared_work import SharedWork
from devmesh.bridge.work import Work
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import Standing, TaskAwarded
from devmesh.vocabulary.terms import Resources, TaskKind, TaskState, WorkspaceKind

_log = logging.getLogger(__name__)

_PATIENCE = 1.0
"Seconds a tool may take to end when the bridge itself is told to."
_HURRY = 0.4
"Seconds more, once it was killed."


class Assignments:
    """By task: at most one piece of work, and one review beside it while that work waits for its own."""

    def __init__(self, bench: Bench, tell: Callable[[str], None]) -> None:
        self.rulebook = ""
        self._bench = bench
        self._tell = tell
        self._attempts: dict[int, Attempt] = {}
        self._begun: set[tuple[int, int]] = set()
        "Every (task, attempt) ever begun here: an award told twice is begun once."
        self._paused = False

    def begin(self, awarded: TaskAwarded) -> None:
        """Start it, once what it replaces has cleaned up."""
        if (awarded.task, awarded.attempt) in self._begun:
            return
        self._begun.add((awarded.task, awarded.attempt))
        self._tell(f"task {awarded.task}, attempt {awarded.attempt}: {awarded.title}")
        work = SharedWork if self._bench.lane.kind is WorkspaceKind.SHARED else Work
        kind = Judging if awarded.task_kind is TaskKind.REVIEW else work
        attempt = kind(self._bench, awarded, self.rulebook)
        if self._paused:
            attempt.pause("agent")
        before = [
            old
            for number, old in self._attempts.items()
            if kind is work or isinstance(old, Judging) or number == awarded.task
        ]
        self._attempts[awarded.task] = attempt
        attempt.start(before).add_done_callback(lambda task: self._ended(attempt, task))

    def heard(self, recorded: Recorded) -> None:
        """Hand a fact to the attempt it is about."""
        number = getattr(recorded.fact, "task", None)
        attempt = self._attempts.get(number) if isinstance(number, int) else None
        if attempt is not None:
            attempt.heard(recorded)

    def pause(self, number: int, *, paused: bool) -> None:
        """Stop that task's tool where it is, or let it go on."""
        if attempt := self._attempts.get(number):
            (attempt.pause if paused else attempt.resume)("task")

    def pause_all(self, *, paused: bool) -> None:
        """The same for the whole agent."""
        self._paused = paused
        for attempt in self._attempts.values():
            (attempt.pause if paused else attempt.resume)("agent")

    def take_away(self, number: int) -> None:
        """It is ours no more."""
        if attempt := self._attempts.get(number):
            attempt.abandon()

    def take_all_away(self) -> None:
        """Nothing is ours any more."""
        self._paused = False
        for attempt in self._attempts.values():
            attempt.abandon()

    def reconcile(self, recorded: Recorded, standing: Standing) -> None:
        """After an absence: what the mesh says we have is what we have."""
        award = standing.task
        for number, attempt in list(self._attempts.items()):
            if award is not None and (award.task, award.attempt) == (number, attempt.awarded.attempt):
                attempt.heard(recorded)
                (attempt.pause if standing.task_state is TaskState.PAUSED else attempt.resume)("task")
            elif not self._is_beside(attempt, award):
                attempt.abandon()
        self.pause_all(paused=standing.paused)
        if award is not None and standing.task_state is TaskState.CLAIMED:
            self.begin(award)

    def _is_beside(self, attempt: Attempt, award: TaskAwarded | None) -> bool:
        """Of an agent that works and reviews, the mesh names the work: about the review nothing is said."""
        return isinstance(attempt, Judging) and award is not None and award.task in self._attempts

    async def stop(self) -> None:
        """End every tool, first asked, then killed; returns within 1.5 s."""
        self.take_all_away()
        running = [attempt.task for attempt in self._attempts.values()]
        if not running:
            return
        _done, slow = await asyncio.wait(running, timeout=_PATIENCE)
        for attempt in self._attempts.values():
            attempt.kill()
        if slow:
            await asyncio.wait(slow, timeout=_HURRY)

    def used(self) -> Resources:
        """The memory of all our tools."""
        used = [attempt.used() for attempt in list(self._attempts.values())]
        return Resources(
            ram_gb=round(sum(one.ram_gb for one in used), 3), vram_gb=round(sum(one.vram_gb for one in used), 3)
        )

    def _ended(self, attempt: Attempt, task: asyncio.Task[None]) -> None:
        number = attempt.awarded.task
        if self._attempts.get(number) is attempt:
            del self._attempts[number]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("task %d: %s", number, error)
        ended = attempt.ended or ("taken away" if attempt.abandoned else "over")
        self._tell(f"task {number}, attempt {attempt.awarded.attempt}: {ended}")
