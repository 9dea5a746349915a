"""The state folded from the record: after a crash, at any moment of the past, and the story of one thing.

Knows which facts to fold and in which order; what a fact does is `devmesh.core.apply`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

from devmesh.audit.database import open_reader
from devmesh.audit.journal import Journal
from devmesh.audit.rows import RECORDED_COLUMNS, facts_after, recorded_of
from devmesh.audit.snapshots import read_snapshot
from devmesh.core.apply import apply
from devmesh.core.snapshot import thaw
from devmesh.core.state import MeshState
from devmesh.errors import DevMeshError, StorageError
from devmesh.vocabulary.codec import Recorded


def recover(journal: Journal) -> MeshState:
    """The state as of the last fact on record. After a rebuild its numbers go on where the journal says they may.

    A snapshot that cannot be thawed, one of an older DevMesh perhaps, costs time and nothing else.
    """
    loaded = journal.load()
    state = _thawed(loaded.snapshot)
    if state is None:
        state, loaded = MeshState(), journal.load(from_snapshot=False)
    _fold(state, loaded.facts)
    state.sequence = max(state.sequence, journal.last_sequence)
    state.epoch = max(state.epoch, journal.epoch)
    return state


def state_at(home: Path, *, sequence: int | None = None, at: float | datetime | None = None) -> MeshState:
    """The state right after a fact, or after the last one recorded by a moment (Unix seconds or datetime); or now.

    Reads beside a living mesh. Raises StorageError when there is no record.
    """
    with open_reader(home) as connection:
        until = _until(connection, sequence, at)
        snapshot = read_snapshot(connection, until=until)
        state = _thawed(snapshot.body) if snapshot else None
        first = snapshot.sequence if snapshot and state else 0
        return _fold(state or MeshState(), facts_after(connection, first, until=until))


def story(
    home: Path,
    *,
    task: int | None = None,
    agent: str | None = None,
    token: int | None = None,
    change: int | None = None,
) -> list[Recorded]:
    """Every fact about a task (its changes included), agent, lock or change, in order; several: about any of them."""
    wanted = {"task": task, "agent": agent, "token": token, "change": change}
    given = {name: value for name, value in wanted.items() if value is not None}
    if not given:
        return []
    condition = " OR ".join(_ABOUT[name] for name in given)
    with open_reader(home) as connection:
        rows = connection.execute(
            f"SELECT {RECORDED_COLUMNS} FROM facts WHERE {condition} ORDER BY sequence",  # noqa: S608 - our own text
            given,
        )
        return [recorded_of(row) for row in rows]


_ABOUT: Final = {
    "task": """(task = :task OR change IN (SELECT change FROM facts WHERE task = :task AND kind = 'change_offered'))""",
    "agent": "agent = :agent",
    "token": """(kind IN ('lock_granted', 'lock_released', 'lock_expired')
                 AND :token IN (body ->> '$.token', body ->> '$.replaces'))""",
    "change": "change = :change",
}
"How the facts about a thing are found."


def _until(connection: sqlite3.Connection, sequence: int | None, at: float | datetime | None) -> int:
    if sequence is not None and at is not None:
        raise StorageError("give a sequence number or a moment, not both", field="at")
    if at is not None:
        moment = at.timestamp() if isinstance(at, datetime) else at
        row = connection.execute("SELECT max(sequence) FROM facts WHERE at <= ?", (moment,)).fetchone()
        return int(row[0] or 0)
    return 2**63 - 1 if sequence is None else sequence


def _thawed(body: bytes | None) -> MeshState | None:
    if not body:
        return None
    try:
        return thaw(body)
    except (DevMeshError, ValueError, TypeError, LookupError):  # msgspec's errors are ValueErrors
        return None


def _fold(state: MeshState, facts: Iterable[Recorded]) -> MeshState:
    for recorded in facts:
        apply(state, recorded)
    return state
