"""The way of a change through the write gate: offered, reviewed, compared, checked, landed; one at a time.

Decides and records; comparing, checking and exchanging files are effects whose outcomes come back as events.
"""

from __future__ import annotations

from devmesh.core import attempts, costs, reviews, writes
from devmesh.core.coverage import covered, mergeable, still_held
from devmesh.core.effects import ApplyChange, PrepareChange, RunCheck
from devmesh.core.events import Applied, Checked, Prepared
from devmesh.core.state import Agent, Change, Task
from devmesh.core.turn import Turn
from devmesh.errors import Code
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.delicate import is_delicate
from devmesh.vocabulary.terms import ChangeState, Conflict, PlannedWrite, TaskKind, TaskState, Verdict, WorkspaceKind

ROUNDS = 20
"How often the gate begins anew for one change because somebody keeps editing the same files."

ENDED = frozenset({ChangeState.APPLIED, ChangeState.RETURNED, ChangeState.WITHDRAWN})


def offer(turn: Turn, agent: Agent, request: requests.OfferChange) -> None:
    """Take a change in: from the task's own agent and attempt, every file under a lock of its own."""
    task = attempts.assigned(turn, agent, request.task, request.attempt)
    if task is None or not _may_offer(turn, task) or not covered(turn, agent, request):
        return
    number = turn.state.number("change")
    turn.record(
        facts.ChangeOffered(
            change=number,
            task=task.number,
            attempt=task.attempt,
            agent=agent.name,
            base=request.base,
            head=request.head,
            files=request.files,
            tokens=request.tokens,
            summary=request.summary,
        )
    )
    obeyed = tuple(file.path for file in request.files if is_delicate(file.path))
    if (task.posted.contest is not None and request.files) or obeyed:
        reviews.leave_to_the_person(turn, turn.state.changes[number], task, obeyed)
    elif task.posted.review and request.files:
        reviews.request(turn, turn.state.changes[number], task)


def _may_offer(turn: Turn, task: Task) -> bool:
    state = task.paused_from if task.state is TaskState.PAUSED else task.state
    change = turn.state.changes.get(task.change or 0)
    if task.posted.task_kind is TaskKind.REVIEW:
        turn.refuse(Code.WRONG_STATE, "a review changes nothing", field="task")
    elif state is not TaskState.WORKING:
        turn.refuse(Code.WRONG_STATE, f"task {task.number} is {task.state}; start it first", field="task")
    elif change is not None and change.state not in ENDED:
        turn.refuse(Code.WRONG_STATE, f"change {change.number} of this attempt is on its way already")
    elif change is not None and change.state is ChangeState.APPLIED:
        turn.refuse(Code.WRONG_STATE, f"change {change.number} of this attempt has landed; finish the task")
    else:
        return True
    return False


def advance(turn: Turn) -> None:
    """Let the next change in line enter, when the gate is free."""
    state = turn.state
    while state.gate is None and state.gate_queue:
        _enter(turn, state.changes[state.gate_queue[0]])


def _enter(turn: Turn, change: Change) -> None:
    """Begin, or begin anew. The locks are looked at again: they may have ended while the change waited."""
    offered = change.offered
    if change.rounds >= ROUNDS:
        _send_back(turn, change, "CONFLICT", "these files are being edited faster than the change can land")
        return
    turn.record(facts.GateEntered(change=change.number, agent=offered.agent, task=offered.task))
    if not still_held(turn.state, change):
        _send_back(turn, change, str(Code.STALE_TOKEN), "a lock that covered this change has ended")
        return
    turn.want(
        PrepareChange(
            change=change.number,
            base=offered.base,
            head=offered.head,
            files=offered.files,
            mergeable=mergeable(turn.state, change),
        )
    )


def resume(turn: Turn) -> None:
    """After a restart: finish what was being exchanged, begin anew what was being compared or checked."""
    change = turn.state.changes.get(turn.state.gate or 0)
    if change is None:
        return
    if change.state is ChangeState.APPLYING:
        turn.want(ApplyChange(change=change.number, plan=change.plan))
    else:
        _enter(turn, change)


def prepared(turn: Turn, event: Prepared) -> None:
    """Compared and merged (Rule 8): check it, land it, recognise that it is there already, or send it back.

    Only now it is known by which other names its files are reached: where somebody would obey one, the person is asked.
    """
    change = _at(turn, event.change, ChangeState.PREPARING)
    if change is None:
        return
    if event.problem:
        _send_back(turn, change, str(Code.STORAGE_FAILED), event.problem[:4_000])
    elif event.conflicts:
        names = ", ".join(conflict.path for conflict in event.conflicts[:10])
        _send_back(turn, change, "CONFLICT", f"no longer fits: {names}"[:4_000], event.conflicts, event.current)
    elif event.obeyed and not _allowed_by_the_person(change):
        reviews.leave_to_the_person(turn, change, turn.state.tasks[change.offered.task], event.obeyed)
    elif check := turn.state.tasks[change.offered.task].posted.check:
        turn.record(
            facts.CheckStarted(
                change=change.number,
                task=change.offered.task,
                command=check,
                current=event.current,
                plan=event.plan,
            )
        )
        turn.want(RunCheck(change=change.number, command=check, current=event.current or "", plan=event.plan))
    else:
        _land(turn, change, event.plan)


