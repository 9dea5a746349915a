"""Every place that changes something on disk is listed with how it is interrupted; a new one must be, too.

`python -m tests.faults.test_write_points [SEED] [ROUNDS]` kills lives at random instants of random ones of them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Final

import pytest

from devmesh.address import home_of
from devmesh.audit.database import open_reader
from devmesh.audit.failpoints import POINTS as AUDIT_POINTS
from devmesh.audit.proving import prove
from devmesh.audit.rows import facts_after
from devmesh.audit.verify import verify
from devmesh.coordinator.landing import POINTS as GATE_POINTS
from devmesh.settings import Settings
from devmesh.vocabulary import facts
from tests.coordinator.changing import temporary_files
from tests.faults.killed_anywhere import SEEN, TOLD
from tests.faults.write_points import write_points

PROGRAM = Path(__file__).with_name("killed_anywhere.py")
HERE: Final = "killed here"

INTERRUPTED: Final[dict[str, str]] = {
    "devmesh.address:_claim": HERE,
    "devmesh.address:open_home": HERE,
    "devmesh.address:read_connection": "opens only to read",
    "devmesh.address:remove_connection": HERE,
    "devmesh.address:single_coordinator": HERE,
    "devmesh.address:write_connection": HERE,
    "devmesh.audit.chain:make_key": HERE,
    "devmesh.audit.database:create_private": "created",
    "devmesh.audit.frames:to_csv_safe": "writes a table that a person asked for; nothing rests on it",
    "devmesh.audit.high_water:write_high_water": "high_water_half",
    "devmesh.audit.journal:Journal._transaction": "before_commit after_commit snapshot_before_commit close_before_flag",
    "devmesh.audit.migrations:_climb": "migrate_before_commit migrate_after_commit",
    "devmesh.audit.migrations:_keep_copy": "migrate_backed_up",
    "devmesh.audit.mirror:Mirror.__init__": HERE,
    "devmesh.audit.mirror:Mirror._cut_torn_tail": HERE,
    "devmesh.audit.mirror:Mirror._write": "mirror_half_line mirror_before_sync",
    "devmesh.audit.opening:_begin": "opened",
    "devmesh.audit.rebuild:_announce": "rebuild_marked rebuild_moved",
    "devmesh.audit.rebuild:_build": "rebuild_built",
    "devmesh.audit.rebuild:_carry_out": "rebuild_built rebuild_placed",
    "devmesh.audit.rebuild:_keep_broken_mirror": "rebuild_built",
    "devmesh.audit.rebuild:_move_aside": "rebuild_marked rebuild_moved",
    "devmesh.audit.sealing:take_up": "sealed_before_commit",
    "devmesh.bridge.credential:leave_secret": HERE,
    "devmesh.bridge.credential:read_secret": "opens only to read",
    "devmesh.bridge.credential:take_secret": HERE,
    "devmesh.bridge.join:_log_to": "a log",
    "devmesh.bridge.join:_session": "a session of the dead process's own; the next one begins anew",
    "devmesh.bridge.launch:launch": "a folder for logs",
    "devmesh.coordinator.binding:bind_unix": "a socket; the next start removes it",
    "devmesh.coordinator.housekeeping:tidy_home": HERE,
    "devmesh.coordinator.landing:Lander._rescue": HERE,
    "devmesh.repository.beneath:make_folders": HERE,
    "devmesh.repository.exchange:_drop_empty_folders": HERE,
    "devmesh.repository.exchange:_move_to_free": "gate_exchanged_one",
    "devmesh.repository.exchange:_move_within_volume": "gate_exchanged_one",
    "devmesh.repository.exchange:_replace": HERE,
    "devmesh.repository.exchange:_swap_back": "gate_restored_one",
    "devmesh.repository.exchange:_taken": HERE,
    "devmesh.repository.exchange:_undo": "gate_restored_one",
    "devmesh.repository.loose:write_loose": HERE,
    "devmesh.repository.merging:_merged": HERE,
    "devmesh.repository.objects:commit_tree": HERE,
    "devmesh.repository.opening:_write_settings": HERE,
    "devmesh.repository.opening:configure": HERE,
    "devmesh.repository.opening:open_private": HERE,
    "devmesh.repository.opening:settle": HERE,
    "devmesh.repository.renaming:exchange": HERE,
    "devmesh.repository.renaming:move": HERE,
    "devmesh.repository.repository:Repository.combined_tree": "an index of its own in a folder that goes away",
    "devmesh.repository.repository:Repository.open": HERE,
    "devmesh.repository.snapshots:Scan._add_all": HERE,
    "devmesh.repository.snapshots:Scan._break_stale_lock": HERE,
    "devmesh.repository.snapshots:Scan._forget": HERE,
    "devmesh.repository.snapshots:Scan.surely": HERE,
    "devmesh.repository.snapshots:Scan.tree": HERE,
    "devmesh.repository.staging:_remove_if": HERE,
    "devmesh.repository.staging:_take_over": "gate_staged_one",
    "devmesh.repository.staging:_write": "gate_staged_one",
    "devmesh.repository.staging:_write_file": HERE,
    "devmesh.repository.tree_lock:file_lock": HERE,
    "devmesh.repository.worktrees:_make_removable": "the modes of a work tree that is being removed",
    "devmesh.repository.worktrees:add": HERE,
    "devmesh.repository.worktrees:remove": HERE,
}
"How each is interrupted: here, at named instants of the record or the gate, or why there is no need."

KILLED = sorted(name for name, way in INTERRUPTED.items() if way == HERE)
QUICK = KILLED[::4]
"Those a run of the suite kills at; all of them take minutes, and `make soak` goes on with them at random."


class Lives:
    """One project, and the processes that live in it one after the other."""

    def __init__(self, folder: Path, program: subprocess.Popen[str]) -> None:
        (folder / "project").mkdir(parents=True)
        (folder / "project" / "a.txt").write_text("".join(f"line {number}\n" for number in range(30)))
        (folder / "project" / "b.txt").write_text("b\n")
        self.folder, self._program = folder, program

    def live(self, where: str = "nowhere", event: int = 1) -> int:
        """One more life; how it ended."""
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write(f"{self.folder} {where} {event}\n")
        self._program.stdin.flush()
        return int(self._program.stdout.readline())

    def counted(self) -> dict[str, int]:
        """How much happened in each function in the last life that came to its end."""
        lines = (line.split() for line in (self.folder / SEEN).read_text().splitlines())
        return {name: int(count) for name, count in lines}

    def wrong(self) -> list[str]:
        """What was acknowledged in any of them and is not on record, or is not whole."""
        home = home_of(self.folder / "project", Settings.load(home=self.folder / "state"))
        with open_reader(home) as connection:
            record = [recorded.fact for recorded in facts_after(connection, 0)]
        kept = {f"credential {fact.credential}" for fact in record if isinstance(fact, facts.CredentialIssued)}
        kept |= {f"task {fact.task}" for fact in record if isinstance(fact, facts.TaskPosted)}
        kept |= {f"token {fact.token}" for fact in record if isinstance(fact, facts.LockGranted)}
        kept |= {f"change {fact.change}" for fact in record if isinstance(fact, facts.ChangeApplied)}
        wrong = [line for line in (self.folder / TOLD).read_text().splitlines() if line not in kept]
        wrong += [str(found) for found in (verify(home), prove(home).fault) if found is not None]
        return wrong + temporary_files(self.folder / "project")


@contextmanager
def program() -> Iterator[subprocess.Popen[str]]:
    """What forks the lives; ends with the block."""
    pipe = subprocess.PIPE
    started = subprocess.Popen([sys.executable, str(PROGRAM)], stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    try:
        yield started
    finally:
        said = started.communicate()[1]
        assert "Traceback" not in said, said


def test_every_write_point_is_listed() -> None:
    """A new place that writes needs a line above, and a way to be interrupted."""
    assert write_points() == set(INTERRUPTED)


def test_every_named_instant_exists() -> None:
    """A way that is one word after the other, with underscores, names instants of the record or of the gate."""
    for way in INTERRUPTED.values():
        if way.split()[0] in {*AUDIT_POINTS, *GATE_POINTS}:
            assert set(way.split()) <= {*AUDIT_POINTS, *GATE_POINTS}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_life_killed_at_a_write_point_is_followed_by_a_whole_one(tmp_path: Path) -> None:
    """In the middle of it, one life after the other: nothing acknowledged is lost, and nothing is left lying about."""
    with program() as forking:
        first = Lives(tmp_path / "first", forking)
        assert first.live() == 0
        counts = first.counted()
        assert first.live() == 0
        counts |= first.counted()
        assert set(KILLED) <= set(counts)
        lives = Lives(tmp_path / "old", forking)
        for number, where in enumerate(QUICK):
            ended = lives.live(where, counts[where] // 2 + 1)
            if ended == 0:  # only the first life comes there
                ended = Lives(tmp_path / str(number), forking).live(where, counts[where] // 2 + 1)
            assert ended == -9, where
        assert lives.live() == 0
        assert lives.wrong() == []


def killed(folder: Path, chance: Random, rounds: int) -> list[str]:
    """As many lives, each killed at any instant of any function that writes; what is wrong after a whole one."""
    with program() as forking:
        lives = Lives(folder / "old", forking)
        lives.live()
        counts = lives.counted()
        for where in chance.choices(KILLED, k=rounds):
            ended = lives.live(where, chance.randint(1, counts.get(where, 1)))
            if ended not in {0, -9}:
                return [f"a life that was to be killed in {where} ended with {ended}"]
        last = lives.live()
        return [*lives.wrong(), *([f"the last life ended with {last}"] if last else [])]


def main(seed: int, rounds: int) -> None:
    """Print what was wrong; fails when something was."""
    with tempfile.TemporaryDirectory(prefix="devmesh-killed-") as folder:
        wrong = killed(Path(folder), Random(seed), rounds)
    sys.stdout.write(f"seed {seed}: {rounds} lives killed\n" + "".join(f"WRONG: {one}\n" for one in wrong))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1, int(sys.argv[2]) if len(sys.argv) > 2 else 100)
