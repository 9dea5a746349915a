"""Exchanges the files of a plan: all or none, whatever happens in between, kill -9 included. Knows no change, no merge.

Whoever else wrote is never overwritten: what an exchange displaced is looked at, and put back if it was not expected.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from devmesh.coordinator.leftovers import left_in
from devmesh.core.events import Rescued
from devmesh.errors import BadTarget, DevMeshError
from devmesh.repository import Repository, tree_lock
from devmesh.repository.exchange import Displaced, Moved, discard, exchange, remove, restore, sync_exchanged
from devmesh.repository.reading import Current, read_current
from devmesh.repository.staging import (
    Staged,
    abandon,
    leftovers,
    remove_if,
    stage,
    sweep_leftovers,
    sync_staged,
    temporary_name,
)
from devmesh.vocabulary.terms import PlannedWrite

Failpoint = Callable[[str], None]
POINTS: Final[dict[str, str]] = {
    "gate_staged_one": "the first new content lies beside its target, not synced yet, the others do not",
    "gate_staged": "all new contents lie beside their targets, complete and synced",
    "gate_exchanged_one": "the first file is exchanged, the others are not",
    "gate_exchanged": "all files are exchanged and synced, what they displaced is still kept",
    "gate_discarded": "what was displaced is gone, nobody was told yet",
    "gate_restored_one": "somebody wrote in between; the first exchange is taken back, others are not yet",
}
"The instants at which a test may end the process, and what is true at each."

RESCUED = "rescued"
"Folder in the mesh's home for versions of a file that would be nowhere else."

_log = logging.getLogger(__name__)


def passing(name: str) -> None:
    """Reach an instant and go on."""
    del name


class Kept(NamedTuple):
    """A temporary file whose content may be nowhere else: what somebody wrote to `path` where `before` was expected."""

    name: str
    path: str
    before: str | None


@dataclass
class Landing:
    """What became of one plan so far."""

    done: list[Displaced] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)


class Lander:
    """Lands plans in one project, one at a time."""

    def __init__(self, repository: Repository, *, failpoint: Failpoint = passing) -> None:
        self._repository = repository
        self._root = repository.project
        self._failpoint = failpoint
        self._rescued: list[Rescued] = []
        self._lingering: list[Displaced] = []
        "Displaced files that somebody still has open for writing, or that the system would not let go of."
        self._unrescued: list[Kept] = []
        "Versions that are still beside their files, because the disk had no room for them anywhere else."
        self._swept = False

    def land(self, plan: Sequence[PlannedWrite], *, resumed: bool = False) -> tuple[str, ...]:
        """Exchange every file; returns those somebody else has changed, and then none of the plan is in place.

        `resumed`: an earlier process may have begun. What it finished counts; where that is no longer possible, it is
        taken back. Raises RepositoryError when the disk refuses; none of the plan is in place then, either.
        """
        if resumed:
            self._sweep(plan)
        landing = Landing()
        staged = self._stage(plan)
        try:
            with tree_lock(self._repository.home, exclusive=True):
                self._exchange_all(plan, staged, landing, resumed=resumed)
        finally:
            for one in staged.values():
                self._drop(one)
            self._tidy(landing)
        if resumed and not landing.moved:
            self._drop_emptied(plan)
        return tuple(landing.moved)

    # ---- steps ----

    def _stage(self, plan: Sequence[PlannedWrite]) -> dict[str, Staged]:
        staged: dict[str, Staged] = {}
        try:
            for write in plan:
                if write.after is not None and not self._holds(write, write.after):
                    with suppress(BadTarget):  # a link was put in the way: it will be found to have moved
                        staged[write.path] = self._staged(write, write.after)
                    self._failpoint("gate_staged_one")
            sync_staged(staged.values())
        except BaseException:
            for one in staged.values():
                self._drop(one)
            raise
        self._failpoint("gate_staged")
        return staged

    def _staged(self, write: PlannedWrite, oid: str) -> Staged:
        return stage(self._root, write.path, self._repository.read_blob(oid), write.mode)

    def _exchange_all(
        self, plan: Sequence[PlannedWrite], staged: dict[str, Staged], landing: Landing, *, resumed: bool
    ) -> None:
        ready = [write for write in plan if self._holds(write, write.after)]
        waiting = [write for write in plan if write not in ready]
        landing.moved += [write.path for write in waiting if self._look(write.path).oid != write.expected]
        if not landing.moved:
            # who exchanged what is ready may have been killed before it was synced
            before = [Displaced(self._root, one.path, None, one.expected, one.after) for one in ready if resumed]
            self._exchange(sorted(waiting, key=_deletions_first), staged, landing, before)
        if landing.moved and resumed:
            self._undo(ready, landing)
        self._failpoint("gate_exchanged")

    def _exchange(
        self, writes: Iterable[PlannedWrite], staged: dict[str, Staged], landing: Landing, before: Sequence[Displaced]
    ) -> None:
        """Until one has moved, or the disk refuses: then all is taken back. What was exchanged `before` is synced."""
        try:
            for write in writes:
                outcome = self._put(write, staged.get(write.path))
                if isinstance(outcome, Moved):
                    landing.moved.append(write.path)
                    landing.kept += [Kept(name, write.path, write.expected) for name in outcome.kept]
                    break
                landing.done.append(outcome)
                self._failpoint("gate_exchanged_one")
            if not landing.moved:
                sync_exchanged([*before, *landing.done])
        except (DevMeshError, OSError):
            self._take_back(landing)
            raise
        if landing.moved:
            self._take_back(landing)

    def _put(self, write: PlannedWrite, staged: Staged | None) -> Displaced | Moved:
        try:
            if write.after is None:
                return remove(self._root, write.path, write.expected or "")
            if staged is not None:
                return exchange(self._root, staged, write.expected)
        except BadTarget:  # a link was put in the way
            pass
        return Moved(write.path, self._look(write.path))

    def _take_back(self, landing: Landing) -> None:
        while landing.done:
            displaced = landing.done.pop()
            outcome = restore(displaced)
            if outcome is not None:
                landing.kept += [Kept(name, displaced.path, displaced.expected) for name in outcome.kept]
            self._failpoint("gate_restored_one")

    def _undo(self, writes: Iterable[PlannedWrite], landing: Landing) -> None:
        """Take back what a process before us exchanged: what it displaced is gone, the private repository has it."""
        for write in writes:
            reverse = PlannedWrite(path=write.path, expected=write.after, after=write.expected, mode=write.mode)
            staged = None if write.expected is None else self._staged(write, write.expected)
            sync_staged([] if staged is None else [staged])
            outcome = self._put(reverse, staged)
            if isinstance(outcome, Moved):
                landing.kept += [Kept(name, write.path, write.expected) for name in outcome.kept]
            else:
                landing.done.append(outcome)
        sync_exchanged(landing.done)

    # ---- what is there ----

    def _look(self, path: str) -> Current:
        """Raises RepositoryError; a link put in the way counts as somebody else's change, with no content of ours."""
        try:
            return read_current(self._root, path)
        except BadTarget:
            return Current("special", oid="")

    def _holds(self, write: PlannedWrite, oid: str | None) -> bool:
        now = self._look(write.path)
        if oid is None:
            return now.kind == "absent"
        return now.oid == oid and now.mode == write.mode

    # ---- tidying ----

    def _tidy(self, landing: Landing) -> None:
        """What is in place is in place: that something cannot be cleared away yet says nothing about the landing."""
        self._lingering += [displaced for displaced in landing.done if not _let_go(displaced)]
        self._rescue_all(landing.kept)
        self._failpoint("gate_discarded")

    def _drop_emptied(self, plan: Sequence[PlannedWrite]) -> None:
        """The folders that a killed process emptied go, as they would have."""
        for write in plan:
            if write.after is None:
                _let_go(Displaced(self._root, write.path, temporary_name(write.path), write.expected, None))

    def linger(self) -> int:
        """Try again to let go of displaced files, and to put versions aside; how many of both are left."""
        changed = [] if self._swept else self._left_by_others()
        waiting, self._lingering = self._lingering, []
        for displaced in waiting:
            if _let_go(displaced):
                continue
            if displaced.name is not None and self._is_somebodys(displaced.name, displaced.expected):
                changed.append(Kept(displaced.name, displaced.path, displaced.expected))
            else:
                self._lingering.append(displaced)
        self._rescue_all(changed)
        return len(self._lingering) + len(self._unrescued)

    def _left_by_others(self) -> list[Kept]:
        """Once: what killed processes left anywhere. What is kept elsewhere goes; somebody's version is put aside.

        Not before a change that was being exchanged is through: what it displaced may have to go back in place.
        """
        self._swept = True
        mine = {one.name for one in self._lingering} | {one.name for one in self._unrescued}
        found: list[Kept] = []
        for name, path in left_in(self._root):
            with suppress(OSError, DevMeshError):
                oid = None if name in mine else self._look(name).oid
                if oid is not None and self._repository.holds(oid):
                    remove_if(self._root, name, {oid})
                elif oid is not None:
                    found.append(Kept(name, path, None))
        return found

    def _is_somebodys(self, name: str, expected: str | None) -> bool:
        try:
            return self._look(name).oid not in {expected, None}
        except (OSError, DevMeshError):
            return False

    def _drop(self, staged: Staged) -> None:
        try:
            abandon(staged)
        except (OSError, DevMeshError):
            _log.warning("a temporary file stays: %s", staged.name)

    def _sweep(self, plan: Sequence[PlannedWrite]) -> None:
        """Clear away what a killed process left. Somebody else's version that it had displaced goes back in place."""
        known = {write.path: {oid for oid in (write.expected, write.after) if oid is not None} for write in plan}
        kept = sweep_leftovers(self._root, known).kept
        for write in plan:
            for name in set(leftovers(self._root, write.path)) & set(kept):
                if self._holds(write, write.after):
                    theirs = self._look(name).oid
                    restore(Displaced(self._root, write.path, name, theirs, write.after))
                self._rescue_all([Kept(name, write.path, write.expected)])

    def rescued(self) -> tuple[Rescued, ...]:
        """What was put aside since this was last asked; in the private repository, and below RESCUED in the home."""
        found, self._rescued = tuple(self._rescued), []
        return found

    def _rescue_all(self, kept: Iterable[Kept]) -> None:
        """Those there is no room for now are tried again."""
        waiting, self._unrescued = [*self._unrescued, *kept], []
        for one in waiting:
            try:
                self._rescue(one)
            except (OSError, DevMeshError) as error:
                self._unrescued.append(one)
                _log.warning("somebody's version of %s stays beside it as %s: %s", one.path, one.name, error)

    def _rescue(self, kept: Kept) -> None:
        """Move a version that may be nowhere else out of the project, where a person will find it."""
        name = kept.name
        now = self._look(name)
        if now.data is None or now.oid is None:
            return
        folder = self._repository.home / RESCUED
        folder.mkdir(mode=0o700, exist_ok=True)
        place = folder / f"{now.oid[:12]}-{name.rpartition('/')[2].removeprefix('.')}"
        place.write_bytes(now.data)
        self._repository.write_blob(now.data)
        if remove_if(self._root, name, {now.oid}):
            self._rescued.append(Rescued(path=kept.path, before=kept.before, after=now.oid))
            _log.warning("somebody wrote a file while it was being exchanged; their version is kept as %s", place)


def _let_go(displaced: Displaced) -> bool:
    """Whether it is gone. Not where somebody has it open, nor where the system refuses: later then."""
    try:
        return discard(displaced)
    except (OSError, DevMeshError) as error:
        _log.warning("what was displaced at %s stays for now: %s", displaced.path, error)
        return False


def _deletions_first(write: PlannedWrite) -> tuple[bool, str]:
    """A file may come where a folder was, once the folder is empty."""
    return write.after is not None, write.path
