"""Tampering is found and named: whatever is done to the rows of a closed record by somebody without the key."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from devmesh.audit import proving
from devmesh.audit.database import DATABASE
from devmesh.audit.high_water import HIGH_WATER_FILE, HighWater, read_high_water, write_high_water
from devmesh.audit.journal import MARK_SOON, Journal
from devmesh.audit.proving import prove
from devmesh.errors import StorageError
from tests.audit.samples import WALL, locking
from tests.audit.tampering import TURNS, fault, record, tamper


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A closed record of some dozen facts."""
    record(tmp_path)
    return tmp_path


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
        connection.execute("INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [last + 1, *row[1:]])
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
    tamper(home, f"DELETE FROM facts WHERE sequence > {before.facts - 5}")  # noqa: S608 - a number
    assert fault(home)[0] == before.facts - 4
    mark = read_high_water(home)
    assert mark is not None
    write_high_water(home, HighWater(install_id=mark.install_id, epoch=mark.epoch, sequence=before.facts - 5))
    assert "the mark beside the record is gone" in fault(home)[1]
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        row = connection.execute("SELECT seal FROM facts WHERE sequence = ?", (before.facts - 5,)).fetchone()
    cut = HighWater(install_id=mark.install_id, epoch=mark.epoch, sequence=before.facts - 5, head=row[0].hex())
    write_high_water(home, cut)
    assert prove(home).fault is None, "whoever writes the right seal into the mark is shown by a head kept elsewhere"
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


def test_a_missing_mark_is_named(home: Path) -> None:
    """Without it, nothing shows that the end is not cut off."""
    last = prove(home).facts
    (home / HIGH_WATER_FILE).unlink()
    assert fault(home) == (
        last + 1,
        f"the mark beside the record is gone: whether facts after {last} were cut off cannot be told",
    )


def test_a_record_that_begins_just_now_has_its_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read before the rows, the mark may be older than they are: it is read again before it is missed."""
    journal = Journal.open(tmp_path, now_wall=WALL)
    early = read_high_water(tmp_path)
    for number, batch in enumerate(locking(5)):
        journal.append(batch, WALL + number)
    marks = iter([early])
    monkeypatch.setattr(proving, "read_high_water", lambda home: next(marks, None) or read_high_water(home))
    assert prove(tmp_path).fault is None
    journal.close()
