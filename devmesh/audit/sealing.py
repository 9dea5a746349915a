"""Which chain an opened record goes on with: made for a new one, laid over an older one, doubted where it does not fit.

Refuses no record for a broken seal: a mesh goes on, and what was found stays on record for `proving`.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from devmesh.audit.chain import FIRST, Chain, make_key, read_key
from devmesh.audit.failpoints import Failpoint, passing
from devmesh.audit.high_water import HighWater
from devmesh.audit.rows import RECORDED_COLUMNS

SEALED_FROM: Final = "sealed_from"
"Word of the record: the first fact that the key in the home seals. Its predecessor's seal is taken as it is."
DOUBTS: Final = "doubts"
"Word of the record: what was wrong with the chain when it was opened."

_BATCH = 5000


class Doubt(msgspec.Struct, frozen=True):
    """Something that cannot be proven any more, and from where on."""

    sequence: int
    message: str


class Sealing(NamedTuple):
    """The chain to go on with, and what a person should hear."""

    chain: Chain
    notes: tuple[str, ...]
    unmarked: bool = False
    "Whether the mark that should be beside the record was not: nothing says how far the record ever came."


def doubts_of(connection: sqlite3.Connection) -> tuple[Doubt, ...]:
    """Everything that was found when the record was opened, oldest first."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (DOUBTS,)).fetchone()
    return msgspec.json.decode(row[0], type=tuple[Doubt, ...]) if row else ()


def sealed_from(connection: sqlite3.Connection) -> int | None:
    """The first fact of the chain; None where there is no chain yet."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (SEALED_FROM,)).fetchone()
    return int(row[0]) if row else None


def seal_until(connection: sqlite3.Connection, sequence: int) -> tuple[int, bytes]:
    """Number and seal of the last fact up to that one."""
    row = connection.execute(
        "SELECT sequence, seal FROM facts WHERE sequence <= ? ORDER BY sequence DESC LIMIT 1", (sequence,)
    ).fetchone()
    return (int(row[0]), bytes(row[1] or FIRST)) if row else (0, FIRST)


def lacks_mark(connection: sqlite3.Connection, mark: HighWater | None) -> bool:
    """Whether a sealed record has facts that a mark should speak of, and none does.

    It is written after the first turn, so a record of a single turn may rightly lack it.
    """
    if sealed_from(connection) is None or (mark is not None and mark.head):
        return False
    return connection.execute("SELECT count(DISTINCT at) FROM facts").fetchone()[0] > 1 or (
        mark is None and connection.execute("SELECT 1 FROM facts LIMIT 1").fetchone() is not None
    )


def take_up(
    home: Path, connection: sqlite3.Connection, mark: HighWater | None, *, failpoint: Failpoint = passing
) -> Sealing:
    """The chain of this record, laid over its rows where it has none. One transaction. Raises StorageError.

    Rows are sealed afterwards only where no seal was ever kept elsewhere: else removing all of them would be healed.
    """
    last, head = seal_until(connection, 2**63 - 1)
    begun, anchored = sealed_from(connection), bool(mark and mark.head)
    key = read_key(home)
    unmarked = lacks_mark(connection, mark)
    lost = key is None and (begun is not None or anchored)
    chain = Chain(key or make_key(home), head)
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = _found(connection, mark, last, lost=lost, unsealed=begun is None and anchored)
        found += _unmarked(connection, last) if unmarked else ()
        if begun is None and not anchored:
            chain = seal_all(connection, chain.at(FIRST))
            failpoint("sealed_before_commit")
        if begun is None or lost:
            _keep(connection, SEALED_FROM, str(last + 1 if lost else 1))
        if found:
            _keep(connection, DOUBTS, msgspec.json.encode((*doubts_of(connection), *found)).decode())
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return Sealing(chain, tuple(f"{one.message}. `devmesh audit verify` says more." for one in found), unmarked)


def seal_all(connection: sqlite3.Connection, chain: Chain) -> Chain:
    """Seal every row, whatever it has. The transaction is the caller's."""
    last = 0
    while rows := connection.execute(
        f"SELECT {RECORDED_COLUMNS} FROM facts WHERE sequence > ? ORDER BY sequence LIMIT ?",  # noqa: S608 - our text
        (last, _BATCH),
    ).fetchall():
        seals = chain.seals(rows)
        numbers = [row[0] for row in rows]
        connection.executemany("UPDATE facts SET seal = ? WHERE sequence = ?", list(zip(seals, numbers, strict=True)))
        last, chain = numbers[-1], chain.at(seals[-1])
    return chain


def _found(
    connection: sqlite3.Connection, mark: HighWater | None, last: int, *, lost: bool, unsealed: bool
) -> list[Doubt]:
    found = []
    if lost:
        found.append(Doubt(last + 1, f"the key of the record was gone: facts 1 to {last} can no longer be proven"))
    if unsealed:
        found.append(Doubt(1, "the record was sealed once, and its seals are gone"))
    elif mark is not None and mark.head:
        sequence, seal = seal_until(connection, mark.sequence)
        if seal.hex() != mark.head:
            found.append(Doubt(sequence, f"fact {sequence} does not carry the seal that was kept beside the record"))
    return [one for one in found if one not in doubts_of(connection)]


def _unmarked(connection: sqlite3.Connection, last: int) -> tuple[Doubt, ...]:
    """Said once for each place where it happened."""
    message = f"the mark beside the record was gone: whether facts after {last} were cut off can no longer be told"
    doubt = Doubt(last + 1, message)
    return () if doubt in doubts_of(connection) else (doubt,)


def _keep(connection: sqlite3.Connection, word: str, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (word, value))
