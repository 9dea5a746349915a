"""Tampering is found and named: whatever is done to the rows of a closed record by somebody without the key."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from devmesh.audit.chain import KEY_FILE
from devmesh.audit.database import DATABASE
from devmesh.audit.high_water import HIGH_WATER_FILE, HighWater, read_high_water, write_high_water
from devmesh.audit.journal import MARK_SOON, Journal
from devmesh.audit.proving import Proof, prove
from devmesh.errors import StorageError
from tests.audit.samples import WALL, locking

TURNS = 20


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A closed record of some dozen facts."""
    record(tmp_path)
    return tmp_path


def record(home: Path, turns: int = TURNS) -> int:
    """Go on recording up to so many turns; the last fact."""
    journal = Journal.open(home, now_wall=WALL)
    for number, batch in enumerate(locking(turns)):
        journal.append([one for one in batch if one.sequence > journal.last_sequence], WALL + number)
    journal.close()
    return journal.last_sequence


def tamper(home: Path, *statements: str) -> None:
    """What somebody with an SQLite shell does."""
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount, statement
        connection.commit()


def fault(home: Path, head: str = "") -> tuple[int, str]:
    """Where the proof ends, and why."""
    found = prove(home, head=head).fault
    assert found is not None
    return found.sequence, found.message


def test_an_untouched_record_is_proven(home: Path) -> None:
    """To its last fact, over several starts, and against a head printed earlier."""
    first = prove(home)
    assert first.fault is None
    assert first.head.startswith(f"{first.facts}:")
    record(home, TURNS + 10)
    second = prove(home, head=first.head)
    assert second.fault is None
    assert second.facts > first.facts


