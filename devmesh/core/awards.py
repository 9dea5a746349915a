"""What a winner is told: the whole task, and which of its files are worked on under a lock from the start."""

from __future__ import annotations

from devmesh.core import costs
from devmesh.core.overlap import overlap
from devmesh.core.state import MeshState, Task
from devmesh.core.targets import covers
from devmesh.vocabulary.facts import TaskAwarded
from devmesh.vocabulary.terms import Lane, Resources


def award(
    state: MeshState, task: Task, agent: str, needs: Resources, *, fitness: float, bids: int, why: str
) -> TaskAwarded:
    """The award of the next attempt. The attempt is counted here, before anything is dispatched."""
    posted = task.posted
    change = state.changes.get(posted.reviews or 0)
    return TaskAwarded(
        task=task.number,
        attempt=task.attempt + 1,
        agent=agent,
        prompt=posted.prompt,
        title=posted.title,
        task_kind=posted.task_kind,
        fitness=fitness,
        bids=bids,
        why=why,
        files=posted.files,
        locked=tuple(target for target in posted.files if lane_of(state, target) is Lane.LOCKED),
        lock_globs=locked_globs(state),
        needs=needs,
        review=posted.review,
        check=posted.check,
        time_limit=posted.time_limit if posted.time_limit is not None else state.limits.task_limit,
        framework=state.framework.version if state.framework else None,
        overview=state.framework.overview if state.framework else "",
        reviews=posted.reviews,
        base=change.offered.base if change else None,
        head=change.offered.head if change else None,
        budget_left=costs.left(state, task),
    )


def locked_globs(state: MeshState) -> tuple[str, ...]:
    """The globs whose files may only be landed under WRITE."""
    return tuple(policy.glob for policy in state.limits.lanes if policy.lane is Lane.LOCKED)


def lane_of(state: MeshState, target: str) -> Lane:
    """The lane of a target: the first policy that overlaps it decides; without one, optimistic."""
    return next((policy.lane for policy in state.limits.lanes if overlap(policy.glob, target)), Lane.OPTIMISTIC)


def lane_of_file(state: MeshState, path: str) -> Lane:
    """The lane of one file, whatever characters its name is made of."""
    return next((policy.lane for policy in state.limits.lanes if covers(policy.glob, path)), Lane.OPTIMISTIC)
