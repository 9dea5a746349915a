"""Older records, lost keys and removed seals: sealed, or doubted for ever, when the record is opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from devmesh.audit.chain import KEY_FILE
from devmesh.audit.database import DATABASE
from devmesh.audit.high_water import HighWater, read_high_water, write_high_water
from devmesh.audit.journal import Journal
from devmesh.audit.proving import Proof, prove
from tests.audit.samples import WALL
from tests.audit.tampering import TURNS, fault, record, tamper


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A closed record of some dozen facts."""
    record(tmp_path)
    return tmp_path


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
    assert prove(home, head=before.head) == Proof(facts=before.facts, head=before.head, until=before.facts)
    mirror.write_text(mirror.read_text().replace("claude-1", "claude-9"))
    database.write_bytes(b"this is no database" * 1000)
    journal = Journal.open(home, now_wall=WALL)
    assert journal.recovery is not None
    assert "do not carry the seal" in str(journal.recovery)
    journal.close()
    assert "do not carry the seal" in fault(home)[1]
