"""From the state of a mesh to what the interface gives. Reads the copy a session keeps; asks nobody."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from devmesh.audit.database import open_reader
from devmesh.audit.rows import RECORDED_COLUMNS, recorded_of
from devmesh.jupyter.server import shapes
from devmesh.mesh.prospects import held_up
from devmesh.mesh.sentences import sentence
from devmesh.mesh.task import title_of
from devmesh.vocabulary.record import kind_of

if TYPE_CHECKING:
    from pathlib import Path

    from devmesh.jupyter.server.meshes import Held
    from devmesh.vocabulary.codec import Recorded


def agents(held: Held) -> tuple[shapes.Agent, ...]:
    """Everybody who is in the mesh."""
    with held.door.replica.reading() as state:
        locks = Counter(lock.agent for lock in state.locks.locks.values())
        return tuple(
            shapes.Agent(
                agent=agent.name,
                tool=agent.joined.tool,
                state=agent.state,
                badge=agent.joined.badge,
                model=agent.joined.model,
                task=agent.task,
                awards=agent.awards,
                locks=locks[agent.name],
                used=agent.used,
                confined=agent.joined.confined,
            )
            for agent in state.present
        )


def tasks(held: Held) -> tuple[shapes.Task, ...]:
    """All tasks, in the order in which they were posted."""
    with held.door.replica.reading() as state:
        return tuple(_task(state, entry) for entry in state.tasks.values())


def task(held: Held, number: int) -> shapes.TaskDetail | None:
    """One of them with all there is about it; None when there is no such task."""
    with held.door.replica.reading() as state:
        entry = state.tasks.get(number)
        if entry is None:
            return None
        shown = _task(state, entry)
        change = state.changes.get(entry.change) if entry.change is not None else None
        landed = tuple(getattr(change.outcome, "files", ())) if change is not None else ()
        posted, summary, of = entry.posted, entry.summary, entry.change
    return shapes.TaskDetail(
        task=shown,
        prompt=posted.prompt,
        summary=summary,
        check=posted.check,
        review=posted.review,
        change=of,
        landed=landed,
        story=tuple(told(recorded) for recorded in held.record.story(number)),
    )


def locks(held: Held) -> tuple[shapes.Lock, ...]:
    """All locks that are held."""
    now = held.door.replica.now
    with held.door.replica.reading() as state:
        return tuple(
            shapes.Lock(
                token=lock.token,
                target=lock.target,
                mode=lock.mode,
                agent=lock.agent,
                task=lock.task,
                expires_in=round(max(0.0, lock.deadline - now), 1),
            )
            for lock in state.locks.locks.values()
        )


def told(recorded: Recorded) -> shapes.Told:
    """A fact for reading."""
    fact = recorded.fact
    return shapes.Told(
        sequence=recorded.sequence,
        at=recorded.at,
        kind=kind_of(fact),
        agent=getattr(fact, "agent", None),
        what=sentence(fact),
    )


def missed(home: Path, after: int, most: int) -> list[Recorded]:
    """The first `most` facts that follow that sequence number."""
    with open_reader(home) as connection:
        rows = connection.execute(
            f"SELECT {RECORDED_COLUMNS} FROM facts WHERE sequence > ? ORDER BY sequence LIMIT ?",  # noqa: S608 - ours
            (after, most),
        ).fetchall()
    return [recorded_of(row) for row in rows]


def _task(state: Any, entry: Any) -> shapes.Task:
    return shapes.Task(
        task=entry.number,
        title=title_of(entry),
        state=entry.state,
        priority=entry.priority,
        agent=entry.agent,
        attempt=entry.attempt,
        held_up=held_up(state, entry),
        files=entry.posted.files,
        depends_on=entry.posted.depends_on,
    )
