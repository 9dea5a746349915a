"""One step."""

from __future__ import annotations

from devmesh.core import events
from devmesh.core.apply import apply
from devmesh.core.audience import AUDIENCE, sessions_told
from devmesh.core.effects import Record, Tell, WakeAt
from devmesh.core.state import MeshState
from devmesh.core.step import next_alarm, step
from devmesh.core.turn import Turn
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import Limits
from tests.core.rig import Rig, only
from tests.simulation.test_simulation import essence


def test_state_changes_only_by_recorded_facts() -> None:
    """Rule 10: folding the facts alone gives the state that the decisions left behind, after every single step."""
    rig = Rig()
    replica = MeshState()
    seen = 0
    for action in (
        lambda: rig.join("a", "b"),
        lambda: rig.complete(rig.post(), "a-1"),
        lambda: rig.offer(rig.begin(rig.post(review=True), "b-1"), "x.py"),
        lambda: rig.say("b-1", requests.Leave()),
        lambda: rig.pass_time(100),
        lambda: rig.feed(events.Stopping()),
    ):
        action()
        for recorded in rig.kept[seen:]:
            apply(replica, recorded)
        seen = len(rig.kept)
        assert essence(replica) == essence(rig.state)


def test_effects_come_in_order() -> None:
    """Facts to keep first, then what is told, and the alarm last: nothing is told before it can be kept."""
    rig = Rig()
    rig.join("a")
    rig.post()
    kinds = [type(effect) for effect in rig.effects]
    assert kinds == sorted(kinds, key=[Record, Tell, WakeAt].index)
    assert kinds[-1] is WakeAt


def test_sequence_numbers_have_no_gaps() -> None:
    """1, 2, 3 ... over all turns; facts that are not kept have none."""
    rig = Rig()
    rig.join("a")
    rig.complete(rig.post())
    assert [recorded.sequence for recorded in rig.kept] == list(range(1, len(rig.kept) + 1))


def test_time_never_goes_back() -> None:
    """A clock that jumps back does not take the mesh along."""
    rig = Rig()
    rig.now -= 5000
    rig.join("a")
    assert rig.kept[-1].now >= rig.kept[0].now


def test_a_start_after_a_start_says_it_was_not_clean() -> None:
    """Whether the last coordinator said goodbye is on record; the epoch grows either way."""
    rig = Rig()
    again = events.Started(project="rig", version="2", limits=Limits())
    assert (only(rig.feed(again), facts.CoordinatorStarted).clean, rig.state.epoch) == (False, 2)
    rig.feed(events.Stopping(reason="bye"))
    assert (only(rig.feed(again), facts.CoordinatorStarted).clean, rig.state.epoch) == (True, 3)


def test_an_idle_mesh_sets_no_alarm() -> None:
    """Nothing due, nothing to wake for."""
    assert next_alarm(MeshState()) is None


def test_the_audience_table_names_only_facts() -> None:
    """Every line is a kind of fact; nobody is told what is nobody's concern."""
    assert set(AUDIENCE) <= {getattr(facts, name) for name in facts.__all__}
    rig = Rig()
    rig.join("a", "b")
    granted = rig.kept[-1]
    assert sessions_told(rig.state, granted)
    step(rig.state, events.Woke(), rig.now)


def test_a_refusal_is_a_fact() -> None:
    """It is kept, with its code, and told to the one who asked."""
    rig = Rig()
    rig.join("a")
    turn = Turn(rig.state, rig.now)
    assert turn.next_sequence == len(rig.kept) + 1
    refused = only(rig.say("a-1", requests.Start(task=1, attempt=1)), facts.RequestRefused)
    assert refused in rig.told[rig.connections["a-1"]]


def test_what_is_due_at_once_is_not_done_twice() -> None:
    """After a long absence an agent's lease and its tasks' limits are over together: the mesh goes on."""
    rig = Rig()
    rig.join("a", "b")
    landed, other = rig.begin(rig.post(), "a-1"), rig.begin(rig.post(), "b-1")
    rig.post(depends_on=(other.task,))
    rig.land(rig.offer(landed, "a.py").change)
    rig.now += 1e6
    rig.feed(events.Woke())
    assert rig.state.tasks[landed.task].state == "completed"
    assert rig.state.tasks[other.task].state == "queued"
