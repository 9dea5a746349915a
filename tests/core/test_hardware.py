"""The hardware ledger (Rule 6)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from devmesh.core import events, hardware
from devmesh.core.hardware import fits, free, wanted
from devmesh.core.state import MeshState, SetAside
from devmesh.core.turn import Turn
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.facts import TaskAwarded
from devmesh.vocabulary.terms import Limits, Outcome, OverusePolicy, Resources
from tests.core.rig import Rig, only

AMOUNTS = st.floats(0, 64).map(lambda gigabytes: round(gigabytes, 2))


@given(st.lists(AMOUNTS, max_size=30), AMOUNTS)
def test_the_ledger_is_never_over_granted(wishes: list[float], total: float) -> None:
    """Granting only what fits keeps the sum within the total, whatever is asked in whatever order."""
    state = MeshState()
    state.limits = Limits(total=Resources(ram_gb=total))
    for number, wish in enumerate(wishes):
        if fits(state, Resources(ram_gb=wish)):
            state.reserved[number] = SetAside("a-1", Resources(ram_gb=wish))
    assert not total or sum(held.amount.ram_gb for held in state.reserved.values()) <= total + 1e-6
    assert free(state).ram_gb >= 0


def test_a_kind_with_no_total_is_not_managed() -> None:
    """No GPU is a normal case: with 0 GB of it known, nothing about it is refused."""
    assert fits(MeshState(), Resources(ram_gb=1000, vram_gb=1000))


def test_memory_is_set_aside_at_the_award_and_given_back_at_the_end() -> None:
    """Reserved and released are facts, each with what is left."""
    rig = Rig(Limits(total=Resources(ram_gb=16, vram_gb=24)))
    rig.join("x")
    task = rig.post(needs=Resources(ram_gb=4, vram_gb=8))
    award = rig.begin(task)
    reserved = [r.fact for r in rig.kept if isinstance(r.fact, facts.HardwareReserved)]
    assert reserved[0].free == Resources(ram_gb=12, vram_gb=16)
    rig.land(rig.offer(award, "a.py").change)
    said = rig.say("x-1", requests.Finish(task=task, attempt=1, outcome=Outcome.DONE))
    assert only(said, facts.HardwareReleased).free == Resources(ram_gb=16, vram_gb=24)


def test_a_lost_agents_memory_is_free_again() -> None:
    """Released when the agent is lost, without its help."""
    rig = Rig(Limits(total=Resources(ram_gb=16)))
    rig.join("x", declared=Resources(ram_gb=9))
    rig.begin(rig.post())
    assert rig.state.reserved
    only(rig.pass_time(31), facts.HardwareReleased)
    assert not rig.state.reserved


def test_a_task_says_what_it_needs_or_the_agent_does() -> None:
    """The task's own figure comes first."""
    rig = Rig()
    rig.join("x", declared=Resources(ram_gb=2))
    agent = rig.state.agents["x-1"]
    assert wanted(agent, rig.state.tasks[rig.post()]).ram_gb == 2
    assert wanted(agent, rig.state.tasks[rig.post(needs=Resources(ram_gb=5))]).ram_gb == 5


def test_a_sample_carries_every_agents_use() -> None:
    """What was measured for the machine, and for each process tree as last heard."""
    rig = Rig()
    rig.join("x")
    rig.say("x-1", requests.Heartbeat(used=Resources(ram_gb=1.5)))
    said = rig.feed(events.Sampled(total=Resources(ram_gb=16), used=Resources(ram_gb=7)))
    sample = only(said, facts.HardwareSampled)
    assert sample.agents == (facts.Usage(agent="x-1", used=Resources(ram_gb=1.5)),)
    assert rig.state.measured_used == Resources(ram_gb=7)


def test_releasing_twice_is_harmless() -> None:
    """The second release records nothing."""
    rig = Rig()
    task = rig.state.tasks[rig.post()]
    turn = Turn(rig.state, rig.now)
    hardware.release(turn, task.number)
    assert turn.effects() == []


def taken_away() -> tuple[Rig, TaskAwarded]:
    """An agent that was told to stop its tool, and another that would need the same memory."""
    rig = Rig(Limits(total=Resources(ram_gb=4)))
    rig.join("a", "b", declared=Resources(ram_gb=3))
    award = rig.begin(rig.post(), "a-1")
    rig.say(rig.person(), requests.CancelTask(task=award.task))
    return rig, award


