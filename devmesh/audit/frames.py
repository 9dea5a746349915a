"""The record as DataFrames. Reads beside a living mesh, never through its connection; changes nothing.

Every frame has the same columns and types whether it is full or empty. pandas is imported when a frame is asked for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from devmesh.audit.columns import DTYPES, columns_of, frame, frame_of
from devmesh.audit.database import open_reader
from devmesh.audit.fact_table import FactTable
from devmesh.audit.kinds import FLAT, fields_of, matching
from devmesh.audit.rows import RECORDED_COLUMNS, recorded_of
from devmesh.audit.tables.agents import AGENT_FACTS, AgentRow, fold_agents
from devmesh.audit.tables.bids import BID_FACTS, BidRow, fold_bids
from devmesh.audit.tables.changes import CHANGE_FACTS, ChangeRow, fold_changes
from devmesh.audit.tables.costs import COST_FACTS, CostRow, fold_costs
from devmesh.audit.tables.hardware import HARDWARE_FACTS, HardwareRow, fold_hardware
from devmesh.audit.tables.locks import LOCK_FACTS, LockRow, fold_locks
from devmesh.audit.tables.questions import QUESTION_FACTS, QuestionRow, fold_questions
from devmesh.audit.tables.tasks import TASK_FACTS, TaskRow, fold_tasks
from devmesh.audit.tables.writes import WRITE_FACTS, WriteRow, fold_writes
from devmesh.errors import Malformed
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.record import kind_of

if TYPE_CHECKING:
    import pandas as pd

When = str | datetime | timedelta | float
"`10m` or a timedelta: so long ago. A datetime, an ISO text or Unix seconds: that moment. Without a zone: local time."

OUTPUT_COLUMNS: Final = {
    "sequence": "number",
    "time": "moment",
    "attempt": "number",
    "agent": "category",
    "stream": "category",
    "text": "text",
}

_CHUNK = 20_000


def facts(
    home: Path,
    pattern: str = "*",
    *,
    since: When | None = None,
    until: When | None = None,
    after: int = 0,
    limit: int | None = 10_000,
    task: int | None = None,
    agent: str | None = None,
) -> pd.DataFrame:
    """The facts whose kind matches a glob like `lock_*`, oldest first; their fields as columns when few kinds match.

    The newest `limit` of them, or, with `after` (a sequence number), the first `limit` that follow it, so that a reader
    who asks again from its last number misses none. None: all. `task` and `agent` narrow it to theirs.
    Raises Malformed for a pattern or a time that says nothing.
    """
    with open_reader(home) as connection:
        kinds = matching(pattern, known=_kinds_on_record(connection))
        fields = fields_of(kinds) if len(kinds) <= FLAT else {"body": "text"}
        only = {"task = ?": task, "agent = ?": agent, "at >= ?": _moment(since), "at < ?": _moment(until)}
        newest_first = not after and limit is not None
        condition, values = _condition(only | {"sequence > ?": after or None}, None if pattern == "*" else kinds)
        order = "DESC" if newest_first else "ASC"
        table = FactTable(fields)
        cursor = connection.execute(
            f"SELECT sequence, at, kind, agent, task, change, body FROM facts {condition} "  # noqa: S608 - our own text
            f"ORDER BY sequence {order} LIMIT ?",
            [*values, -1 if limit is None else limit],
        )
        while rows := cursor.fetchmany(_CHUNK):
            table.add(rows)
    return table.frame(newest_first=newest_first)


def tasks(home: Path) -> pd.DataFrame:
    """One row per task; see `devmesh.audit.tables.tasks.TaskRow`."""
    with open_reader(home) as connection:
        return frame_of(TaskRow, fold_tasks(_read(connection, TASK_FACTS), _last_now(connection)))


def agents(home: Path) -> pd.DataFrame:
    """One row per agent that ever joined; see `AgentRow`."""
    with open_reader(home) as connection:
        return frame_of(AgentRow, fold_agents(_read(connection, AGENT_FACTS), _last_now(connection)))


def locks(home: Path) -> pd.DataFrame:
    """One row per grant; see `LockRow`."""
    return _folded(home, LockRow, LOCK_FACTS, fold_locks)


def bids(home: Path) -> pd.DataFrame:
    """One row per bid; see `BidRow`."""
    return _folded(home, BidRow, BID_FACTS, fold_bids)


def changes(home: Path) -> pd.DataFrame:
    """One row per offered change; see `ChangeRow`."""
    return _folded(home, ChangeRow, CHANGE_FACTS, fold_changes)


def hardware(home: Path) -> pd.DataFrame:
    """One row per measurement, reservation, release and excess; see `HardwareRow`."""
    return _folded(home, HardwareRow, HARDWARE_FACTS, fold_hardware)


def costs(home: Path) -> pd.DataFrame:
    """One row per report of tokens and dollars spent; see `CostRow`."""
    return _folded(home, CostRow, COST_FACTS, fold_costs)


def questions(home: Path) -> pd.DataFrame:
    """One row per question to the person; see `QuestionRow`."""
    return _folded(home, QuestionRow, QUESTION_FACTS, fold_questions)


def writes(home: Path) -> pd.DataFrame:
    """One row per write that came without the gate or a lock; see `WriteRow`."""
    return _folded(home, WriteRow, WRITE_FACTS, fold_writes)


def outputs(home: Path, task: int) -> pd.DataFrame:
    """What the tool of one task said, piece by piece."""
    query = """SELECT sequence, at, body ->> '$.attempt', agent, body ->> '$.stream', body ->> '$.text'
               FROM facts WHERE task = ? AND kind = 'output_reported' ORDER BY sequence"""
    with open_reader(home) as connection:
        rows = connection.execute(query, (task,)).fetchall()
    columns = list(zip(*rows, strict=True)) or [()] * len(OUTPUT_COLUMNS)
    return frame(OUTPUT_COLUMNS, dict(zip(OUTPUT_COLUMNS, columns, strict=True)))


def to_csv_safe(table: pd.DataFrame) -> pd.DataFrame:
    """A copy whose texts no spreadsheet takes for a formula: those that begin like one get a `'` in front.

    Numbers, times and durations stay what they are; nested values become text.
    """
    safe = table.rename(columns=_disarmed)
    for name in safe.columns:
        kind = safe[name].dtype
        if kind == "object" or str(kind) in {DTYPES["category"], DTYPES["text"]}:
            safe[name] = safe[name].astype("object").map(_disarmed, na_action="ignore")
    return safe


def _disarmed(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


# ---- facts ----


def _condition(only: dict[str, Any], kinds: tuple[str, ...] | None) -> tuple[str, list[Any]]:
    """A WHERE clause of what was asked for, and its values."""
    asked = {text: value for text, value in only.items() if value is not None}
    words, values = list(asked), list(asked.values())
    if kinds is not None:
        words.append(f"kind IN ({', '.join('?' * len(kinds))})")
        values.extend(kinds)
    return (f"WHERE {' AND '.join(words)}" if words else ""), values


def _kinds_on_record(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Found by one step in the index per kind, however many facts there are."""
    rows = connection.execute(
        """WITH RECURSIVE found (kind) AS (
             SELECT min(kind) FROM facts
             UNION ALL
             SELECT (SELECT min(kind) FROM facts WHERE kind > found.kind) FROM found WHERE found.kind IS NOT NULL
           ) SELECT kind FROM found WHERE kind IS NOT NULL"""
    )
    return tuple(row[0] for row in rows)


