"""The record: durable, continuous, one writer, honest about its disk."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from devmesh.audit import knowledge
from devmesh.audit.database import CLAIM, DATABASE, open_reader
from devmesh.audit.high_water import HIGH_WATER_FILE
from devmesh.audit.journal import Journal
from devmesh.audit.mirror import MIRROR
from devmesh.errors import AlreadyRunning, Code, StorageError
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
from tests.audit.samples import WALL, any_fact, encoded, locking

ROOT = Path(__file__).resolve().parents[2]

Open = Callable[[], Journal]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens the record of one home; whatever is still open at the end is closed."""
    made: list[Journal] = []

    def open_one() -> Journal:
        made.append(Journal.open(tmp_path, now_wall=WALL))
        return made[-1]

    yield open_one
    for journal in made:
        if journal.failed != "it was closed":
            journal.close(clean=False)


def fill(journal: Journal, turns: int = 10) -> list[Recorded]:
    """Record so many turns; what came back."""
    return [one for n, batch in enumerate(locking(turns)) for one in journal.append(batch, WALL + n)]


def test_what_was_appended_is_loaded_again(opened: Open) -> None:
    """Every fact comes back in order with its times and its cause, after a clean close."""
    journal = opened()
    kept = fill(journal)
    journal.close()
    again = opened()
    assert again.was_clean
    assert list(again.load().facts) == kept
    assert (again.last_sequence, again.last_now, again.epoch) == (kept[-1].sequence, kept[-1].now, 1)


@settings(max_examples=60, deadline=None)
@given(fact=any_fact())
def test_every_kind_of_fact_survives(tmp_path_factory: pytest.TempPathFactory, fact: Any) -> None:
    """Any recorded fact, with any values its type allows, is read back as it was, from database and mirror."""
    home = tmp_path_factory.mktemp("home")
    journal = Journal.open(home, now_wall=WALL)
    try:
        (kept,) = journal.append([Recorded(sequence=1, fact=fact, now=1.5, session=2, request=3)], WALL)
        (loaded,) = journal.load().facts
        assert encoded(loaded) == encoded(kept)
        assert (home / MIRROR).read_bytes() == encoded(kept) + b"\n"
    finally:
        journal.close()
        shutil.rmtree(home)


def test_a_turn_is_kept_whole_or_not_at_all(opened: Open) -> None:
    """A gap in the numbers, or one fact nobody could read back, refuses the whole turn, and the next one is taken."""
    journal = opened()
    kept = fill(journal, 1)
    following = kept[-1].sequence + 1
    good = Recorded(sequence=following, fact=facts.AgentPaused(agent="claude-1"))
    with pytest.raises(StorageError, match="was due") as gap:
        journal.append([good, Recorded(sequence=following + 2, fact=good.fact)], WALL)
    unreadable = Recorded(sequence=following + 1, fact=facts.AgentPaused(agent="not a name"))
    with pytest.raises(StorageError, match="could not be read back") as bad:
        journal.append([good, unreadable], WALL)
    assert gap.value.code == bad.value.code == Code.INTERNAL
    assert journal.append([], WALL) == ()
    journal.append([good], WALL)
    assert [one.sequence for one in journal.load().facts] == list(range(1, following + 1))


def test_a_second_writer_is_refused_at_once(opened: Open, tmp_path: Path) -> None:
    """In this process and in another one; the first goes on, and a reader is welcome all the while."""
    journal = opened()
    with pytest.raises(AlreadyRunning):
        opened()
    script = (
        "import sys; from pathlib import Path; from devmesh.audit.journal import Journal;"
        "Journal.open(Path(sys.argv[1]), now_wall=0)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=30
    )
    assert "AlreadyRunning" in ended.stderr
    fill(journal, 1)
    with open_reader(tmp_path) as reader:
        assert reader.execute("SELECT count(*) FROM facts").fetchone()[0] == journal.last_sequence
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute("DELETE FROM facts")


