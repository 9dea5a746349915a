"""The record on its own thread: what is kept comes back, with and without snapshots."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from msgspec.structs import force_setattr, replace

from devmesh.audit.high_water import HIGH_WATER_FILE
from devmesh.audit.journal import Journal
from devmesh.coordinator import recording
from devmesh.coordinator.recording import Recording
from devmesh.core.effects import Effect, Record
from devmesh.core.events import Connected, Event, Heard, Started
from devmesh.core.snapshot import freeze
from devmesh.core.state import MeshState
from devmesh.core.step import step
from devmesh.errors import AlreadyRunning, StorageError
from devmesh.vocabulary.requests import Join, ShareDiscovery
from devmesh.vocabulary.terms import Limits, Role
from tests.coordinator.rig import looped


async def live(home: Path, state: MeshState, *events: Event) -> Recording:
    """A record in which these events were decided."""
    record = await Recording.open(home, now_wall=1.0)
    for now, event in enumerate(events):
        await keep(record, step(state, event, float(now)))
    return record


async def keep(record: Recording, effects: list[Effect]) -> None:
    """As a turn does: the facts get their wall time, then they are kept."""
    facts = [effect.recorded for effect in effects if isinstance(effect, Record)]
    for fact in facts:
        force_setattr(fact, "at", 2.0)
    await record.append(facts, 2.0)


def story(agents: int = 3) -> list[Event]:
    """A start, and some who join."""
    events: list[Event] = [Started(project="p", version="t", limits=Limits())]
    for number in range(1, agents + 1):
        events.append(Connected(connection=number, role=Role.AGENT, key=str(number)))
        events.append(Heard(connection=number, id=1, request=Join(tool="tool")))
    return events


@looped
async def test_the_state_comes_back_from_its_facts(tmp_path: Path) -> None:
    """Equal in every part, whether a snapshot was kept or not."""
    state = MeshState()
    record = await live(tmp_path, state, *story())
    assert freeze(await record.recover(2.0)) == freeze(state)
    await record.close(state)
    again = await Recording.open(tmp_path, now_wall=3.0)
    assert again.journal.was_clean
    assert freeze(await again.recover(2.0)) == freeze(state)
    await again.close(None)


@looped
async def test_a_snapshot_that_cannot_be_thawed_is_passed_by(tmp_path: Path) -> None:
    """Every fact is still there."""
    state = MeshState()
    record = await live(tmp_path, state, *story())
    await record._on_its_thread(lambda: record.journal.save_snapshot(state.sequence, b'{"from": "the future"}'))
    assert freeze(await record.recover(2.0)) == freeze(state)
    await record.close(None)


@looped
async def test_snapshots_are_taken_when_it_is_time_and_quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before, not while others wait unless it is overdue, and not again at once."""
    monkeypatch.setattr(recording, "SNAPSHOT_EVERY", 5)
    monkeypatch.setattr(recording, "SNAPSHOT_AT_LAST", 10)
    state = MeshState()
    record = await live(tmp_path, state, *story(2))
    saved = []
    monkeypatch.setattr(record.journal, "save_snapshot", lambda sequence, _: saved.append(sequence))

    async def offer(*, idle: bool, now: float) -> int:
        record.snapshot(state, now, time.monotonic, idle=idle)
        await asyncio.sleep(0.01)
        return len(saved)

    assert await offer(idle=False, now=0.0) == 0
    assert await offer(idle=True, now=0.0) == 1
    assert await offer(idle=True, now=100.0) == 1
    for number in range(10):
        request = ShareDiscovery(title=str(number), text="x")
        event = Heard(connection=1, id=number + 2, request=request)
        await keep(record, step(state, event, 50.0))
    assert await offer(idle=False, now=100.0) == 2
    await record.close(None)


@looped
async def test_discoveries_are_found_in_the_record(tmp_path: Path) -> None:
    """By their words."""
    state = MeshState()
    shared = Heard(connection=1, id=2, request=ShareDiscovery(title="Flaky test", text="retry the socket"))
    record = await live(tmp_path, state, *story(1), shared)
    found = await record.search("socket", 5)
    assert [hit.title for hit in found] == ["Flaky test"]
    await record.close(None)


@looped
async def test_a_gap_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    """All or none."""
    state = MeshState()
    record = await live(tmp_path, state, *story(1))
    effects = step(state, Connected(connection=9, role=Role.AGENT, key="9"), 9.0)
    facts = [effect.recorded for effect in effects if isinstance(effect, Record)]
    with pytest.raises(StorageError):
        await record.append([replace(facts[0], sequence=facts[0].sequence + 1)], 2.0)
    await record.append(facts, 2.0)
    await record.close(None)


@looped
async def test_a_record_has_one_writer(tmp_path: Path) -> None:
    """A second one is told so, and no thread of it stays behind."""
    record = await Recording.open(tmp_path, now_wall=1.0)
    with pytest.raises(AlreadyRunning):
        await Recording.open(tmp_path, now_wall=1.0)
    await record.close(None)
    journal = Journal.open(tmp_path, now_wall=1.0)
    journal.close()


@looped
async def test_a_record_on_a_network_disk_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It works there for one machine, so it is not refused; but it is said."""
    everything = SimpleNamespace(mountpoint="/", fstype="nfs4")
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: [everything])
    await (await Recording.open(tmp_path, now_wall=0.0)).close(None)
    assert "network disk" in caplog.text
    assert "nfs4" in caplog.text


@looped
async def test_a_mark_that_is_gone_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What can no longer be proven is said aloud; a note on the system is not."""
    record = await live(tmp_path, MeshState(), *story())
    await record.close(None)
    (tmp_path / HIGH_WATER_FILE).unlink()
    caplog.set_level(logging.INFO, logger="devmesh")
    record = await Recording.open(tmp_path, now_wall=1.0)
    await record.close(None)
    loud = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert len(loud) == 1
    assert "the mark beside the record was gone" in loud[0]