def test_memory_is_free_once_the_tool_has_stopped() -> None:
    """Not when it is told to: until then it is in use. The agent says when; once is enough."""
    rig, award = taken_away()
    waiting = rig.post()
    assert rig.state.reserved[award.task].over
    assert rig.state.tasks[waiting].bidding is None
    said = rig.say("a-1", requests.StandDown(task=award.task, attempt=award.attempt))
    assert only(said, facts.HardwareReleased).agent == "a-1"
    assert rig.state.tasks[waiting].bidding is not None
    refused = only(rig.say("a-1", requests.StandDown(task=award.task, attempt=award.attempt)), facts.RequestRefused)
    assert refused.code == "NOT_ASSIGNED"


def test_nobody_else_says_that_a_tool_has_stopped() -> None:
    """Nor the agent itself of another attempt."""
    rig, award = taken_away()
    for agent, attempt in (("b-1", award.attempt), ("a-1", award.attempt + 1)):
        rig.say(agent, requests.StandDown(task=award.task, attempt=attempt))
    assert award.task in rig.state.reserved


def test_an_agent_that_never_says_so_is_not_waited_for_for_ever() -> None:
    """A lease later the memory is free; and at once where the agent is gone."""
    rig, award = taken_away()
    rig.pass_time(rig.state.limits.lease - 1, beat=("a-1", "b-1"))
    assert award.task in rig.state.reserved
    rig.pass_time(2, beat=("a-1", "b-1"))
    assert not rig.state.reserved
    rig, award = taken_away()
    rig.say("a-1", requests.Leave())
    assert not rig.state.reserved


def test_a_task_is_not_tried_again_beside_its_own_tool() -> None:
    """It was stopped for using too much; the next attempt begins when nothing of it is left."""
    rig = Rig(Limits(total=Resources(ram_gb=16), overuse=OverusePolicy.STOP))
    rig.join("a", "b", declared=Resources(ram_gb=1))
    award = rig.begin(rig.post(), "a-1")
    rig.say("a-1", requests.Heartbeat(used=Resources(ram_gb=2)))
    rig.pass_time(10, beat=("a-1", "b-1"))
    assert rig.state.tasks[award.task].bidding is None
    rig.say("a-1", requests.StandDown(task=award.task, attempt=award.attempt))
    assert rig.state.tasks[award.task].bidding is not None


def standing_down() -> tuple[Rig, TaskAwarded]:
    """An agent whose paused task has given up its memory."""
    rig = Rig(Limits(total=Resources(ram_gb=4)))
    rig.join("a", "b", declared=Resources(ram_gb=3))
    award = rig.begin(rig.post(), "a-1")
    rig.say(rig.person(), requests.PauseTask(task=award.task))
    rig.say("a-1", requests.StandDown(task=award.task, attempt=award.attempt))
    return rig, award


def test_a_paused_task_whose_processes_have_ended_holds_no_memory() -> None:
    """Another takes it."""
    rig, _ = standing_down()
    assert not rig.state.reserved
    assert rig.begin(rig.post()).agent == "b-1"


def test_it_goes_on_only_when_there_is_memory_again() -> None:
    """It is set aside anew, or the person is told that others have it."""
    rig, award = standing_down()
    rig.begin(rig.post())
    refused = only(rig.say(rig.person(), requests.ResumeTask(task=award.task)), facts.RequestRefused)
    assert (refused.code, refused.rule) == ("HARDWARE_FULL", 6)
    rig, award = standing_down()
    said = rig.say(rig.person(), requests.ResumeTask(task=award.task))
    assert only(said, facts.HardwareReserved).amount.ram_gb == 3
    assert only(said, facts.TaskResumed).task == award.task


def test_what_runs_keeps_its_memory() -> None:
    """Standing down is for what is paused."""
    rig = Rig(Limits(total=Resources(ram_gb=4)))
    rig.join("a", declared=Resources(ram_gb=3))
    award = rig.begin(rig.post())
    said = rig.say("a-1", requests.StandDown(task=award.task, attempt=award.attempt))
    assert only(said, facts.RequestRefused).code == "WRONG_STATE"
    assert rig.state.reserved


@pytest.mark.parametrize(
    ("policy", "action", "kind"),
    [
        (OverusePolicy.WARN, "warned", None),
        (OverusePolicy.PAUSE, "paused", facts.TaskPaused),
        (OverusePolicy.STOP, "stopped", facts.TaskAbandoned),
    ],
)
def test_overuse_is_answered_by_the_policy(policy: OverusePolicy, action: str, kind: type[Any] | None) -> None:
    """At the first heartbeat that shows it."""
    rig = Rig(Limits(overuse=policy))
    rig.join("a", declared=Resources(ram_gb=1))
    rig.begin(rig.post())
    said = rig.say("a-1", requests.Heartbeat(used=Resources(ram_gb=2)))
    assert only(said, facts.HardwareExceeded).action == action
    assert kind is None or only(said, kind).agent == "a-1"
