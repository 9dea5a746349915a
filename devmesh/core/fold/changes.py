"""Facts about changes and their reviews, applied."""

from __future__ import annotations

from typing import Any, Final

from devmesh.core.fold import Folds
from devmesh.core.fold.tasks import move
from devmesh.core.state import Change, MeshState
from devmesh.core.transitions import next_change_state
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.terms import ChangeState, Spending, Verdict

FAMILIAR = 200
"Landed files remembered per agent."


def change_offered(state: MeshState, recorded: Recorded, fact: facts.ChangeOffered) -> None:
    state.counted["change"] = fact.change
    state.changes[fact.change] = Change(offered=fact, offered_at=recorded.now)
    task = state.tasks[fact.task]
    previous = task.change
    if previous is not None and previous in state.changes and fact.change != previous:
        del state.changes[previous]
    task.change = fact.change
    task.this_run = Spending()
    state.gate_queue.append(fact.change)
    if (agent := state.agents.get(fact.agent)) is not None:
        agent.blocked = 0


def review_requested(state: MeshState, _: Recorded, fact: facts.ReviewRequested) -> None:
    """Before its turn at the gate, or at the gate, which it leaves then."""
    change = _moved(state, fact)
    change.review, change.obeyed = fact.review, fact.obeyed
    if state.gate == fact.change:
        state.gate = None
    else:
        state.gate_queue.remove(fact.change)
    move(state, state.tasks[fact.task], fact)


def review_given(state: MeshState, _: Recorded, fact: facts.ReviewGiven) -> None:
    change = _moved(state, fact)
    change.verdict, change.reviewer = fact.verdict, fact.reviewer
    if (reviewer := state.agents.get(fact.reviewer)) is not None:
        reviewer.blocked = 0
    move(state, state.tasks[fact.task], fact)
    if fact.verdict is Verdict.APPROVE:
        state.gate_queue.append(fact.change)


def gate_entered(state: MeshState, _: Recorded, fact: facts.GateEntered) -> None:
    change = _moved(state, fact)
    if state.gate == fact.change:
        change.rounds += 1
    else:
        state.gate_queue.remove(fact.change)
    state.gate = fact.change
    state.locks.unpin(change.offered.tokens)


def check_started(state: MeshState, _: Recorded, fact: facts.CheckStarted) -> None:
    change = _moved(state, fact)
    change.plan, change.current = fact.plan, fact.current


def check_ended(state: MeshState, _: Recorded, fact: facts.CheckEnded) -> None:
    _moved(state, fact)


def change_applying(state: MeshState, _: Recorded, fact: facts.ChangeApplying) -> None:
    """From here to the end its locks cannot end: the files are being exchanged."""
    change = _moved(state, fact)
    change.plan = fact.plan
    state.locks.pin(change.offered.tokens)


def change_applied(state: MeshState, _: Recorded, fact: facts.ChangeApplied) -> None:
    change = _ended(state, fact)
    change.outcome = fact
    agent = state.agents.get(fact.agent)
    if agent is not None:
        for path in fact.files:
            agent.landed.pop(path, None)
            agent.landed[path] = None
        for path in list(agent.landed)[: max(0, len(agent.landed) - FAMILIAR)]:
            del agent.landed[path]


def change_returned(state: MeshState, _: Recorded, fact: facts.ChangeReturned) -> None:
    change = _ended(state, fact)
    change.outcome = fact


def write_found(state: MeshState, _: Recorded, fact: facts.WriteFound) -> None:
    state.counted["write"] = fact.write
    task = state.tasks.get(fact.task or 0)
    if task is not None:
        task.writes += 1


def change_withdrawn(state: MeshState, _: Recorded, fact: facts.ChangeWithdrawn) -> None:
    _ended(state, fact)


def _moved(state: MeshState, fact: Any) -> Change:
    change = state.changes[fact.change]
    change.state = next_change_state(change.state, fact)
    return change


def _ended(state: MeshState, fact: Any) -> Change:
    change = state.changes[fact.change]
    if change.state is ChangeState.APPLYING:
        state.locks.unpin(change.offered.tokens)
    change.state = next_change_state(change.state, fact)
    change.plan = ()
    if state.gate == fact.change:
        state.gate = None
    if fact.change in state.gate_queue:
        state.gate_queue.remove(fact.change)
    return change


FOLD: Final[Folds] = {
    facts.ChangeOffered: change_offered,
    facts.ReviewRequested: review_requested,
    facts.ReviewGiven: review_given,
    facts.GateEntered: gate_entered,
    facts.CheckStarted: check_started,
    facts.CheckEnded: check_ended,
    facts.ChangeApplying: change_applying,
    facts.ChangeApplied: change_applied,
    facts.ChangeReturned: change_returned,
    facts.ChangeWithdrawn: change_withdrawn,
    facts.WriteFound: write_found,
}
