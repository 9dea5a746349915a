"""The record explains the state: after a crash, at any moment, and for any one thing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from devmesh.audit.journal import Journal
from devmesh.audit.opening import repair
from devmesh.audit.replay import recover, state_at, story
from devmesh.core.apply import apply
from devmesh.core.snapshot import freeze
from devmesh.core.state import MeshState
from devmesh.errors import StorageError
from devmesh.vocabulary import facts
from tests.audit.samples import WALL, History, working
from tests.core.rig import Rig


def keep(home: Path, history: History) -> Journal:
    """Record a history, a second of wall clock apart per fact; the journal is still open."""
    journal = Journal.open(home, now_wall=WALL)
    history.recorded = [kept for one in history.recorded for kept in journal.append([one], WALL + one.sequence)]
    return journal


def folded(history: History, until: int | None = None) -> bytes:
    """The state by the core alone."""
    state = MeshState()
    for one in history.recorded[:until]:
        apply(state, one)
    return freeze(state)


def lived() -> History:
    """What the real core recorded of two agents, a task and some locks."""
    rig = Rig()
    rig.join("claude", "codex")
    rig.complete(rig.post("write it"))
    rig.lock("claude-1", "a.py", "b.py")
    told = History()
    told.recorded = rig.kept
    return told


@pytest.mark.parametrize("snapshot", [None, b"not a state", b"real"])
def test_recovery_is_the_fold_of_all_facts(tmp_path: Path, snapshot: bytes | None) -> None:
    """The same state, to the byte, without a snapshot, from one, and in spite of one that cannot be thawed."""
    history = lived()
    journal = keep(tmp_path, history)
    if snapshot is not None:
        half = len(history.recorded) // 2
        journal.save_snapshot(half, folded(history, half) if snapshot == b"real" else snapshot)
    journal.close()
    again = Journal.open(tmp_path, now_wall=WALL)
    state = recover(again)
    again.close()
    assert freeze(state) == folded(history)


def test_after_a_rebuild_the_state_counts_on_from_a_safe_distance(tmp_path: Path) -> None:
    """The next fact has the number the journal takes, far beyond every token ever granted."""
    history = working()
    keep(tmp_path, history).close()
    repair(tmp_path, now_wall=WALL)
    journal = Journal.open(tmp_path, now_wall=WALL)
    state = recover(journal)
    assert state.sequence == journal.last_sequence > 1_000_000
    journal.append(History().add(facts.CoordinatorStarted(epoch=2, project="/project"))[:0], WALL)
    journal.close()


def test_any_moment_can_be_seen_again(tmp_path: Path) -> None:
    """By number or by wall clock, beside the living writer, with the help of snapshots or without."""
    history = lived()
    journal = keep(tmp_path, history)
    for number in (1, 3, len(history.recorded) - 1):
        assert freeze(state_at(tmp_path, sequence=number)) == folded(history, number)
        assert freeze(state_at(tmp_path, at=WALL + number + 0.5)) == folded(history, number)
    journal.save_snapshot(3, folded(history, 3))
    moment = datetime.fromtimestamp(WALL + 4.5, UTC)
    assert freeze(state_at(tmp_path, at=moment)) == folded(history, 4)
    assert freeze(state_at(tmp_path, at=WALL)) == freeze(MeshState())
    assert freeze(state_at(tmp_path)) == folded(history)
    journal.close()
    assert freeze(state_at(tmp_path)) == folded(history)
    with pytest.raises(StorageError, match="not both"):
        state_at(tmp_path, sequence=1, at=1.0)


def test_a_story_is_all_that_happened_to_one_thing(tmp_path: Path) -> None:
    """A task with its changes, an agent, a lock by its token, a change; nothing asked, nothing told."""
    history = working()
    keep(tmp_path, history).close()
    token = next(one.fact.token for one in history.recorded if isinstance(one.fact, facts.LockGranted))
    assert [type(one.fact).__name__ for one in story(tmp_path, token=token)] == ["LockGranted", "LockReleased"]
    assert {one.sequence for one in story(tmp_path, change=2)} < {one.sequence for one in story(tmp_path, task=1)}
    assert [type(one.fact).__name__ for one in story(tmp_path, task=3)] == ["TaskPosted", "TaskCancelled"]
    assert all(getattr(one.fact, "agent", "") == "codex-1" for one in story(tmp_path, agent="codex-1"))
    assert len(story(tmp_path, task=3, change=1)) == 2 + len(story(tmp_path, change=1))
    assert story(tmp_path) == []


def test_no_record_is_said_in_words(tmp_path: Path) -> None:
    """Looking where no mesh ever was."""
    with pytest.raises(StorageError, match="no record"):
        state_at(tmp_path / "nowhere")
