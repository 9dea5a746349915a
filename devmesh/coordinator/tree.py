"""The write gate: the only writer of the project. Compares and merges whole changes, and lands whole plans.

Knows git, files and `comparing` and `landing`; not who offered the change or whether it may land. One call at a time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from functools import cache, partial
from pathlib import Path

from devmesh.coordinator.comparing import Base, Comparison, impossible
from devmesh.coordinator.landing import Failpoint, Lander, passing
from devmesh.coordinator.linked import Linked
from devmesh.coordinator.links import leading_out, obeyed_names
from devmesh.coordinator.open_notebooks import open_in_jupyter
from devmesh.core.effects import ApplyChange, PrepareChange
from devmesh.core.events import Applied, Prepared
from devmesh.errors import BadTarget, RepositoryError
from devmesh.repository import Repository
from devmesh.vocabulary.terms import Conflict, PlannedWrite

_MOST_NAMED = 10
"Files that are named where something is wrong with many."

_log = logging.getLogger(__name__)


class WriteGate:
    """Prepares and applies changes of one project. Blocking: belongs on a thread of its own."""

    def __init__(self, repository: Repository, *, include: Sequence[str] = (), failpoint: Failpoint = passing) -> None:
        self.repository = repository
        self._include = tuple(include)
        self._lander = Lander(repository, failpoint=failpoint)
        self._linked = Linked(repository)

    def prepare(self, effect: PrepareChange) -> Prepared:
        """A plan that would land now, or all conflicts. The project is only read; never raises."""
        try:
            return self._prepare(effect)
        except (RepositoryError, BadTarget, OSError) as error:
            return Prepared(change=effect.change, problem=f"the change could not be compared: {error}"[:2000])

    def apply(self, effect: ApplyChange, *, resumed: bool = False) -> Applied:
        """Land the plan, all or none. Idempotent: applying it again, `resumed` after a crash, ends the same way.

        `moved` names files that somebody changed in between; with `moved` or `problem` none of the plan is in place.
        `rescued` are versions that came in the very moment of an exchange and would be nowhere else.
        Never raises.
        """
        try:
            opened = () if resumed else tuple(self._opened(effect.plan))
            if opened:  # since it was prepared; prepared again, it will come back
                return Applied(change=effect.change, moved=opened)
            moved = self._lander.land(effect.plan, resumed=resumed)
            return Applied(change=effect.change, moved=moved, rescued=self._lander.rescued())
        except (RepositoryError, BadTarget, OSError) as error:
            _log.warning("change %d could not be landed: %s", effect.change, error)
            problem = f"the files could not be exchanged: {error}"[:2000]
            return Applied(change=effect.change, problem=problem, rescued=self._lander.rescued())

    def tidy(self) -> int:
        """Let go of displaced files that somebody had open; how many are left."""
        return self._lander.linger()

    # ---- inside ----

    def _prepare(self, effect: PrepareChange) -> Prepared:
        wrong = impossible(effect.files)
        if wrong is not None:
            return Prepared(change=effect.change, conflicts=(wrong,))
        if untrue := self._untrue(effect):
            return Prepared(change=effect.change, conflicts=untrue)
        paths = [file.path for file in effect.files]
        entries = cache(partial(self.repository.tree_entries, effect.base, paths))
        base = Base(entries, frozenset(effect.mergeable))
        current = self.repository.snapshot(include=self._include)
        comparison = Comparison(self.repository)
        judged = comparison.judge_all(effect.files, base)
        conflicts = tuple(found for found in judged if isinstance(found, Conflict))
        conflicts += tuple(self._opened(found for found in judged if isinstance(found, PlannedWrite)).values())
        plan = tuple(found for found in judged if isinstance(found, PlannedWrite))
        if conflicts:
            return Prepared(change=effect.change, conflicts=conflicts, current=current)
        before = self._linked.before(current, paths)
        after = self._linked.after(before, plan)
        if out := leading_out(before, after)[:_MOST_NAMED]:
            conflicts = tuple(_leads_out(path, after.targets[path]) for path in out)
            return Prepared(change=effect.change, conflicts=conflicts, current=current)
        self._keep_expected(plan, current, comparison)
        obeyed = tuple(map(_sayable, obeyed_names(paths, before, after)[:_MOST_NAMED]))
        return Prepared(change=effect.change, plan=plan, current=current, obeyed=obeyed)

    def _untrue(self, effect: PrepareChange) -> tuple[Conflict, ...]:
        """Where the list of files is not what its commits differ in, which is what people and reviewers are shown."""
        odd = set(effect.files) ^ set(self.repository.changes(effect.base, effect.head))
        paths = sorted({file.path for file in odd})[:_MOST_NAMED]
        return tuple(Conflict(path=path, reason="the change's list and its commits do not agree") for path in paths)

    def _opened(self, writes: Iterable[PlannedWrite]) -> dict[str, Conflict]:
        """Notebooks that a Jupyter holds in memory: it would not see the write, and its next save would undo it."""
        opened = open_in_jupyter(self.repository.project, [write.path for write in writes])
        return {
            path: Conflict(
                path=path, reason=f"it is open in Jupyter at {where}: shut its kernel down, then offer again"
            )
            for path, where in opened.items()
        }

    def _keep_expected(self, plan: Iterable[PlannedWrite], current: str, comparison: Comparison) -> None:
        """What will be displaced must be in the private repository: a snapshot leaves ignored files out."""
        named = {write.path: write.expected for write in plan if write.expected is not None}
        expected = {path: oid for path, oid in named.items() if not self.repository.keeps(oid)}
        entries = self.repository.tree_entries(current, list(expected)) if expected else {}
        held = {path: entry.oid for path, entry in entries.items()}
        comparison.keep_all(comparison.read[path] for path, oid in expected.items() if held.get(path) != oid)


def _leads_out(path: str, target: str) -> Conflict:
    return Conflict(path=_sayable(path), reason=f"a symbolic link to {target!r} leads out of the project"[:500])


def _sayable(name: str) -> str:
    """Not every name of a disk can be written down."""
    return name.encode(errors="replace").decode()[:4096]


def open_gate(project: Path, home: Path, *, include: Sequence[str] = (), failpoint: Failpoint = passing) -> WriteGate:
    """The gate of a project, its private repository created where missing. Raises RepositoryError."""
    return WriteGate(Repository(project, home).open(), include=include, failpoint=failpoint)