def _moment(when: When | None) -> float | None:
    """Unix seconds."""
    import pandas as pd

    if when is None or isinstance(when, float | int):
        return when
    if isinstance(when, timedelta):
        return (pd.Timestamp.now("UTC") - when).timestamp()
    if isinstance(when, datetime):
        return when.timestamp()
    try:
        return (pd.Timestamp.now("UTC") - pd.Timedelta(when)).timestamp()
    except ValueError:
        pass
    try:
        return pd.Timestamp(when).to_pydatetime().timestamp()
    except ValueError:
        raise Malformed(f"{when!r} is no time", field="since", hint="Say 10m, 2h, or 2026-01-31 09:00.") from None


# ---- lives ----


def _folded(
    home: Path, row: type[Any], wanted: tuple[type[Any], ...], fold: Callable[[Iterable[Recorded]], list[Any]]
) -> pd.DataFrame:
    with open_reader(home) as connection:
        return frame_of(row, fold(_read(connection, wanted)))


def _read(connection: sqlite3.Connection, wanted: tuple[type[Any], ...]) -> Iterator[Recorded]:
    kinds = [kind_of(fact) for fact in wanted]
    cursor = connection.execute(
        f"SELECT {RECORDED_COLUMNS} FROM facts WHERE kind IN ({', '.join('?' * len(kinds))}) ORDER BY sequence",  # noqa: S608
        kinds,
    )
    while rows := cursor.fetchmany(_CHUNK):
        yield from map(recorded_of, rows)


def _last_now(connection: sqlite3.Connection) -> float:
    row = connection.execute("SELECT now FROM facts ORDER BY sequence DESC LIMIT 1").fetchone()
    return float(row[0]) if row else 0.0


SCHEMAS: Final = {
    "tasks": columns_of(TaskRow),
    "agents": columns_of(AgentRow),
    "locks": columns_of(LockRow),
    "bids": columns_of(BidRow),
    "changes": columns_of(ChangeRow),
    "hardware": columns_of(HardwareRow),
    "costs": columns_of(CostRow),
    "questions": columns_of(QuestionRow),
    "writes": columns_of(WriteRow),
    "outputs": OUTPUT_COLUMNS,
}
"The columns of every frame and what each is; `devmesh.audit.columns.DTYPES` has their dtypes."
