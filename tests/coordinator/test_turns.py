"""What is not recorded was not said: one commit for everything a turn decided, and only then a word."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from devmesh.coordinator import turns
from devmesh.coordinator.clock import Clock, Readings
from devmesh.coordinator.inbox import Inbox
from devmesh.coordinator.lateness import LATE, Lateness
from devmesh.coordinator.perform import Performer
from devmesh.coordinator.recording import Recording
from devmesh.coordinator.turns import AT_MOST, TurnFailed, Turns
from devmesh.core.effects import Effect, Tell
from devmesh.core.events import Connected, Event, Heard, Lost, Stalled, Started, Stopping
from devmesh.core.snapshot import thaw
from devmesh.core.state import MeshState
from devmesh.core.step import step
from devmesh.errors import StorageError
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import SessionOpened, WatchStarted
from devmesh.vocabulary.requests import Heartbeat, Join, Watch
from devmesh.vocabulary.terms import Limits, Role
from tests.coordinator.rig import drained, looped
from tests.coordinator.test_pace import Hand


class Rig:
    """Turns with a record and a performer that write down, in one list, what they did."""

    def __init__(self) -> None:
        self.done: list[tuple[str, Any]] = []
        self.refuse: Exception | None = None
        self.take = 0.0
        self.hand = Hand()
        self.inbox = Inbox()
        clock = Clock(0.0, Readings(monotonic=self.hand, boottime=self.hand))
        self.resumed: list[bool] = []
        self.turns = Turns(
            MeshState(),
            self.inbox,
            clock,
            Lateness(clock, self.inbox.put_first),
            cast("Recording", self),
            cast("Performer", self),
        )
        self.inbox.put(Started(project="p", version="t", limits=Limits()))

    async def append(self, recorded: Sequence[Recorded], at: float) -> None:
        """Keep, slowly, or refuse."""
        await asyncio.sleep(0)
        self.hand.at += self.take
        if self.refuse is not None:
            raise self.refuse
        assert all(one.at == at for one in recorded)
        self.done.append(("kept", [one.sequence for one in recorded]))

    def snapshot(self, *_: object, idle: bool) -> None:
        """No snapshots here."""

    def perform(self, wanted: Sequence[Effect], *, resumed: bool) -> None:
        """Note what was told."""
        self.resumed.append(resumed)
        self.done.append(("told", [effect for effect in wanted if isinstance(effect, Tell)]))

    def charge(self, connection: int, seconds: float) -> None:
        """Only what somebody said is charged."""
        assert connection
        assert seconds >= 0

    def come(self, *connections: int) -> None:
        """Clients arrive."""
        for number in connections:
            self.inbox.put(Connected(connection=number, role=Role.OPERATOR, key=str(number)))


@looped
async def test_all_that_waits_is_one_commit_and_told_after_it() -> None:
    """Three greetings: kept together, then told."""
    rig = Rig()
    rig.come(1, 2, 3)
    await rig.turns.turn()
    (kept, sequences), (told, tells) = rig.done
    assert (kept, told) == ("kept", "told")
    assert sequences == [1, 2, 3, 4]
    assert [tell.connection for tell in tells] == [1, 2, 3]
    assert all(isinstance(tell.facts[0].fact, SessionOpened) and tell.facts[0].at > 0 for tell in tells)
    assert rig.resumed == [True]


@looped
async def test_what_arrives_during_a_commit_is_the_next_turn() -> None:
    """The loop is free meanwhile: nobody waits for a disk but those who are in that commit."""
    rig = Rig()
    turn = asyncio.create_task(rig.turns.turn())
    await asyncio.sleep(0)
    rig.come(1, 2)
    await turn
    await rig.turns.turn()
    assert [sequences for name, sequences in rig.done if name == "kept"] == [[1], [2, 3]]
    assert rig.resumed == [True, False]


@looped
async def test_a_turn_that_cannot_be_kept_is_not_told() -> None:
    """The failure names the events, and why."""
    rig = Rig()
    await rig.turns.turn()
    rig.done.clear()
    rig.come(1, 2)
    rig.refuse = StorageError("no")
    with pytest.raises(TurnFailed) as caught:
        await rig.turns.turn()
    assert caught.value.__cause__ is rig.refuse
    assert len(caught.value.events) == 2
    assert rig.done == []


@looped
async def test_an_event_that_cannot_be_decided_is_named() -> None:
    """The others of its turn are not blamed."""
    rig = Rig()
    await rig.turns.turn()
    rig.come(1)
    broken = Heard(connection=1, id=1, request=cast("Heartbeat", None))
    rig.inbox.put(broken)
    with pytest.raises(TurnFailed) as caught:
        await rig.turns.turn()
    assert caught.value.events == [broken]


@looped
async def test_what_needs_no_commit_is_told_without_one() -> None:
    """A heartbeat of nobody leaves nothing on record."""
    rig = Rig()
    await rig.turns.turn()
    rig.done.clear()
    rig.inbox.put(Lost(connection=99))
    await rig.turns.turn()
    assert [name for name, _ in rig.done] == ["told"]


@looped
async def test_a_watcher_gets_the_state_of_its_own_moment() -> None:
    """Facts of later events in the same turn are not in it: they follow."""
    rig = Rig()
    rig.come(1)
    rig.inbox.put(Heard(connection=1, id=1, request=Watch()))
    rig.come(2)
    await rig.turns.turn()
    tells = rig.done[1][1]
    (begun,) = [told.fact for tell in tells for told in tell.facts if isinstance(told.fact, WatchStarted)]
    assert thaw(bytes(begun.snapshot)).sequence == begun.sequence
    assert len(thaw(bytes(begun.snapshot)).sessions) == 1
    later = [told.sequence for tell in tells[-2:] for told in tell.facts if tell.connection == 1 and told.sequence]
    assert later == [begun.sequence + 1]


@looped
async def test_a_slow_disk_is_a_stall() -> None:
    """Heartbeats waited for it, so no lease may end on its account."""
    rig = Rig()
    rig.take = LATE + 0.05
    await rig.turns.turn()
    (stalled,) = drained(rig.inbox)
    assert isinstance(stalled, Stalled)
    assert "disk" in stalled.cause


@looped
async def test_a_stall_is_told_before_the_alarm_is_heard() -> None:
    """Five seconds late, with the alarm waiting: no lease may end yet when the alarm is judged."""
    rig = Rig()
    await rig.turns.turn()
    rig.hand.at += 5.0
    rig.inbox.ring()
    await rig.turns.turn()
    assert rig.turns.state.no_expiry_before > rig.turns.state.now


@looped
async def test_after_a_doubtful_turn_events_come_one_by_one() -> None:
    """So that the one at fault is found out."""
    rig = Rig()
    await rig.turns.turn()
    rig.turns.one_by_one = 2
    rig.come(1, 2, 3, 4)
    for _ in range(3):
        await rig.turns.turn()
    assert [sequences for name, sequences in rig.done if name == "kept"][1:] == [[2], [3], [4, 5]]


@looped
async def test_turns_end_with_the_goodbye() -> None:
    """It is kept and told before."""
    rig = Rig()
    rig.come(1)
    rig.inbox.put(Heard(connection=1, id=1, request=Join(tool="no operator may")))
    rig.inbox.put(Stopping(reason="done"))
    await asyncio.wait_for(rig.turns.run(), 5)
    assert not rig.turns.state.running


@looped
async def test_a_turn_ends_in_time_however_much_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would take longer is left for the next: the sockets have their say in between."""
    rig = Rig()
    await rig.turns.turn()
    rig.done.clear()

    def slow(state: MeshState, event: Event, now: float) -> list[Effect]:
        rig.hand.at += AT_MOST / 4
        return step(state, event, now)

    monkeypatch.setattr(turns, "step", slow)
    rig.come(*range(1, 11))
    taken = []
    while len(rig.inbox):
        await rig.turns.turn()
        taken.append(len(rig.done[-1][1]))
    assert sum(taken) == 10
    assert max(taken) <= 5