def test_a_dead_writer_holds_nothing(opened: Open) -> None:
    """After the writer is gone without a goodbye the next one opens, and knows that it was not clean."""
    journal = opened()
    kept = fill(journal, 3)
    journal.close(clean=False)
    again = opened()
    assert not again.was_clean
    assert again.last_sequence == kept[-1].sequence


def test_it_belongs_to_one_thread(opened: Open) -> None:
    """Another thread gets an error of our own making, not a damaged record."""
    journal = opened()
    caught: list[BaseException] = []

    def meddle() -> None:
        try:
            fill(journal, 1)
        except sqlite3.ProgrammingError as error:
            caught.append(error)

    thread = threading.Thread(target=meddle)
    thread.start()
    thread.join()
    assert len(caught) == 1
    fill(journal, 1)


def test_files_are_readable_by_their_owner_only(opened: Open, tmp_path: Path) -> None:
    """Database, log, mirror, mark and claim are 0600, whatever the umask."""
    before = os.umask(0)
    try:
        fill(opened(), 2)
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert {DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", MIRROR, HIGH_WATER_FILE, CLAIM} <= modes.keys()
    assert set(modes.values()) == {0o600}


def test_a_full_database_refuses_and_recovers(opened: Open) -> None:
    """STORAGE_FULL leaves nothing of the turn behind, reads go on, and the handle works when there is room again."""
    journal = opened()
    kept = fill(journal, 5)
    limit = journal._connection.execute("PRAGMA page_count").fetchone()[0]
    journal._connection.execute(f"PRAGMA max_page_count={limit}")
    last = kept[-1].sequence
    large = [Recorded(sequence=last + 1 + n, fact=facts.GoalSet(text="x" * 100_000), now=1.0) for n in range(20)]
    with pytest.raises(StorageError, match="full") as full:
        journal.append(large, WALL)
    assert full.value.code == Code.STORAGE_FULL
    assert journal.last_sequence == last
    assert list(journal.load().facts) == kept
    journal._connection.execute("PRAGMA max_page_count=1000000")
    journal.append(large, WALL)
    assert [one.sequence for one in journal.load().facts] == list(range(1, last + 21))


def test_a_lock_of_somebody_else_is_no_end(opened: Open, tmp_path: Path) -> None:
    """While another program locks the file a turn is refused, and the next one goes through."""
    journal = opened()
    fill(journal, 1)
    journal._connection.execute("PRAGMA busy_timeout=10")
    turn = [Recorded(sequence=journal.last_sequence + 1, fact=facts.AgentPaused(agent="claude-1"))]
    with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="locked") as locked:
            journal.append(turn, WALL)
        other.execute("ROLLBACK")
    assert locked.value.code == Code.STORAGE_FAILED
    assert journal.append(turn, WALL)


@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_a_record_that_vanishes_is_noticed(opened: Open, tmp_path: Path, how: str) -> None:
    """SQLite would write on into a deleted file; the next turn is refused instead, and every one after it."""
    journal = opened()
    fill(journal, 1)
    if how == "replaced":
        shutil.copy(tmp_path / DATABASE, tmp_path / "copy")
        (tmp_path / "copy").replace(tmp_path / DATABASE)
    else:
        (tmp_path / DATABASE).unlink()
    turn = [Recorded(sequence=journal.last_sequence + 1, fact=facts.AgentPaused(agent="claude-1"))]
    for _ in range(2):
        with pytest.raises(StorageError, match="removed or replaced"):
            journal.append(turn, WALL)
    assert journal.failed


def test_snapshots_shorten_the_way(opened: Open) -> None:
    """Loading begins at the newest snapshot and yields only what came later; asked to, it ignores them."""
    journal = opened()
    kept = fill(journal, 4)
    journal.save_snapshot(5, b"state at 5")
    loaded = journal.load()
    assert (loaded.snapshot, loaded.snapshot_sequence) == (b"state at 5", 5)
    assert list(loaded.facts) == kept[5:]
    assert len(list(journal.load(from_snapshot=False).facts)) == len(kept)
    with pytest.raises(StorageError):
        journal.save_snapshot(kept[-1].sequence + 1, b"")


