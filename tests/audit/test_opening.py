"""What is refused before the first fact is taken, and why."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from devmesh.audit.database import DATABASE
from devmesh.audit.high_water import HIGH_WATER_FILE, HighWater, read_high_water, write_high_water
from devmesh.audit.journal import Journal
from devmesh.audit.mirror import MIRROR
from devmesh.audit.opening import repair
from devmesh.audit.proving import prove
from devmesh.audit.rebuild import SAFE_DISTANCE
from devmesh.errors import DevMeshError, StorageError
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
from tests.audit.samples import WALL, locking
from tests.audit.tampering import record as record_over_time

ROOT = Path(__file__).resolve().parents[2]


def record(home: Path, turns: int = 20, *, clean: bool = True) -> int:
    """Add turns to the record of a home; the last fact."""
    journal = Journal.open(home, now_wall=WALL)
    for batch in locking(turns):
        fresh = [one for one in batch if one.sequence > journal.last_sequence]
        journal.append(fresh, WALL)
    journal.close(clean=clean)
    return journal.last_sequence


def open_again(home: Path) -> Journal:
    """Just open and close; the journal as it was found."""
    journal = Journal.open(home, now_wall=WALL)
    journal.close()
    return journal


def test_a_new_home_starts_empty(tmp_path: Path) -> None:
    """No folder, no files: a record of no facts, clean, without a recovery."""
    journal = open_again(tmp_path / "new")
    assert (journal.last_sequence, journal.epoch, journal.was_clean, journal.recovery) == (0, 0, True, None)


def test_an_older_copy_is_refused(tmp_path: Path) -> None:
    """A backup put back would grant old tokens again: refused with both numbers, and untouched."""
    older = record(tmp_path, 5)
    shutil.copy(tmp_path / DATABASE, tmp_path / "backup")
    newer = record(tmp_path, 20)
    shutil.copy(tmp_path / "backup", tmp_path / DATABASE)
    with pytest.raises(StorageError, match=f"ends at fact {older}, but this mesh has recorded {newer}"):
        open_again(tmp_path)
    (tmp_path / MIRROR).unlink()
    with pytest.raises(StorageError, match="older copy"):
        open_again(tmp_path)
    assert (tmp_path / DATABASE).read_bytes() == (tmp_path / "backup").read_bytes()


def test_the_mirror_alone_gives_an_older_copy_away(tmp_path: Path) -> None:
    """The mark may lag by some facts; the mirror does not."""
    record(tmp_path, 5)
    shutil.copy(tmp_path / DATABASE, tmp_path / "backup")
    mark = (tmp_path / HIGH_WATER_FILE).read_bytes()
    record(tmp_path, 20)
    shutil.copy(tmp_path / "backup", tmp_path / DATABASE)
    (tmp_path / HIGH_WATER_FILE).write_bytes(mark)
    with pytest.raises(StorageError, match="older copy"):
        open_again(tmp_path)


@pytest.mark.parametrize("how", ["gone", "empty"])
@pytest.mark.parametrize("left", [HIGH_WATER_FILE, MIRROR])
def test_a_vanished_database_is_no_fresh_start(tmp_path: Path, how: str, left: str) -> None:
    """Deleted or emptied: refused as long as either the mark or the mirror remembers that there were facts."""
    record(tmp_path)
    (tmp_path / DATABASE).unlink()
    if how == "empty":
        (tmp_path / DATABASE).touch(0o600)
    (tmp_path / ({HIGH_WATER_FILE, MIRROR} - {left}).pop()).unlink()
    with pytest.raises(StorageError, match=f"is {how}, but this mesh has a history"):
        open_again(tmp_path)


def test_a_lost_log_is_noticed(tmp_path: Path) -> None:
    """Without its -wal a database is an older one."""
    script = (
        "import os, sys; from pathlib import Path; from devmesh.audit.journal import Journal;"
        "from tests.audit.samples import locking;"
        "j = Journal.open(Path(sys.argv[1]), now_wall=0); [j.append(b, 0) for b in locking(5)]; os._exit(1)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, env=environment, check=False, timeout=30)
    (tmp_path / f"{DATABASE}-wal").unlink()
    (tmp_path / f"{DATABASE}-shm").unlink()
    with pytest.raises(StorageError):
        open_again(tmp_path)


def test_the_way_out_makes_no_token_twice(tmp_path: Path) -> None:
    """A person can have the record rebuilt from the mirror; the numbers then go on far beyond any ever given."""
    last = record(tmp_path)
    (tmp_path / DATABASE).unlink()
    recovery = repair(tmp_path, now_wall=WALL)
    assert (recovery.facts, recovery.missing) == (last, 0)
    journal = open_again(tmp_path)
    assert journal.last_sequence == last + SAFE_DISTANCE


def test_numbers_leap_once_and_go_on(tmp_path: Path) -> None:
    """After a repair new facts follow the leap, survive another start, and another repair."""
    last = record(tmp_path)
    (tmp_path / DATABASE).unlink()
    repair(tmp_path, now_wall=WALL)
    journal = Journal.open(tmp_path, now_wall=WALL)
    started = Recorded(sequence=journal.last_sequence + 1, fact=facts.CoordinatorStarted(epoch=2, project="/project"))
    journal.append([started], WALL)
    journal.close()
    assert open_again(tmp_path).last_sequence == started.sequence
    (tmp_path / DATABASE).unlink()
    assert repair(tmp_path, now_wall=WALL).facts == last + 1
    assert open_again(tmp_path).last_sequence == started.sequence + SAFE_DISTANCE


def test_the_record_of_another_mesh_is_refused(tmp_path: Path) -> None:
    """Even a longer one."""
    record(tmp_path / "a", 5)
    record(tmp_path / "b", 20)
    shutil.copy(tmp_path / "b" / DATABASE, tmp_path / "a" / DATABASE)
    with pytest.raises(StorageError, match="another mesh"):
        open_again(tmp_path / "a")


@pytest.mark.parametrize("spoilt", [None, b"{", b'{"install_id":"x","epoch":0,"sequence":0,"head":""}'])
def test_a_lost_mark_is_said_and_no_number_comes_twice(tmp_path: Path, spoilt: bytes | None) -> None:
    """Its end may be cut off: the mesh goes on far beyond, says so, and a proof names it from then on."""
    last = record_over_time(tmp_path)
    with closing(sqlite3.connect(tmp_path / DATABASE)) as connection:
        connection.execute("DELETE FROM facts WHERE sequence > ?", (last - 5,))
        connection.commit()
    lines = (tmp_path / MIRROR).read_bytes().splitlines(keepends=True)
    (tmp_path / MIRROR).write_bytes(b"".join(lines[:-5]))
    mark = read_high_water(tmp_path)
    assert mark is not None
    (tmp_path / HIGH_WATER_FILE).unlink()
    if spoilt is not None:
        (tmp_path / HIGH_WATER_FILE).write_bytes(spoilt.replace(b'"x"', f'"{mark.install_id}"'.encode()))
        (tmp_path / HIGH_WATER_FILE).chmod(0o600)
    said = f"the mark beside the record is gone: whether facts after {last - 5} were cut off cannot be told"
    assert (found := prove(tmp_path).fault) is not None
    assert found.message == said
    journal = open_again(tmp_path)
    assert journal.last_sequence == last - 5 + SAFE_DISTANCE
    assert journal.epoch == 2, "a start may be cut off, too"
    assert any("the mark beside the record was gone" in note for note in journal.notes)
    assert (anew := read_high_water(tmp_path)) is not None
    assert (anew.sequence, anew.head != "") == (last - 5, True)
    assert (found := prove(tmp_path).fault) is not None
    assert "the mark beside the record was gone" in found.message
    again = open_again(tmp_path)
    assert again.last_sequence == journal.last_sequence
    assert not [note for note in again.notes if "mark" in note]


def test_a_record_of_a_single_turn_may_lack_its_seal_in_the_mark(tmp_path: Path) -> None:
    """A crash between the first turn and its mark: nothing is wrong, and nothing leaps."""
    journal = Journal.open(tmp_path, now_wall=WALL)
    mark = read_high_water(tmp_path)
    journal.append(locking(1)[0], WALL)
    journal.close(clean=False)
    assert mark is not None
    assert not mark.head
    write_high_water(tmp_path, mark)
    assert prove(tmp_path).fault is None
    again = open_again(tmp_path)
    assert again.last_sequence == journal.last_sequence
    assert not [note for note in again.notes if "mark" in note]


def test_a_start_is_marked_at_once(tmp_path: Path) -> None:
    """A backup from before this start is told apart even when nothing else was ever marked."""
    journal = Journal.open(tmp_path, now_wall=WALL)
    journal.append(locking(1)[0], WALL)
    mark = read_high_water(tmp_path)
    journal.close(clean=False)
    assert mark is not None
    assert (mark.epoch, mark.sequence) == (1, journal.last_sequence)


def test_an_epoch_never_goes_back(tmp_path: Path) -> None:
    """A record that knows fewer starts than the mark is an older one, whatever its facts."""
    last = record(tmp_path)
    mark = read_high_water(tmp_path)
    assert mark is not None
    write_high_water(tmp_path, HighWater(install_id=mark.install_id, epoch=9, sequence=last))
    with pytest.raises(StorageError, match="older copy"):
        open_again(tmp_path)


@pytest.mark.parametrize("name", [DATABASE, MIRROR, HIGH_WATER_FILE])
def test_links_and_open_files_are_refused(tmp_path: Path, name: str) -> None:
    """A file that others may read, or that leads elsewhere, is named and left alone."""
    record(tmp_path)
    (tmp_path / name).chmod(0o644)
    with pytest.raises(StorageError, match=r"open to others \(mode 0644\)"):
        open_again(tmp_path)
    (tmp_path / name).chmod(0o600)
    (tmp_path / name).rename(tmp_path / "elsewhere")
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="is a link, or no plain file"):
        open_again(tmp_path)


def test_another_users_file_is_refused(tmp_path: Path) -> None:
    """Whoever put it there."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    record(tmp_path)
    os.chown(tmp_path / DATABASE, 65_534, 65_534)
    with pytest.raises(StorageError, match="another user"):
        open_again(tmp_path)


