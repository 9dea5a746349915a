"""A fact as a row of the database and back. Knows the columns; opens nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from devmesh.audit.chain import Chain, Sealed
from devmesh.errors import Code, Malformed, StorageError
from devmesh.vocabulary.codec import Recorded, decode_fact, encode
from devmesh.vocabulary.facts import CoordinatorStarted, DiscoveryShared
from devmesh.vocabulary.record import kind_of

Row = tuple[int, float, float, int, str, str | None, int | None, int | None, int | None, int | None, str]

COLUMNS: Final = ("sequence", "at", "now", "epoch", "kind", "agent", "task", "change", "session", "request", "body")
"`agent`, `task` and `change` repeat what the body says, so that a life can be found without reading every body."

SEAL = "seal"
"The last column: what `chain` made of the row and of the seal before it. None in rows older than the chain."

_INSERT_FACT: Final = (
    f"INSERT INTO facts ({', '.join((*COLUMNS, SEAL))}) VALUES ({', '.join('?' * (len(COLUMNS) + 1))})"  # noqa: S608
)
RECORDED_COLUMNS: Final = "sequence, now, at, session, request, body"
"What `recorded_of` takes, in this order."

_CHUNK = 1000


def row_of(recorded: Recorded, epoch: int) -> Row:
    """The row to insert. Raises StorageError (INTERNAL) for a fact that no reader could take back.

    A record is constructed unchecked and checked when it is read. What could not be read must not be kept: the next
    start would stumble over it, and so would every agent that is told.
    """
    fact = recorded.fact
    try:
        body = encode(fact).decode()
        decode_fact(body)
    except Malformed as error:
        raise StorageError(
            f"fact {recorded.sequence} ({kind_of(fact)}) could not be read back: {error.message} at {error.field}",
            code=Code.INTERNAL,
        ) from error
    return (
        recorded.sequence,
        recorded.at,
        recorded.now,
        epoch,
        kind_of(fact),
        getattr(fact, "agent", None),
        getattr(fact, "task", None),
        getattr(fact, "change", None),
        recorded.session,
        recorded.request,
        body,
    )


class Written(NamedTuple):
    """Where the record stands after an insertion."""

    epoch: int
    head: bytes


def insert_facts(connection: sqlite3.Connection, recorded: Sequence[Recorded], epoch: int, chain: Chain) -> Written:
    """Insert and seal facts, and index the discoveries among them. The transaction is the caller's."""
    rows = []
    for one in recorded:
        if isinstance(one.fact, CoordinatorStarted):
            epoch = one.fact.epoch
        rows.append(row_of(one, epoch))
    seals = chain.seals([sealed_of(row) for row in rows])
    connection.executemany(_INSERT_FACT, [(*row, seal) for row, seal in zip(rows, seals, strict=True)])
    found = [(one.sequence, one.fact.title, one.fact.text) for one in recorded if isinstance(one.fact, DiscoveryShared)]
    if found:
        connection.executemany("INSERT INTO discoveries (rowid, title, text) VALUES (?, ?, ?)", found)
    return Written(epoch, seals[-1] if seals else chain.head)


def sealed_of(row: Row) -> Sealed:
    """The part of a row that says everything, in the order of RECORDED_COLUMNS."""
    return row[0], row[2], row[1], row[8], row[9], row[10]


def recorded_of(row: tuple[int, float, float, int | None, int | None, str]) -> Recorded:
    """A row of RECORDED_COLUMNS as it was appended. Raises StorageError naming the fact that cannot be read."""
    sequence, now, at, session, request, body = row
    try:
        fact = decode_fact(body)
    except Malformed as error:
        raise StorageError(f"fact {sequence} of the record cannot be read: {error.message}") from error
    return Recorded(sequence=sequence, fact=fact, now=now, at=at, session=session, request=request)


def last_sequence(connection: sqlite3.Connection) -> int:
    """The number of the last fact; 0 where there is none."""
    return int(connection.execute("SELECT max(sequence) FROM facts").fetchone()[0] or 0)


def facts_after(
    connection: sqlite3.Connection, sequence: int, *, until: int | None = None, most: int = -1
) -> Iterator[Recorded]:
    """Facts in order, after one number and up to another, read as they are asked for; `most` < 0: all of them."""
    bound = until if until is not None else 2**63 - 1
    cursor = connection.execute(
        f"SELECT {RECORDED_COLUMNS} FROM facts WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?",  # noqa: S608
        (sequence, bound, most),
    )
    while rows := cursor.fetchmany(_CHUNK):
        for row in rows:
            yield recorded_of(row)
