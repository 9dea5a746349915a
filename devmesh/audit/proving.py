"""Whether the record is as it was written: every seal is recomputed, and the newest compared with those kept elsewhere.

Reads only. Names the first row that is not as it was: changed, missing, out of its place, or cut off at the end.
"""

from __future__ import annotations

import hmac
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from devmesh.audit.chain import FIRST, KEY_FILE, Chain, read_key
from devmesh.audit.database import open_reader
from devmesh.audit.high_water import read_high_water
from devmesh.audit.mirror import follows
from devmesh.audit.rows import COLUMNS, RECORDED_COLUMNS, SEAL, last_sequence, recorded_of, row_of
from devmesh.audit.sealing import doubts_of, lacks_mark, seal_until, sealed_from
from devmesh.errors import StorageError
from devmesh.vocabulary.codec import Recorded

_DERIVED: Final = ("kind", "agent", "task", "change")
"Columns that repeat the body; a search by them must not be misled."

Row = tuple[int, float, float, int | None, int | None, str, bytes | None, str, str | None, int | None, int | None]


class Fault(Struct, frozen=True, kw_only=True):
    """The first row that is not as it was written."""

    sequence: int
    message: str


class Proof(Struct, frozen=True, kw_only=True):
    """How far the record is proven."""

    facts: int
    head: str
    "`NUMBER:SEAL` of the last proven fact. Kept anywhere else, it later shows that nothing before it was changed."
    fault: Fault | None = None
    until: int = 0
    "The last fact that was committed when the proof began: what comes later is not judged."


class Head(Struct, frozen=True):
    """A fact and the seal it must have."""

    sequence: int
    seal: str

    @classmethod
    def read(cls, text: str) -> Head:
        """From `NUMBER:SEAL`. Raises StorageError."""
        found = re.fullmatch(r"(\d{1,16}):([0-9a-f]{64})", text.strip())
        if found is None:
            raise StorageError(f"{text!r} is no head of a record", hint="It reads NUMBER:SEAL, as `verify` prints it.")
        return cls(int(found[1]), found[2])


def prove(home: Path, *, head: str = "") -> Proof:
    """Recompute every seal of the record of that home; `head`: one that was printed earlier and must still be there.

    Raises StorageError when there is no record, no key, or a head that is none.
    """
    wanted = [Head.read(head)] if head else []
    key = read_key(home)
    with open_reader(home) as connection:
        connection.execute("BEGIN")
        mark = read_high_water(home)  # before the rows: what it speaks of is committed
        if mark is not None and mark.head:
            wanted.append(Head(mark.sequence, mark.head))
        begun = sealed_from(connection) if _has_seals(connection) else None
        if begun is None or key is None:
            what = "is from before records were sealed" if begun is None else f"cannot be proven without {KEY_FILE}"
            fault = Fault(sequence=1, message=f"the record {what}; the next start of the mesh seals it")
            return Proof(facts=0, head="", fault=fault, until=last_sequence(connection))
        proof = _proof(connection, Chain(key, seal_until(connection, begun - 1)[1]), begun, wanted)
        return replace(proof, fault=_unmarked(home, connection)) if proof.fault is None else proof


def _proof(connection: sqlite3.Connection, chain: Chain, begun: int, wanted: list[Head]) -> Proof:
    count = last = 0
    fault: Fault | None = None
    for row in _rows(connection, begun):
        fault = _fault(row, chain, last, begun) or _misled(row)
        if fault is not None:
            break
        count, last, chain = count + 1, row[0], chain.at(row[6] or FIRST)
    head = f"{last}:{chain.head.hex()}" if last else ""
    kept = next((Fault(sequence=one.sequence, message=one.message) for one in doubts_of(connection)), None)
    return Proof(
        facts=count, head=head, fault=fault or kept or _unmet(connection, wanted), until=last_sequence(connection)
    )


def _unmarked(home: Path, connection: sqlite3.Connection) -> Fault | None:
    """Whether there is no mark where there should be one. Read anew: a mesh may have begun its record just now."""
    if not lacks_mark(connection, read_high_water(home)):
        return None
    last = last_sequence(connection)
    message = f"the mark beside the record is gone: whether facts after {last} were cut off cannot be told"
    return Fault(sequence=last + 1, message=message)


def _rows(connection: sqlite3.Connection, begun: int) -> Iterator[Row]:
    return connection.execute(
        f"SELECT {RECORDED_COLUMNS}, {SEAL}, {', '.join(_DERIVED)} FROM facts "  # noqa: S608 - our own text
        "WHERE sequence >= ? ORDER BY sequence",
        (begun,),
    )


def _fault(row: Row, chain: Chain, last: int, begun: int) -> Fault | None:
    """What is wrong with the seal of a row, given that all before it are right."""
    sequence = row[0]
    if hmac.compare_digest(chain.seal(row[:6]), row[6] or b""):
        return None
    due = last + 1 if last else begun
    if row[6] is None:
        return Fault(sequence=sequence, message=f"fact {sequence} was never sealed: the mesh did not write it")
    if sequence != due and not _leaps(row, due):
        return Fault(sequence=due, message=f"fact {due} is missing: {sequence} comes where it was")
    return Fault(sequence=sequence, message=f"fact {sequence} is not what was recorded in its place")


def _leaps(row: Row, due: int) -> bool:
    try:
        return follows(recorded_of(row[:6]), due)
    except StorageError:
        return False


def _misled(row: Row) -> Fault | None:
    """A column that says otherwise than the fact it repeats."""
    recorded: Recorded = recorded_of(row[:6])
    said = dict(zip(COLUMNS, row_of(recorded, 0), strict=True))
    for name, value in zip(_DERIVED, row[7:], strict=True):
        if value != said[name]:
            message = f"fact {row[0]}: its column {name!r} says {value!r}, the fact itself {said[name]!r}"
            return Fault(sequence=row[0], message=message)
    return None


def _unmet(connection: sqlite3.Connection, wanted: list[Head]) -> Fault | None:
    for one in wanted:
        sequence, seal = seal_until(connection, one.sequence)
        if seal.hex() == one.seal:
            continue
        last = last_sequence(connection)
        if last < one.sequence:
            message = f"the record ends at fact {last}, and fact {one.sequence} was sealed: its end is cut off"
            return Fault(sequence=last + 1, message=message)
        return Fault(sequence=sequence, message=f"fact {sequence} does not carry the seal that was kept elsewhere")
    return None


def _has_seals(connection: sqlite3.Connection) -> bool:
    return any(row[1] == SEAL for row in connection.execute("PRAGMA table_info(facts)"))