def test_a_foreign_database_is_left_alone(tmp_path: Path) -> None:
    """A database of another program is neither migrated nor moved."""
    path = tmp_path / DATABASE
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
        connection.commit()
    path.chmod(0o600)
    with pytest.raises(StorageError, match="another program"):
        open_again(tmp_path)


READ_ONLY = """
import os, subprocess, sys
from pathlib import Path
home = sys.argv[1]
subprocess.run(["mount", "--bind", home, home], check=True)
subprocess.run(["mount", "-o", "remount,ro,bind", home], check=True)
from devmesh.audit import frames
from devmesh.audit.journal import Journal
from devmesh.errors import StorageError
try:
    Journal.open(Path(home), now_wall=0.0)
except StorageError as error:
    print(error.message)
print(len(frames.facts(Path(home))))
"""


@pytest.mark.slow
def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    """Writing is refused in words with the path; what was recorded can still be read there."""
    if not shutil.which("unshare") or os.geteuid() != 0:
        pytest.skip("making a read-only mount takes root and `unshare`")
    last = record(tmp_path)
    command = ["unshare", "--mount", "--propagation", "private", sys.executable, "-c", READ_ONLY, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=50)
    if "mount:" in ended.stderr or "unshare:" in ended.stderr:
        pytest.skip("this system lets nobody mount")
    assert ended.returncode == 0, ended.stderr
    message, count = ended.stdout.splitlines()
    assert str(tmp_path) in message
    assert int(count) == last


def test_errors_are_of_our_tree(tmp_path: Path) -> None:
    """Whatever is wrong with a home, what comes out is a DevMeshError."""
    (tmp_path / "file").touch()
    with pytest.raises(DevMeshError):
        Journal.open(tmp_path / "file", now_wall=WALL)
