"""The gate of the project itself: each path is locked before it is written. Knows locks; not how a tool asks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from devmesh.bridge.covering import covered_by_any, covers, exactly
from devmesh.bridge.guarding.own import Asking, Deciding, refusal_of, with_a_persons_yes
from devmesh.bridge.guarding.wishes import meaning
from devmesh.bridge.locks import Locks
from devmesh.bridge.tools.tool import Permission, Wish
from devmesh.errors import Refused
from devmesh.vocabulary.facts.board import LockOnBoard
from devmesh.vocabulary.plain import plain
from devmesh.vocabulary.terms import LockMode

_log = logging.getLogger(__name__)

PATIENCE = 20.0
"Seconds an edit waits for its lock: long enough for a short change of another, and no tool takes it for a hang."
UNTOLD = (
    "DevMesh cannot tell which files this command would write ({why}), and several agents work in this folder. "
    "Use your edit tool to change files, one command that only reads or names its files, or leave it out: "
    "the task's check is run for you. Do not write by other means."
)
HELD = (
    "{path} is held by {agent} ({mode}) for another {left:.0f} s. "
    "Work on something else, or wait; do not write it by other means."
)
CHANGED = (
    "{path} was written by somebody else since you began, or since you last wrote it. It is locked for you now: "
    "read it again, so that what they wrote stays, then do this again."
)
WAITED = "The lock on {path} could not be had: {why}. Work on something else, or wait; do not write it by other means."
WRITING = frozenset({LockMode.WRITE, LockMode.CO_WRITE})

Looking = Callable[[], Awaitable[Sequence[LockOnBoard]]]
"Says who holds what now."
Keeping = Callable[[Sequence[str]], Awaitable[str]]
"Keeps what is there, before it is written; says which file the tool must read again first, if it must."


async def _nobody() -> Sequence[LockOnBoard]:
    return ()


async def _unkept(_: Sequence[str]) -> str:
    return ""


class SharedGate(Deciding):
    """Grants a wish once everything it would write is locked for the task. The locks stay until the attempt ends."""

    failing = "lock it"

    def __init__(
        self,
        project: Path,
        locks: Locks,
        task: int,
        ask: Asking,
        look: Looking = _nobody,
        patience: float | None = None,
        keep: Keeping = _unkept,
    ) -> None:
        super().__init__(ask, task)
        self.granted: set[str] = set()
        "Every target that was locked here, as long as the attempt lasts."
        self._project = project
        self._locks = locks
        self._look = look
        self._keep = keep
        self._patience = PATIENCE if patience is None else patience

    async def _decided(self, wish: Wish) -> Permission:
        wanted = await asyncio.to_thread(meaning, wish, self._project)
        if refusal := refusal_of(wanted):
            return Permission(granted=False, reason=refusal)
        if wanted.untold:
            return Permission(granted=False, reason=UNTOLD.format(why=plain(wanted.untold)))
        allowed = await with_a_persons_yes(wanted, wish, self._ask, self._task)
        if not allowed.granted:
            return allowed
        targets = [exactly(path) for path in wanted.inside]
        locked = await self._locked(targets)
        if not locked.granted or not targets:
            return locked
        if unread := await self._keep(wanted.inside):
            return Permission(granted=False, reason=CHANGED.format(path=plain(unread)))
        self.granted.update(targets)
        return locked

    async def _locked(self, targets: Sequence[str]) -> Permission:
        """All of them, or none and why."""
        wanted = self._uncovered(targets)
        try:
            if wanted:
                await self._locks.acquire(wanted, LockMode.WRITE, self._task, self._patience)
        except Refused as refused:
            return Permission(granted=False, reason=await self._because(wanted, refused))
        if missing := self._uncovered(targets):
            return Permission(granted=False, reason=WAITED.format(path=missing[0], why="its lease ended"))
        return Permission(granted=True)

    def _uncovered(self, targets: Sequence[str]) -> list[str]:
        held = [one.target for one in self._locks.believed(self._task) if one.mode is LockMode.WRITE]
        return [target for target in targets if target not in held and not covered_by_any(held, _unescaped(target))]

    async def _because(self, targets: Sequence[str], refused: Refused) -> str:
        """Who holds it and until when, where that can be seen; else what the mesh said."""
        mine = {one.token for one in self._locks.believed()}
        for lock in await self._look():
            for target in targets:
                if lock.token not in mine and in_the_way(lock.target, target):
                    path = plain(_unescaped(target))
                    return HELD.format(path=path, agent=lock.agent, mode=lock.mode, left=lock.left)
        return WAITED.format(path=plain(_unescaped(targets[0])), why=plain(refused.message))


def in_the_way(held: str, target: str) -> bool:
    """Whether a held lock and a target may mean the same file."""
    path = _unescaped(target)
    return held == target or covers(held, path) or (target.endswith("/") and held.startswith(target))


def _unescaped(target: str) -> str:
    """The path that a target written by `exactly` means."""
    return target.replace("[*]", "*").replace("[?]", "?").replace("[[]", "[")