def _allowed_by_the_person(change: Change) -> bool:
    return change.verdict is Verdict.APPROVE and change.reviewer == reviews.PERSON


def checked(turn: Turn, event: Checked) -> None:
    """The check ran on the combined tree; what it said decides, not what the agent claims."""
    change = _at(turn, event.change, ChangeState.CHECKING)
    if change is None:
        return
    task = turn.state.tasks[change.offered.task]
    turn.record(
        facts.CheckEnded(
            change=change.number,
            task=task.number,
            command=task.posted.check,
            passed=event.passed,
            tree=event.tree,
            exit_code=event.exit_code,
            seconds=event.seconds,
            tail=event.tail[-20_000:],
        )
    )
    if event.passed:
        _land(turn, change, change.plan)
    else:
        _send_back(turn, change, "CHECK_FAILED", event.tail[-4_000:], (), change.current, event.tree)


def _land(turn: Turn, change: Change, plan: tuple[PlannedWrite, ...]) -> None:
    """Put the intent on record, then have the files exchanged; or say that there is nothing to do."""
    if not plan:
        _landed(turn, change, "duplicate" if change.offered.files else "empty")
        return
    if not still_held(turn.state, change):
        _send_back(turn, change, str(Code.STALE_TOKEN), "a lock that covered this change has ended")
        return
    offered = change.offered
    turn.record(facts.ChangeApplying(change=change.number, task=offered.task, agent=offered.agent, plan=plan))
    turn.want(ApplyChange(change=change.number, plan=plan))


def applied(turn: Turn, event: Applied) -> None:
    """The exchange ended: landed, or taken back because somebody wrote in between."""
    change = _at(turn, event.change, ChangeState.APPLYING)
    if change is None:
        return
    for found in event.rescued:
        writes.rescued(turn, found)
    if event.problem:
        _send_back(turn, change, str(Code.STORAGE_FAILED), event.problem[:4_000])
    elif event.moved:
        _enter(turn, change)
    else:
        merged = any(write.merged for write in change.plan)
        _landed(turn, change, "merged" if merged else "exact")


def _landed(turn: Turn, change: Change, how: str) -> None:
    offered = change.offered
    turn.record(
        facts.ChangeApplied(
            change=change.number,
            task=offered.task,
            agent=offered.agent,
            files=tuple(write.path for write in change.plan) or _written_in_place(turn, change),
            merged=tuple(write.path for write in change.plan if write.merged),
            kind_of_landing=how,
            contents=tuple(write.after for write in change.plan),
            displaced=tuple(write.expected for write in change.plan),
        )
    )


def _written_in_place(turn: Turn, change: Change) -> tuple[str, ...]:
    """What an agent that works in the project itself wrote there before it offered it: news for all others (Rule 9)."""
    agent = turn.state.agents.get(change.offered.agent)
    if agent is None or agent.joined.workspace is not WorkspaceKind.SHARED:
        return ()
    return tuple(file.path for file in change.offered.files)


def _send_back(
    turn: Turn,
    change: Change,
    code: str,
    message: str,
    conflicts: tuple[Conflict, ...] = (),
    current: str | None = None,
    resume_from: str | None = None,
) -> None:
    offered = change.offered
    turn.record(
        facts.ChangeReturned(
            change=change.number,
            task=offered.task,
            attempt=offered.attempt,
            agent=offered.agent,
            code=code,
            message=message,
            conflicts=conflicts,
            current=current,
            resume_from=resume_from,
        )
    )
    costs.before_another_try(turn, turn.state.tasks[offered.task])


def withdraw(turn: Turn, task: Task, reason: str) -> None:
    """Take the task's change out of the way, unless it has ended or is being exchanged this moment."""
    change = turn.state.changes.get(task.change or 0)
    if change is None or change.state in ENDED or change.state is ChangeState.APPLYING:
        return
    reviews.call_off(turn, change, reason)
    turn.record(facts.ChangeWithdrawn(change=change.number, reason=reason[:500]))


def is_landing(turn: Turn, task: Task) -> bool:
    """Whether its files are being exchanged at this moment."""
    change = turn.state.changes.get(task.change or 0)
    return change is not None and change.state is ChangeState.APPLYING


def _at(turn: Turn, number: int, state: ChangeState) -> Change | None:
    """The change an outcome is about, if it is still waiting for it: late outcomes change nothing."""
    change = turn.state.changes.get(number)
    return change if change is not None and change.state is state and turn.state.gate == number else None
