"""kill -9 at every named instant: nothing acknowledged is lost, and recovering twice is recovering once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from devmesh.audit.database import DATABASE
from devmesh.audit.failpoints import POINTS
from devmesh.audit.journal import Journal
from devmesh.audit.proving import prove
from devmesh.audit.replay import recover
from devmesh.audit.verify import verify
from devmesh.core.snapshot import freeze
from devmesh.vocabulary.codec import Recorded
from tests.audit.samples import WALL, encoded, locking

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
WRITER = Path(__file__).with_name("killed_writer.py")

REBUILDING = sorted(name for name in POINTS if name.startswith("rebuild"))
MIGRATING = sorted(name for name in POINTS if name.startswith("migrate"))
ONCE = {
    "created",
    "sealed_before_commit",
    "opened",
    "checkpoint",
    "close_before_flag",
    "close_after_flag",
    "migrate_after_commit",
}
WRITING = [
    (name, times)
    for name in sorted(POINTS)
    for times in (1, 2)
    if not name.startswith(("rebuild", "migrate")) and not (name in ONCE and times > 1)
]


def write(home: Path, instant: str, times: int, *, new_schema: bool = False) -> tuple[int, int]:
    """Run the writer until it kills itself. The last fact it acknowledged, and how it ended."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(WRITER), str(home), instant, str(times), *(["new"] if new_schema else [])]
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, check=False, timeout=50)
    assert b"Traceback" not in ended.stderr, ended.stderr.decode()
    acknowledged = [int(line) for line in ended.stdout.split()]
    return (acknowledged[-1] if acknowledged else 0), ended.returncode


def recovered(home: Path, acknowledged: int) -> tuple[int, bytes]:
    """Open, compare with what was to be written, and go without a goodbye."""
    journal = Journal.open(home, now_wall=WALL)
    try:
        state = recover(journal)
        kept = list(journal.load(from_snapshot=False).facts)
        assert len(kept) >= acknowledged
        assert [encoded(one.fact) for one in kept] == [encoded(one.fact) for one in _plain(len(kept))]
        return len(kept), freeze(state)
    finally:
        journal.close(clean=False)


def _plain(count: int) -> list[Recorded]:
    return [one for batch in locking(24) for one in batch][:count]


@pytest.mark.parametrize(("instant", "times"), WRITING)
def test_nothing_acknowledged_is_lost(tmp_path: Path, instant: str, times: int) -> None:
    """A writer killed at this instant leaves a record of every acknowledged fact, and a mirror that can follow."""
    acknowledged, status = write(tmp_path, instant, times)
    assert status == -signal.SIGKILL, "the instant was never reached"
    first = recovered(tmp_path, acknowledged)
    assert recovered(tmp_path, acknowledged) == first
    assert verify(tmp_path) is None
    assert prove(tmp_path).fault is None
    assert write(tmp_path, "never", 1) == (len(_plain(10_000)), 0)


@pytest.mark.parametrize("again", REBUILDING)
@pytest.mark.parametrize("instant", REBUILDING)
def test_a_rebuild_interrupted_twice_ends_the_same(tmp_path: Path, instant: str, again: str) -> None:
    """A damaged database whose rebuild is killed at two instants, one after the other, still gives back every fact."""
    acknowledged, status = write(tmp_path, "never", 1)
    assert status == 0
    (tmp_path / DATABASE).write_bytes(b"this is no database" * 1000)
    assert write(tmp_path, instant, 1)[1] == -signal.SIGKILL
    write(tmp_path, again, 1)  # an instant that lies before the first one is not reached again
    assert recovered(tmp_path, acknowledged)[0] == acknowledged
    assert verify(tmp_path) is None
    assert prove(tmp_path).fault is None
    assert [path.read_bytes()[:7] for path in tmp_path.glob("audit-damaged-*.db")] == [b"this is"]


@pytest.mark.parametrize("instant", MIGRATING)
def test_a_migration_is_done_or_not_done(tmp_path: Path, instant: str) -> None:
    """Killed anywhere in a migration, the record is whole in one schema, and the next start finishes it."""
    acknowledged, _ = write(tmp_path, "never", 1)
    assert write(tmp_path, instant, 1, new_schema=True)[1] == -signal.SIGKILL
    assert write(tmp_path, "never", 1, new_schema=True) == (acknowledged, 0)


def test_every_instant_is_tried() -> None:
    """No named instant is without its kill."""
    assert {name for name, _ in WRITING} | {*REBUILDING, *MIGRATING} == set(POINTS)
