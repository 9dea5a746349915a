"""A damaged database is moved aside, whole, and rebuilt from the mirror, and everybody is told."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from devmesh.audit import knowledge
from devmesh.audit.database import DATABASE
from devmesh.audit.journal import Journal
from devmesh.audit.mirror import MIRROR
from devmesh.audit.rebuild import SAFE_DISTANCE
from devmesh.audit.verify import verify
from tests.audit.samples import WALL, encoded, locking

TURNS = 300


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A record of some hundred facts that was not closed."""
    journal = Journal.open(tmp_path, now_wall=WALL)
    for batch in locking(TURNS):
        journal.append(batch, WALL)
    journal.save_snapshot(journal.last_sequence, b"state" * 1000)
    journal._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    journal.close(clean=False)
    return tmp_path


FACTS = [one for batch in locking(TURNS) for one in batch]


def corrupt_pages(path: Path) -> None:
    """Overwrite pages in the middle of the file."""
    content = bytearray(path.read_bytes())
    for page in range(4, len(content) // 4096 - 1, 3):
        content[page * 4096 : page * 4096 + 512] = b"\xa5" * 512
    path.write_bytes(content)


def no_database(path: Path) -> None:
    """Put something else in its place."""
    path.write_bytes(b"not a database, not at all\n" * 500)


@pytest.mark.parametrize("damage", [corrupt_pages, no_database])
def test_every_fact_comes_back_from_the_mirror(home: Path, damage: object) -> None:
    """Corrupt pages or no database at all: the same facts afterwards, the file kept aside, and a report."""
    assert callable(damage)
    damage(home / DATABASE)
    spoilt = (home / DATABASE).read_bytes()
    journal = Journal.open(home, now_wall=WALL)
    kept = list(journal.load().facts)
    recovery = journal.recovery
    found = knowledge.search(journal.home, "finding 15", 5)
    journal.close()
    assert [encoded(one.fact) for one in kept] == [encoded(one.fact) for one in FACTS]
    assert recovery is not None
    assert (recovery.facts, recovery.last_sequence, recovery.missing) == (len(FACTS), len(FACTS), 0)
    assert recovery.moved[0].read_bytes() == spoilt
    assert recovery.moved[0].name == "audit-damaged-20260921T141320Z.db"
    assert "rebuilt from its mirror" in str(recovery)
    assert "No fact is known to be lost" in str(recovery)
    assert not journal.was_clean
    assert journal.last_sequence == len(FACTS) + SAFE_DISTANCE
    assert found[0].title == "finding 15"
    assert verify(home) is None


def test_a_record_that_was_closed_is_looked_at_too(home: Path) -> None:
    """What happened to its file between two lives is found at the start, and not in the middle of the work."""
    Journal.open(home, now_wall=WALL).close()
    corrupt_pages(home / DATABASE)
    journal = Journal.open(home, now_wall=WALL)
    kept = list(journal.load().facts)
    journal.close()
    assert journal.recovery is not None
    assert len(kept) == len(FACTS)


def test_a_second_start_has_nothing_left_to_do(home: Path) -> None:
    """A rebuild happens once."""
    no_database(home / DATABASE)
    Journal.open(home, now_wall=WALL).close()
    again = Journal.open(home, now_wall=WALL)
    again.close()
    assert again.recovery is None
    assert again.was_clean


def test_two_rebuilds_in_one_second_keep_both_files(home: Path) -> None:
    """Nothing moved aside is ever overwritten."""
    for _ in range(2):
        no_database(home / DATABASE)
        Journal.open(home, now_wall=WALL).close()
    assert len(list(home.glob("audit-damaged-*.db"))) == 2


def test_a_mirror_that_lags_is_helped_by_what_is_left(home: Path) -> None:
    """Facts the mirror lacks are taken from the damaged database, as far as it can still be read."""
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'facts_by_kind'").fetchone()
    content = bytearray((home / DATABASE).read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\xa5" * 4096
    (home / DATABASE).write_bytes(content)
    lines = (home / MIRROR).read_bytes().splitlines(keepends=True)
    (home / MIRROR).write_bytes(b"".join(lines[:200]))
    journal = Journal.open(home, now_wall=WALL)
    kept = list(journal.load().facts)
    journal.close()
    assert journal.recovery is not None
    assert journal.recovery.facts == len(kept) == len(FACTS)
    assert verify(home) is None


def test_a_broken_mirror_too_loses_only_what_both_lost(home: Path) -> None:
    """Both damaged: the facts before the break come back, the rest is counted as missing, and both files are kept."""
    no_database(home / DATABASE)
    lines = (home / MIRROR).read_bytes().splitlines(keepends=True)
    lines[100] = b"{garbled}\n"
    (home / MIRROR).write_bytes(b"".join(lines))
    journal = Journal.open(home, now_wall=WALL)
    kept = list(journal.load().facts)
    recovery = journal.recovery
    journal.close()
    assert recovery is not None
    assert (len(kept), recovery.facts, recovery.missing) == (100, 100, len(FACTS) - 100)
    assert "line 101" in recovery.note
    assert (home / "audit-damaged-20260921T141320Z.jsonl").read_bytes() == b"".join(lines)
    assert journal.last_sequence == len(FACTS) + SAFE_DISTANCE
    assert verify(home) is None


def test_no_mirror_at_all_still_opens(home: Path) -> None:
    """Nothing to rebuild from: an empty record whose numbers go on beyond the lost ones."""
    no_database(home / DATABASE)
    (home / MIRROR).unlink()
    journal = Journal.open(home, now_wall=WALL)
    journal.close()
    assert journal.recovery is not None
    assert journal.recovery.missing == len(FACTS)
    assert "There was no mirror" in str(journal.recovery)
    assert journal.last_sequence == len(FACTS) + SAFE_DISTANCE