CHANGES: dict[str, tuple[str, int, str]] = {
    "a letter of a fact": (
        "UPDATE facts SET body = replace(body, 'claude-1', 'claude-9') WHERE sequence = 7",
        7,
        "is not what was recorded in its place",
    ),
    "its moment": ("UPDATE facts SET at = at + 1 WHERE sequence = 9", 9, "is not what was recorded"),
    "mesh time": ("UPDATE facts SET now = now + 1e-6 WHERE sequence = 9", 9, "is not what was recorded"),
    "who asked for it": ("UPDATE facts SET session = 77 WHERE sequence = 9", 9, "is not what was recorded"),
    "a column for searching": ("UPDATE facts SET agent = 'eve' WHERE sequence = 7", 7, "its column 'agent' says 'eve'"),
    "its kind": ("UPDATE facts SET kind = 'goal_set' WHERE sequence = 7", 7, "its column 'kind' says 'goal_set'"),
    "one removed": ("DELETE FROM facts WHERE sequence = 8", 8, "fact 8 is missing: 9 comes where it was"),
    "the first removed": ("DELETE FROM facts WHERE sequence = 1", 1, "fact 1 is missing"),
    "the last removed": (
        "DELETE FROM facts WHERE sequence = (SELECT max(sequence) FROM facts)",
        0,
        "its end is cut off",
    ),
    "a seal removed": ("UPDATE facts SET seal = NULL WHERE sequence = 9", 9, "was never sealed"),
    "a seal copied": (
        "UPDATE facts SET seal = (SELECT seal FROM facts WHERE sequence = 8) WHERE sequence = 9",
        9,
        "is not what was recorded",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_named(home: Path, name: str) -> None:
    """The first row that is not as it was, and what is wrong with it."""
    statement, sequence, message = CHANGES[name]
    last = prove(home).facts
    tamper(home, statement)
    assert fault(home)[0] == sequence or last
    assert message in fault(home)[1]


def test_two_facts_in_each_others_place(home: Path) -> None:
    """Exchanged whole, with their seals: the first of them is named."""
    tamper(
        home,
        "UPDATE facts SET sequence = -1 WHERE sequence = 6",
        "UPDATE facts SET sequence = 6 WHERE sequence = 11",
        "UPDATE facts SET sequence = 11 WHERE sequence = -1",
    )
    assert fault(home) == (6, "fact 6 is not what was recorded in its place")


def test_a_fact_that_was_put_in(home: Path) -> None:
    """One more at the end, copied from an earlier one, is not the mesh's."""
    last = prove(home).facts
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        row = list(connection.execute("SELECT * FROM facts WHERE sequence = 7").fetchone())
        marks = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO facts VALUES ({marks})", [last + 1, *row[1:]])  # noqa: S608 - question marks
        connection.commit()
    assert fault(home) == (last + 1, f"fact {last + 1} is not what was recorded in its place")


def test_any_byte_of_any_body(home: Path) -> None:
    """Random changes of one character somewhere: every one is found, at its row."""
    chance = random.Random(5)
    last = prove(home).facts
    for _ in range(60):
        number = chance.randint(1, last)
        with closing(sqlite3.connect(home / DATABASE)) as connection:
            body = connection.execute("SELECT body FROM facts WHERE sequence = ?", (number,)).fetchone()[0]
            place = chance.randrange(len(body))
            changed = body[:place] + chr(ord(body[place]) ^ 1) + body[place + 1 :]
            connection.execute("UPDATE facts SET body = ? WHERE sequence = ?", (changed, number))
            connection.commit()
            assert fault(home)[0] == number
            connection.execute("UPDATE facts SET body = ? WHERE sequence = ?", (body, number))
            connection.commit()
    assert prove(home).fault is None


def test_a_cut_off_end_is_found_by_the_mark_or_by_a_head(home: Path) -> None:
    """The mark beside the record remembers the last seal; where it is cut back too, a head kept elsewhere does."""
    before = prove(home)
    tamper(home, f"DELETE FROM facts WHERE sequence > {before.facts - 5}")
    assert fault(home)[0] == before.facts - 4
    mark = read_high_water(home)
    assert mark is not None
    write_high_water(home, HighWater(install_id=mark.install_id, epoch=mark.epoch, sequence=before.facts - 5))
    assert prove(home).fault is None
    message = f"the record ends at fact {before.facts - 5}, and fact {before.facts} was sealed: its end is cut off"
    assert fault(home, before.head) == (before.facts - 4, message)


def test_a_head_of_another_history(home: Path) -> None:
    """The right number with another seal shows that everything was sealed anew."""
    number, _, seal = prove(home).head.partition(":")
    assert "does not carry the seal" in fault(home, f"{number}:{seal[::-1]}")[1]
    with pytest.raises(StorageError, match="is no head of a record"):
        prove(home, head="17")


def test_the_mark_is_never_far_behind(tmp_path: Path) -> None:
    """After a hundred facts and two seconds, or one fact and a minute, the newest seal is beside the record."""
    journal = Journal.open(tmp_path, now_wall=WALL)
    batches = iter(locking(200))
    journal.append(next(batches), WALL)
    at = WALL
    for _ in range(100):
        journal.append(next(batches), at := at + MARK_SOON[0][1] / 10)
    mark = read_high_water(tmp_path)
    assert mark is not None
    assert journal.last_sequence - mark.sequence <= MARK_SOON[0][0] + 40
    journal.append(next(batches), at + MARK_SOON[1][1])
    assert (found := read_high_water(tmp_path)) is not None
    assert found.sequence == journal.last_sequence
    journal.close(clean=False)
    assert prove(tmp_path).fault is None


# ---- older records, lost keys, removed seals


def unsealed(home: Path) -> None:
    """As a DevMesh without a chain left it."""
    tamper(home, "DELETE FROM meta WHERE key = 'sealed_from'")
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        connection.execute("ALTER TABLE facts DROP COLUMN seal")
        connection.execute("PRAGMA user_version=1")
    mark = read_high_water(home)
    assert mark is not None
    write_high_water(home, HighWater(install_id=mark.install_id, epoch=mark.epoch, sequence=mark.sequence))
    (home / KEY_FILE).unlink()


def test_an_older_record_is_sealed_when_it_is_opened(home: Path) -> None:
    """Every row gets its seal, a copy of the old file is kept, and the proof covers all of it."""
    count = prove(home).facts
    unsealed(home)
    assert "from before records were sealed" in fault(home)[1]
    journal = Journal.open(home, now_wall=WALL)
    notes = journal.notes
    journal.close()
    assert any("audit-schema-1.db" in note for note in notes)
    assert (prove(home).fault, prove(home).facts) == (None, count)


def removed_seals(home: Path) -> None:
    """So that the next start would seal everything, whatever it says."""
    tamper(home, "UPDATE facts SET seal = NULL, body = replace(body, 'claude-1', 'claude-9')")
    tamper(home, "DELETE FROM meta WHERE key = 'sealed_from'")


def removed_key(home: Path) -> None:
    """The same by taking the key away."""
    tamper(home, "UPDATE facts SET body = replace(body, 'claude-1', 'claude-9')")
    (home / KEY_FILE).unlink()


@pytest.mark.parametrize("damage", [removed_seals, removed_key])
def test_nothing_is_healed_by_starting_again(home: Path, damage: Callable[[Path], None]) -> None:
    """The mesh starts and says so, now; and every later proof says it too."""
    damage(home)
    journal = Journal.open(home, now_wall=WALL)
    assert any("seal" in note or "proven" in note for note in journal.notes)
    journal.close()
    assert prove(home).fault is not None
    record(home, TURNS + 5)
    assert prove(home).fault is not None


def test_a_lost_key_is_said_at_the_start(home: Path) -> None:
    """What comes after it is proven by the new one; what lies before is not, and that is on record."""
    count = prove(home).facts
    (home / KEY_FILE).unlink()
    journal = Journal.open(home, now_wall=WALL)
    assert any("the key of the record was gone" in note for note in journal.notes)
    journal.close()
    record(home, TURNS + 5)
    assert fault(home) == (count + 1, f"the key of the record was gone: facts 1 to {count} can no longer be proven")


def test_a_rebuilt_record_is_proven_if_the_mirror_was_not_touched(home: Path) -> None:
    """The same facts get the same seals again; a mirror that was edited does not lead to the seal that was kept."""
    database, mirror = home / DATABASE, home / "audit.jsonl"
    before = prove(home)
    database.write_bytes(b"this is no database" * 1000)
    journal = Journal.open(home, now_wall=WALL)
    assert journal.recovery is not None
    assert not journal.recovery.doubt
    journal.close()
    assert prove(home, head=before.head) == Proof(facts=before.facts, head=before.head)
    mirror.write_text(mirror.read_text().replace("claude-1", "claude-9"))
    database.write_bytes(b"this is no database" * 1000)
    journal = Journal.open(home, now_wall=WALL)
    assert journal.recovery is not None
    assert "do not carry the seal" in str(journal.recovery)
    journal.close()
    assert "do not carry the seal" in fault(home)[1]


def test_a_missing_mark_is_no_fault(home: Path) -> None:
    """It is a second witness, not the record."""
    (home / HIGH_WATER_FILE).unlink()
    assert prove(home).fault is None