def test_discoveries_are_found(opened: Open) -> None:
    """What was shared is found by its words right after its turn was kept."""
    journal = opened()
    fill(journal, 6)
    (found,) = knowledge.search(journal.home, "finding 5", 1)
    assert (found.title, found.agent, found.text) == ("finding 5", "claude-1", "café au lait")


def test_a_closed_record_says_so(opened: Open) -> None:
    """Using it after close is an error with words."""
    journal = opened()
    fill(journal, 1)
    journal.close()
    with pytest.raises(StorageError, match="closed"):
        journal.append(locking(1)[0], WALL)


BROKEN_DISK = """
import resource, sys
from pathlib import Path
from devmesh.audit.journal import Journal
from devmesh.errors import Code, StorageError
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
home = Path(sys.argv[1])
journal = Journal.open(home, now_wall=0.0)
def turn(sequence):
    return journal.append([Recorded(sequence=sequence, fact=facts.GoalSet(text="y" * 50_000))], 0.0)
turn(1)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
for attempt in range(2):
    try:
        turn(2); turn(3); turn(4)
        raise SystemExit("no error")
    except StorageError as error:
        assert error.code == Code.STORAGE_FAILED, error
        print(error.message)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.close()
again = Journal.open(home, now_wall=0.0)
assert not again.was_clean
print(again.last_sequence)
again.close()
"""


@pytest.mark.slow
def test_after_a_disk_error_the_handle_is_not_used_again(tmp_path: Path) -> None:
    """A write refused for another reason than room ends this handle; the next opening finds what was kept."""
    command = [sys.executable, "-c", BROKEN_DISK, str(tmp_path)]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert ended.returncode == 0, ended.stderr
    first, second, last = ended.stdout.splitlines()
    assert "IOERR" in first
    assert "not used any more" in second
    assert int(last) >= 1


FULL_DISK = """
import os, subprocess, sys
from pathlib import Path
home = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", str(home)], check=True)
from devmesh.audit.journal import Journal
from devmesh.audit.verify import verify
from devmesh.errors import Code, StorageError
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
journal = Journal.open(home, now_wall=0.0)
ballast = home / "ballast"
ballast.write_bytes(b"x" * 1_200_000)
def turn():
    fact = facts.GoalSet(text="y" * 20_000)
    return journal.append([Recorded(sequence=journal.last_sequence + 1, fact=fact)], 0.0)
try:
    for _ in range(1000):
        turn()
    raise SystemExit("never full")
except StorageError as error:
    assert error.code == Code.STORAGE_FULL, error
last = journal.last_sequence
lagged = journal.mirror_lag
assert len(list(journal.load().facts)) == last
ballast.unlink()
turn()
journal.close()
again = Journal.open(home, now_wall=0.0)
assert again.last_sequence == last + 1, again.last_sequence
again.close()
difference = verify(home)
assert difference is None or "mirror ends" in difference.message, difference
print("survived", lagged)
"""


@pytest.mark.slow
def test_a_really_full_disk(tmp_path: Path) -> None:
    """On a file system of 2 MiB: refused when full, the mirror lagging if need be, working when there is room."""
    if not shutil.which("unshare") or os.geteuid() != 0:
        pytest.skip("mounting a tiny file system takes root and `unshare`")
    home = tmp_path / "small"
    home.mkdir()
    command = ["unshare", "--mount", "--propagation", "private", sys.executable, "-c", FULL_DISK, str(home)]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    if "mount:" in ended.stderr or "unshare:" in ended.stderr:
        pytest.skip("this system lets nobody mount a file system")
    assert ended.stdout.startswith("survived"), ended.stderr
