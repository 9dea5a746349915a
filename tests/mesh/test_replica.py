"""The copy of the state: it follows the record, notices gaps, and tells those who wait."""

from __future__ import annotations

import threading

import pytest

from devmesh.core.snapshot import freeze
from devmesh.core.state import MeshState
from devmesh.errors import MeshLost
from devmesh.mesh.replica import Replica
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import DiscoveriesFound, LeasesRenewed, TaskPosted


def posted(sequence: int, now: float = 0.0) -> Recorded:
    """A task, posted as fact `sequence`."""
    return Recorded(sequence=sequence, fact=TaskPosted(task=sequence, prompt=f"task {sequence}"), now=now)


def begun() -> Replica:
    """A replica of an empty mesh."""
    replica = Replica()
    replica.begin(freeze(MeshState()))
    return replica


def test_facts_in_order_are_applied() -> None:
    """The state is what the facts say."""
    replica = begun()
    assert replica.take((posted(1), posted(2)))
    assert replica.read(lambda state: list(state.tasks)) == [1, 2]


def test_a_fact_heard_twice_is_applied_once() -> None:
    """What is not newer than the state is passed over."""
    replica = begun()
    replica.take((posted(1),))
    assert replica.take((posted(1), posted(2)))
    assert replica.read(lambda state: state.sequence) == 2


def test_a_gap_is_noticed_and_nothing_behind_it_is_applied() -> None:
    """False: the state must be begun anew, and until then stays as it was."""
    replica = begun()
    assert not replica.take((posted(1), posted(3)))
    assert replica.read(lambda state: list(state.tasks)) == [1]


def test_after_a_gap_nothing_is_taken_until_the_state_is_whole_again() -> None:
    """No reader sees a state that never was."""
    replica = begun()
    replica.take((posted(2),))
    assert replica.take((posted(1),))
    assert replica.read(lambda state: state.sequence) == 0
    replica.begin(freeze(MeshState()))
    replica.take((posted(1),))
    assert replica.read(lambda state: state.sequence) == 1


def test_a_fact_that_does_not_fit_is_as_good_as_a_gap() -> None:
    """The copy is mended, and whoever told it does not suffer."""
    assert not begun().take((Recorded(sequence=0, fact=LeasesRenewed(agent="nobody-1")),))


def test_what_is_told_but_not_kept_is_no_gap() -> None:
    """Facts without a number come in between."""
    aside = Recorded(sequence=0, fact=DiscoveriesFound(query="x"), now=4.0)
    replica = begun()
    assert replica.take((posted(1), aside, posted(2)))
    assert replica.read(lambda state: state.now) == 4.0


def test_a_wait_ends_with_the_fact_it_waits_for() -> None:
    """`when` is done as soon as its look finds something, and not before."""
    replica = begun()
    future = replica.when(lambda state: state.tasks.get(2))
    replica.take((posted(1),))
    assert not future.done()
    replica.take((posted(2),))
    assert future.result(0).number == 2


def test_a_wait_for_what_is_there_already_is_done_at_once() -> None:
    """Nobody waits for the next fact to learn of the last."""
    replica = begun()
    replica.take((posted(1),))
    assert replica.when(lambda state: 1 in state.tasks or None).result(0)


def test_what_a_look_raises_reaches_whoever_waits() -> None:
    """An error ends the wait, and only that one."""
    replica = begun()
    wrong = replica.when(lambda state: state.tasks[1] if state.sequence else None)
    right = replica.when(lambda state: 7 in state.tasks or None)
    replica.take((posted(1), posted(2)))
    assert wrong.result(0).number == 1
    bad = replica.when(lambda state: state.tasks[99])
    with pytest.raises(KeyError):
        bad.result(0)
    assert not right.done()


def test_a_cancelled_wait_is_forgotten() -> None:
    """It is not looked for any more."""
    replica, looked = begun(), []
    replica.when(lambda state: looked.append(state.sequence)).cancel()
    replica.take((posted(1),))
    replica.take((posted(2),))
    assert looked == [0, 1]


def test_a_lost_mesh_ends_every_wait_and_stays_readable() -> None:
    """Those who wait are told; the last state is still there to be shown."""
    replica = begun()
    replica.take((posted(1),))
    future = replica.when(lambda state: state.tasks.get(9))
    replica.end(MeshLost("gone"))
    with pytest.raises(MeshLost):
        future.result(0)
    with pytest.raises(MeshLost):
        replica.when(lambda state: state.tasks.get(9)).result(0)
    assert replica.read(lambda state: list(state.tasks)) == [1]


def test_beginning_anew_is_seen_by_those_who_wait() -> None:
    """A wait survives a reconnect."""
    replica = begun()
    future = replica.when(lambda state: state.tasks.get(5))
    other = MeshState()
    other.sequence = 4
    replica.begin(freeze(other))
    replica.take((posted(5),))
    assert future.result(0).number == 5


def test_a_listener_that_fails_spoils_nothing() -> None:
    """The next one is called, and the fact is applied."""
    replica, heard = begun(), []

    def faulty(_: object) -> None:
        raise ValueError("mine")

    replica.subscribe(faulty)
    unsubscribe = replica.subscribe(lambda facts: heard.append(len(facts)))
    replica.take((posted(1),))
    unsubscribe()
    unsubscribe()
    replica.take((posted(2),))
    assert heard == [1]


def test_the_state_stands_still_while_it_is_read() -> None:
    """A reader never sees half a turn."""
    replica = begun()
    writer = threading.Thread(target=replica.take, args=((posted(1),),))
    with replica.reading() as state:
        writer.start()
        writer.join(0.05)
        assert not state.tasks
    writer.join(5.0)
    assert replica.read(lambda state: list(state.tasks)) == [1]


def test_mesh_time_runs_on_between_facts() -> None:
    """`now` is at least that of the last fact, and does not stand still while the mesh runs."""
    replica = begun()
    replica.take((posted(1, now=5.0),))
    assert replica.now == 5.0  # this mesh has not started, so its time does not run
