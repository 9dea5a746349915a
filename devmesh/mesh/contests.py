"""Several agents at the same task: its copies, side by side, to choose one. Reads the replica and the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devmesh.vocabulary.facts import ChangeApplied
from devmesh.vocabulary.terms import ChangeState

if TYPE_CHECKING:
    import pandas as pd

    from devmesh.core.state import Change, MeshState
    from devmesh.mesh.operations import Operations

COLUMNS = ("task", "agent", "state", "change", "stands", "files", "added", "removed", "check", "seconds", "tokens",
           "dollars", "summary")  # fmt: skip


def copies(state: MeshState, number: int) -> tuple[int, ...]:
    """The tasks that ask the same as this one, itself included, in order; it alone when it is no contest."""
    contest = state.tasks[number].posted.contest
    if contest is None:
        return (number,)
    alike = {each for each, task in state.tasks.items() if task.posted.contest == contest}
    return tuple(sorted(alike | ({contest} & state.tasks.keys())))


def compared(operations: Operations, number: int) -> pd.DataFrame:
    """One row for each copy of a task: who did it, what it changes, whether its check passed, what it took."""
    import pandas as pd

    numbers = operations.door.replica.read(lambda state: copies(state, number))
    checks = operations.record.frame("changes").set_index("change")["check_passed"].to_dict()
    return pd.DataFrame([_row(operations, each, checks) for each in numbers], columns=list(COLUMNS))


def _row(operations: Operations, number: int, checks: dict[Any, Any]) -> tuple[Any, ...]:
    task, change = operations.door.replica.read(lambda state: (state.tasks[number], latest_change(state, number)))
    counts = operations.record.numstat(change.offered.base, change.offered.head) if change else ()
    passed = checks.get(change.number) if change else None
    began = task.started_at
    ended = task.ended_at if task.ended_at is not None else (change.offered_at if change else None)
    return (
        number,
        task.agent,
        task.state.value,
        change.number if change else None,
        stands(change) if change else "",
        [count.path for count in counts],
        sum(count.added or 0 for count in counts),
        sum(count.removed or 0 for count in counts),
        passed if isinstance(passed, bool) else None,
        round(ended - began, 1) if began is not None and ended is not None else None,
        task.spent.tokens,
        task.spent.dollars,
        task.summary or (change.offered.summary if change else ""),
    )


def stands(change: Change) -> str:
    """Where a change is, in a word or two."""
    if isinstance(change.outcome, ChangeApplied):
        return "landed"
    return "to be chosen" if change.state is ChangeState.REVIEWING else change.state.value


def latest_change(state: MeshState, number: int) -> Change | None:
    """Its latest change: of this attempt, or the last one ever offered for it."""
    entry = state.tasks[number]
    if entry.change is not None and entry.change in state.changes:
        return state.changes[entry.change]
    of_it = [change for change in state.changes.values() if change.offered.task == number]
    return of_it[-1] if of_it else None
