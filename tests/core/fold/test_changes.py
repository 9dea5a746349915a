"""Facts about changes on their way through the gate, applied."""

from __future__ import annotations

from typing import Any

import pytest

from devmesh.core.apply import apply
from devmesh.core.fold.changes import FAMILIAR
from devmesh.errors import IllegalTransition
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.terms import ChangeState, PlannedWrite, TaskState, Verdict
from tests.core.rig import BLOB, ZERO, Rig

PLAN = (PlannedWrite(path="x.py", expected=BLOB["a"], after=BLOB["b"]),)
WHO: dict[str, Any] = {"change": 1, "task": 1, "agent": "a-1"}


def told(rig: Rig, *said: Any) -> None:
    """The facts, one after the other, now."""
    for fact in said:
        apply(rig.state, Recorded(sequence=rig.state.sequence + 1, fact=fact, now=rig.now))


def with_offer(**options: Any) -> Rig:
    """A change of one file, offered by the only agent but not yet taken into the gate."""
    rig = Rig()
    rig.join("a")
    award = rig.begin(rig.post(**options))
    tokens = rig.lock("a-1", "x.py", task=award.task)
    told(
        rig,
        facts.ChangeOffered(change=1, task=1, attempt=1, agent="a-1", base=ZERO, head=BLOB["f"], tokens=tokens),
    )
    return rig


def test_an_offered_change_stands_in_line() -> None:
    """And is its task's latest."""
    rig = with_offer()
    assert rig.state.gate_queue == [1]
    assert rig.state.tasks[1].change == 1
    assert rig.state.changes[1].state is ChangeState.OFFERED


def test_a_later_offer_of_the_same_task_replaces_the_earlier_one() -> None:
    """Only the latest is kept in the state; the audit has them all."""
    rig = with_offer()
    told(rig, facts.ChangeWithdrawn(change=1))
    told(rig, facts.ChangeOffered(change=2, task=1, attempt=1, agent="a-1", base=ZERO, head=BLOB["e"]))
    assert list(rig.state.changes) == [2]
    assert rig.state.gate_queue == [2]
    assert rig.state.number("change") == 3


def test_under_review_it_leaves_the_line_and_approved_it_comes_back() -> None:
    """Its task waits and works again with it."""
    rig = with_offer()
    states = []
    told(rig, facts.ReviewRequested(**WHO, review=2))
    assert (rig.state.gate_queue, rig.state.changes[1].review) == ([], 2)
    states.append(rig.state.tasks[1].state)
    told(rig, facts.ReviewGiven(**WHO, reviewer="b-1", verdict=Verdict.APPROVE))
    assert rig.state.gate_queue == [1]
    states.append(rig.state.tasks[1].state)
    assert states == [TaskState.REVIEW, TaskState.WORKING]
    assert (rig.state.changes[1].verdict, rig.state.changes[1].reviewer) == (Verdict.APPROVE, "b-1")


def test_a_change_that_is_wanted_otherwise_does_not_come_back_into_line() -> None:
    """It is returned next."""
    rig = with_offer()
    told(rig, facts.ReviewRequested(**WHO, review=2))
    told(rig, facts.ReviewGiven(**WHO, reviewer="b-1", verdict=Verdict.CHANGES_WANTED))
    assert rig.state.gate_queue == []


def test_the_gate_holds_one_change_and_counts_its_rounds() -> None:
    """Entering again, because the project moved, is a round more."""
    rig = with_offer()
    told(rig, facts.GateEntered(**WHO))
    assert (rig.state.gate, rig.state.gate_queue, rig.state.changes[1].rounds) == (1, [], 0)
    told(rig, facts.GateEntered(**WHO))
    assert (rig.state.gate, rig.state.changes[1].rounds) == (1, 1)


def test_while_files_are_exchanged_the_locks_cannot_end() -> None:
    """Pinned with the intent, unpinned with the outcome, whichever it is."""
    for outcome in (facts.ChangeApplied(**WHO), facts.ChangeReturned(**WHO, attempt=1, code="STALE_TOKEN")):
        rig = with_offer()
        told(rig, facts.GateEntered(**WHO), facts.ChangeApplying(**WHO, plan=PLAN))
        assert tuple(rig.state.locks.pinned) == rig.state.changes[1].offered.tokens
        assert [write.path for write in rig.state.changes[1].plan] == ["x.py"]
        told(rig, outcome)
        assert not rig.state.locks.pinned
        assert rig.state.changes[1].plan == ()
        assert rig.state.gate is None
        assert rig.state.changes[1].outcome == outcome


def test_a_round_begun_anew_frees_the_locks_again() -> None:
    """Nothing is being exchanged while the gate compares."""
    rig = with_offer()
    told(rig, facts.GateEntered(**WHO), facts.ChangeApplying(**WHO, plan=PLAN), facts.GateEntered(**WHO))
    assert not rig.state.locks.pinned


def test_a_check_remembers_what_it_is_run_on() -> None:
    """So that after a crash the same plan, on the same tree, can be checked again."""
    rig = with_offer()
    told(rig, facts.GateEntered(**WHO))
    told(rig, facts.CheckStarted(change=1, task=1, command="true", current=ZERO, plan=PLAN))
    assert (rig.state.changes[1].state, rig.state.changes[1].current) == (ChangeState.CHECKING, ZERO)
    told(rig, facts.CheckEnded(change=1, task=1, command="true", passed=True))
    assert rig.state.changes[1].plan == PLAN


def test_an_agent_is_familiar_with_what_it_landed() -> None:
    """Files it landed again move to the end; the oldest beyond the limit are forgotten."""
    rig = with_offer()
    files = tuple(f"f{number}.py" for number in range(FAMILIAR + 5))
    told(rig, facts.GateEntered(**WHO), facts.ChangeApplied(**WHO, files=(*files, "f5.py")))
    landed = list(rig.state.agents["a-1"].landed)
    assert len(landed) == FAMILIAR
    assert landed[0] == "f6.py"
    assert landed[-1] == "f5.py"


def test_a_withdrawn_change_is_out_of_line_and_out_of_the_gate() -> None:
    """Wherever it was."""
    rig = with_offer()
    told(rig, facts.ChangeWithdrawn(change=1))
    assert rig.state.gate_queue == []
    rig = with_offer()
    told(rig, facts.GateEntered(**WHO), facts.ChangeWithdrawn(change=1))
    assert rig.state.gate is None


@pytest.mark.parametrize("fact", [facts.ChangeApplied(**WHO), facts.ChangeApplying(**WHO)])
def test_what_cannot_happen_is_our_own_error(fact: Any) -> None:
    """A change lands through the gate or not at all."""
    with pytest.raises(IllegalTransition):
        told(with_offer(), fact)
