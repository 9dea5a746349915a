"""`mesh.conflicts`: what there are two versions of: changes in review, changes that came back, writes behind the gate.

Reads the replica, the record and the private repository. Nothing here writes the project: only the gate does.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from devmesh.errors import Code, Refused
from devmesh.mesh.faces import bundle, table
from devmesh.mesh.nouns import Picture
from devmesh.mesh.waiting import Done
from devmesh.vocabulary.facts import ChangeReturned
from devmesh.vocabulary.terms import ChangeState, WrittenBehind

if TYPE_CHECKING:
    import pandas as pd

    from devmesh.core.state import Change, MeshState
    from devmesh.mesh.operations import Operations

WRITES = 100
"Writes behind the gate that are listed, the latest; all are in `df()`."
COLUMNS = ("conflict", "sort", "agent", "task", "files", "message")


class Version(NamedTuple):
    """One file in up to three versions; None: it is not there."""

    path: str
    base: str | None
    "What both started from."
    ours: str | None
    "What the project holds."
    theirs: str | None
    "What the agent has made of it."
    reason: str = ""


class Conflict:
    """Something of two versions. `diff()` shows them, `save()` keeps one; a change in review is approved or sent back.

    `sort` is `review` (a change waits for approval), `returned` (it could not be merged, its agent tries again) or
    `write` (a file was written without the gate and without a lock, or by an attempt that failed).
    """

    def __init__(self, operations: Operations, name: str, sort: str, facts: Any) -> None:
        self.name = name
        self.sort = sort
        self._operations = operations
        self._facts = facts

    @property
    def agent(self) -> str | None:
        """Who made it, or is thought to have; None: that is not known."""
        agent: str | None = self._facts.agent
        return agent

    @property
    def task(self) -> int | None:
        """For which task."""
        task: int | None = self._facts.task
        return task

    @property
    def files(self) -> tuple[str, ...]:
        """The files there are several versions of."""
        match self.sort:
            case "write":
                return (self._facts.path,)
            case "returned":
                return tuple(conflict.path for conflict in self._facts.conflicts)
            case _:
                return tuple(file.path for file in self._facts.files)

    @property
    def message(self) -> str:
        """What it is about, in a line."""
        if self.sort == "write":
            return self._of_write()
        text: str = self._facts.message if self.sort == "returned" else in_review(self._change())
        return " ".join(text.split())

    def _of_write(self) -> str:
        """How it came about, as far as that is known, and where a version lies that was put aside."""
        fact = self._facts
        held = f" while {', '.join(fact.holders)} held a lock on it" if fact.holders else ""
        if fact.found_by is WrittenBehind.LEFT:
            return f"written under a lock by {fact.agent}, whose attempt failed; it is still in the project"
        if fact.found_by is WrittenBehind.GATE:
            place = self.kept_at
            kept = f"; that version was put aside: {place}" if place is not None else ""
            return f"written{held} in the instant in which the gate exchanged it, nobody knows by whom{kept}"
        watched = f", seen while {fact.reporter} was at work" if fact.reporter else ""
        whose = "" if fact.agent else f"{watched}; by whom is not known: a person, a program or any tool"
        return f"written without the gate and without a lock{held}{whose}"

    @property
    def kept_at(self) -> Path | None:
        """The file in which a version lies that was displaced in the instant of a landing; None for none."""
        oid = self._facts.after if self.sort == "write" and self._facts.found_by is WrittenBehind.GATE else None
        if oid is None:
            return None
        from devmesh.coordinator.landing import RESCUED

        folder = self._operations.record.home / RESCUED
        return next(iter(sorted(folder.glob(f"{oid[:12]}-*"))), None)

    # ---- looking ----

    def versions(self) -> tuple[Version, ...]:
        """Every file of it: base, ours, theirs."""
        record = self._operations.record
        if self.sort == "write":
            before, after = record.text(self._facts.before), record.text(self._facts.after)
            return (Version(self._facts.path, None, before, after),)
        change = self._change()
        base, head = change.offered.base, change.offered.head
        if self.sort == "review":
            return tuple(
                Version(file.path, record.text(file.before), None, record.text(file.after))
                for file in self._facts.files
            )
        return tuple(
            Version(
                conflict.path,
                record.text_at(base, conflict.path),
                record.text(conflict.current),
                record.text_at(head, conflict.path),
                conflict.reason,
            )
            for conflict in self._facts.conflicts
        )

    def diff(self) -> str:
        """What the agent's version changes, as a unified diff: against the project's, or the base it began with."""
        return "".join(difference(version) for version in self.versions())

    def save(self, path: str | Path, version: str = "theirs", *, file: str | None = None) -> Done:
        """Write one version (`base`, `ours` or `theirs`) of one of its files to `path`, outside the gate's doing.

        Raises Refused for a version there is none of; FileExistsError rather than overwrite anything.
        """
        wanted = [each for each in self.versions() if file is None or each.path == file]
        if len(wanted) != 1:
            raise Refused(f"{self.name} has {len(self.files)} files: say which, file=...", code=Code.UNKNOWN)
        text = getattr(wanted[0], version, None)
        if not isinstance(text, str) or version not in {"base", "ours", "theirs"}:
            raise Refused(f"{self.name} has no version {version!r} of {wanted[0].path}", code=Code.UNKNOWN)
        with Path(path).open("x", encoding="utf-8", newline="") as made:
            made.write(text)
        return Done(f"saved {version} of {wanted[0].path} to {path}")

    # ---- deciding ----

    def approve(self, remarks: str = "") -> Done:
        """Let the change land. Raises Refused where it does not wait for that."""
        return self._operations.door.call(self._operations.approve(self._number(), remarks))

    def send_back(self, remarks: str) -> Done:
        """Give the change back to its agent, with remarks."""
        return self._operations.door.call(self._operations.send_back(self._number(), remarks))

    def _number(self) -> int:
        if self.sort == "write":
            raise Refused(f"{self.name} is in the project already; compare its versions, and post what is to be done")
        number: int = self._facts.change
        return number

    def _change(self) -> Change:
        return self._operations.door.replica.read(lambda state: state.changes[self._number()])

    def __repr__(self) -> str:
        whose = f" by {self.agent}" if self.agent else ""
        return f"Conflict {self.name!r} ({self.sort}{whose}): {', '.join(self.files)}"


class Conflicts:
    """The open ones by name: `mesh.conflicts["change 3"]`, `mesh.conflicts["write 1"].diff()`."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    def _all(self) -> dict[str, Conflict]:
        found = self._operations.door.replica.read(self._changes)
        writes = self._operations.record.writes(WRITES)
        found |= {
            f"write {fact.write}": Conflict(self._operations, f"write {fact.write}", "write", fact) for fact in writes
        }
        return found

    def _changes(self, state: MeshState) -> dict[str, Conflict]:
        names = ((f"change {change.number}", *sorted_out(state, change)) for change in state.changes.values())
        return {name: Conflict(self._operations, name, sort, facts) for name, sort, facts in names if sort}

    def keys(self) -> list[str]:
        """Their names."""
        return list(self._all())

    def __getitem__(self, name: str) -> Conflict:
        """The one of that name, an old write too. Raises KeyError when there is none."""
        sort, _, number = name.partition(" ")
        if sort == "write" and number.isdecimal() and (fact := self._operations.record.write(int(number))) is not None:
            return Conflict(self._operations, name, sort, fact)
        found = self._all()
        if name not in found:
            raise KeyError(f"there is no conflict {name!r}")
        return found[name]

    def named(self, *words: str) -> Conflict:
        """The same for a name as it is typed, in one word or several. Raises Refused when there is none."""
        try:
            return self[" ".join(words)]
        except KeyError as unknown:
            raise Refused(unknown.args[0], code=Code.UNKNOWN, hint="`conflicts` lists them.") from None

    def __iter__(self) -> Iterator[Conflict]:
        return iter(self._all().values())

    def __len__(self) -> int:
        return len(self._all())

    def df(self) -> pd.DataFrame:
        """Every write that came without the gate and without a lock, as a DataFrame."""
        return self._operations.record.frame("writes")

    def rows(self) -> list[tuple[object, ...]]:
        """What is known of each, in the columns of the table."""
        return [(each.name, each.sort, each.agent, each.task, each.files, each.message) for each in self]

    def _bundle(self) -> dict[str, str]:
        return table("conflicts", COLUMNS, self.rows())

    def __repr__(self) -> str:
        return self._bundle()["text/plain"]

    def _repr_mimebundle_(self, **_: Any) -> Any:
        return bundle("conflicts", self._operations, Picture(self._bundle()))


def sorted_out(state: MeshState, change: Change) -> tuple[str, Any]:
    """Which sort of conflict a change is, and the facts about it; empty for one that needs nobody."""
    task = state.tasks.get(change.offered.task)
    if change.state is ChangeState.REVIEWING:
        return "review", change.offered
    returned = isinstance(change.outcome, ChangeReturned) and change.outcome.conflicts
    if returned and task is not None and not task.ended and task.change == change.number:
        return "returned", change.outcome
    return "", None


def in_review(change: Change) -> str:
    """What a change in review is about, and why it waits for the person, where that is by a rule."""
    obeyed = f"tools, the editor or git would obey {', '.join(change.obeyed)}" if change.obeyed else ""
    return "; ".join(filter(None, (obeyed, change.offered.summary)))


def difference(version: Version) -> str:
    """The agent's version against the project's, or against what it began with, as a unified diff."""
    before = version.ours if version.ours is not None else version.base
    lines = difflib.unified_diff(
        (before or "").splitlines(keepends=True),
        (version.theirs or "").splitlines(keepends=True),
        f"a/{version.path}",
        f"b/{version.path}",
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
