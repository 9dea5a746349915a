"""The life of a task once posted: started, finished, failed, abandoned, paused, cancelled, retried."""

from __future__ import annotations

from devmesh.core import attempts, gate, hardware, parking
from devmesh.core.posting import hopeless
from devmesh.core.reviews import PERSON
from devmesh.core.state import Agent, Task
from devmesh.core.turn import Turn
from devmesh.errors import Code
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import Blockage, ChangeState, LockMode, Outcome, TaskKind, TaskState


def start(turn: Turn, agent: Agent, request: requests.Start) -> None:
    """The tool runs: only with the framework read (Rule 7) and the locked files held."""
    task = attempts.assigned(turn, agent, request.task, request.attempt)
    if task is None or task.award is None:
        return
    state = task.paused_from if task.state is TaskState.PAUSED else task.state
    if state is not TaskState.CLAIMED:
        turn.refuse(Code.WRONG_STATE, f"task {task.number} is {task.state}: it was started before", field="task")
        return
    if task.award.framework is not None and agent.framework_read < task.award.framework:
        turn.refuse(
            Code.FRAMEWORK_UNREAD,
            f"version {task.award.framework} of the framework is to be read first",
            rule=7,
            hint="put it before the tool, then send read_framework",
        )
        return
    for target in task.award.locked:
        if not turn.state.locks.holding(agent.name, target, LockMode.WRITE):
            turn.refuse(Code.NOT_COVERED, f"{target} is to be held in WRITE before work starts", rule=3)
            return
    turn.record(
        facts.TaskStarted(task=task.number, attempt=task.attempt, agent=agent.name, workspace=request.workspace)
    )


def report(turn: Turn, agent: Agent, request: requests.Report) -> None:
    """Keep a piece of the tool's output."""
    if attempts.assigned(turn, agent, request.task, request.attempt) is not None:
        turn.record(
            facts.OutputReported(
                task=request.task,
                attempt=request.attempt,
                agent=agent.name,
                stream=request.stream,
                text=request.text,
            )
        )


def finish(turn: Turn, agent: Agent, request: requests.Finish) -> None:
    """End the attempt, once. `done` counts only when the gate landed the change, or the verdict was given."""
    task = attempts.assigned(turn, agent, request.task, request.attempt)
    if task is None:
        return
    if request.outcome is Outcome.DONE:
        if TaskState.CLAIMED in {task.state, task.paused_from}:
            turn.refuse(Code.WRONG_STATE, f"task {task.number} is not done: it was never started", field="task")
        elif _proven(turn, agent, task):
            _complete(turn, task, request.summary, said_by_agent=True)
        else:
            turn.refuse(
                Code.UNCHECKED,
                f"task {task.number} is not done: nothing of this attempt has landed",
                rule=8,
                hint="offer the change, an empty one too, and finish when it is applied",
            )
    elif gate.is_landing(turn, task) or _landed(turn, task):
        turn.refuse(Code.WRONG_STATE, "the change of this attempt has landed; it cannot fail any more")
    elif request.outcome is Outcome.BLOCKED:
        _blocked(turn, agent, task, request)
    else:
        fail_attempt(turn, task, request.summary or "the agent gave no reason")


def _blocked(turn: Turn, agent: Agent, task: Task, request: requests.Finish) -> None:
    """The agent's service would not serve: the task goes to another, uncounted; the agent is parked."""
    reason = request.summary or "its service would not serve"
    gate.withdraw(turn, task, "the attempt was blocked")
    attempts.give_back(turn, task, said_by_agent=True)
    turn.record(facts.TaskRequeued(task=task.number, reason=reason[:500], blameless=True))
    parking.park(turn, agent, request.blockage or Blockage.UNREACHABLE, reason, request.retry_in)
    turn.reschedule = True


def stand_down(turn: Turn, agent: Agent, request: requests.StandDown) -> None:
    """An attempt's processes have ended, because it was paused or is over: what was set aside for them is free."""
    if hardware.outlasts(turn.state, request.task, agent.name, request.attempt):
        hardware.release(turn, request.task)
        return
    task = attempts.assigned(turn, agent, request.task, request.attempt)
    if task is None:
        return
    if task.state is not TaskState.PAUSED and not agent.paused:
        turn.refuse(Code.WRONG_STATE, f"task {task.number} is {task.state}, not paused", field="task")
        return
    hardware.release(turn, task.number)


def _proven(turn: Turn, agent: Agent, task: Task) -> bool:
    if task.posted.task_kind is TaskKind.REVIEW:
        change = turn.state.changes.get(task.posted.reviews or 0)
        return change is None or change.reviewer == agent.name
    return _landed(turn, task)


def _landed(turn: Turn, task: Task) -> bool:
    change = turn.state.changes.get(task.change or 0)
    return change is not None and change.state is ChangeState.APPLIED


def _complete(turn: Turn, task: Task, summary: str, *, said_by_agent: bool = False) -> None:
    since = task.started_at if task.started_at is not None else turn.now
    attempts.give_back(turn, task, said_by_agent=said_by_agent)
    turn.record(
        facts.TaskCompleted(
            task=task.number,
            attempt=task.attempt,
            agent=task.agent or PERSON,
            summary=summary,
            change=task.change,
            seconds=round(max(0.0, turn.now - since), 3),
        )
    )
    turn.reschedule = True


def fail_attempt(turn: Turn, task: Task, reason: str) -> None:
    """One attempt is over. The task is tried again, by whoever suits it best, until its attempts are used up."""
    gate.withdraw(turn, task, "the attempt failed")
    attempts.give_back(turn, task, said_by_agent=True)
    if task.counted >= turn.state.limits.attempts:
        _fail(turn, task, reason, poison=True)
    else:
        delay = attempts.backoff(turn.state, task.counted)
        turn.record(facts.TaskRequeued(task=task.number, delay=delay, reason=reason[:500]))
    turn.reschedule = True


def abandon(turn: Turn, task: Task, reason: str, *, death: bool, blame: bool = False) -> None:
    """Its agent is gone or late. Landed work counts; poison is set aside; everything else goes to another."""
    if gate.is_landing(turn, task):
        return
    paused = task.state is TaskState.PAUSED
    limits = turn.state.limits
    gate.withdraw(turn, task, reason)
    attempts.give_back(turn, task)
    turn.record(
        facts.TaskAbandoned(
            task=task.number,
            attempt=task.attempt,
            agent=task.agent or PERSON,
            reason=reason[:500],
            death=death,
        )
    )
    if _landed(turn, task):
        _complete(turn, task, "its change had landed before the agent was lost")
    elif task.deaths >= limits.deaths or ((death or blame) and task.counted >= limits.attempts):
        _fail(turn, task, f"{reason} (attempt {task.attempt}, {task.deaths} agents lost)", poison=True)
    else:
        delay = attempts.backoff(turn.state, task.counted) if death or blame else 0.0
        turn.record(facts.TaskRequeued(task=task.number, delay=delay, reason=reason[:500]))
        if paused:
            turn.record(facts.TaskPaused(task=task.number))
    turn.reschedule = True


def settle(turn: Turn, change: int) -> None:
    """Once a change has left the gate: if its agent is gone meanwhile, its task is decided now."""
    found = turn.state.changes.get(change)
    task = turn.state.tasks.get(found.offered.task) if found else None
    if task is None or task.agent is None:  # nobody has it: paused, it may be queued again already
        return
    if task.state in attempts.HELD and not attempts.belongs(turn.state, task):
        abandon(turn, task, "its agent is gone", death=True)


def _fail(turn: Turn, task: Task, reason: str, *, poison: bool = False) -> None:
    turn.record(
        facts.TaskFailed(
            task=task.number,
            reason=reason,
            attempt=task.attempt or None,
            agent=task.agent,
            poison=poison,
        )
    )
    _fail_dependents(turn, task)


def _fail_dependents(turn: Turn, task: Task) -> None:
    """What waits for a task that will not be done can never start."""
    for number in sorted(turn.state.open_tasks):
        dependent = turn.state.tasks[number]
        if task.number in dependent.posted.depends_on and not dependent.ended:
            _fail(turn, dependent, f"task {task.number}, which it depends on, is {task.state}")


def overdue(turn: Turn, task: Task) -> None:
    """Its alarm rang: a back-off has passed, or it was not started, or not ended, in time."""
    state, now = turn.state, turn.now
    if task.state is TaskState.QUEUED:
        state.alarms.clear("task", task.number)
        turn.reschedule = True
        return
    agent = state.agents.get(task.agent or "")
    waiting = agent is not None and (agent.paused or bool(state.locks.waiting_of(agent.name)))
    change = state.changes.get(task.change or 0)
    if waiting or (change is not None and change.state not in gate.ENDED) or state.no_expiry_before > now:
        state.alarms.set("task", task.number, now + state.limits.lease)
    elif task.state is TaskState.CLAIMED:
        reason = f"not started within {state.limits.claim_limit:g} s of its award"
        abandon(turn, task, reason, death=False, blame=True)
    else:
        abandon(turn, task, "its time limit has passed", death=False, blame=True)


def cancel(turn: Turn, task: Task, reason: str) -> None:
    """Call it off, wherever it is; the agent is told to stop its tool."""
    if task.ended:
        turn.refuse(Code.WRONG_STATE, f"task {task.number} is {task.state} already", field="task")
        return
    if gate.is_landing(turn, task) or _landed(turn, task):
        turn.refuse(
            Code.WRONG_STATE, f"the change of task {task.number} is landing this moment", hint="undo it afterwards"
        )
        return
    gate.withdraw(turn, task, "the task was cancelled")
    attempts.give_back(turn, task)
    turn.record(facts.TaskCancelled(task=task.number, agent=task.agent, reason=reason))
    _fail_dependents(turn, task)
    turn.reschedule = True


def pause(turn: Turn, task: Task) -> None:
    """Stop it where it is."""
    if task.ended or task.state is TaskState.PAUSED:
        turn.refuse(Code.WRONG_STATE, f"task {task.number} is {task.state}", field="task")
        return
    turn.record(facts.TaskPaused(task=task.number, agent=task.agent))


def resume(turn: Turn, task: Task) -> None:
    """Go on from where it was paused."""
    if task.state is not TaskState.PAUSED:
        turn.refuse(Code.WRONG_STATE, f"task {task.number} is {task.state}, not paused", field="task")
        return
    if not hardware.retake(turn, task):
        turn.refuse(Code.HARDWARE_FULL, f"the memory task {task.number} needs is taken by others now", rule=6)
        return
    turn.record(facts.TaskResumed(task=task.number, agent=task.agent))
    turn.reschedule = True


def retry(turn: Turn, task: Task) -> None:
    """Give an ended, undone task another chance, none of its attempts held against it."""
    if task.posted.task_kind is TaskKind.REVIEW:
        turn.refuse(Code.WRONG_STATE, "a review is part of another task; retry that one", field="task")
        return
    if task.state not in (TaskState.FAILED, TaskState.CANCELLED):
        turn.refuse(Code.WRONG_STATE, f"task {task.number} is {task.state}; only a failed one is retried", field="task")
        return
    if (reason := hopeless(turn, task.posted.depends_on)) is not None:
        turn.refuse(Code.WRONG_STATE, f"{reason}, and this task depends on it", hint="retry that one first")
        return
    turn.record(facts.TaskRequeued(task=task.number, reason="retried by the person"))
    turn.reschedule = True


def reprioritise(turn: Turn, task: Task, priority: int) -> None:
    """Move it in the queue; what is under way is not disturbed."""
    if task.ended:
        turn.refuse(Code.WRONG_STATE, f"task {task.number} is {task.state} already", field="task")
        return
    turn.record(facts.TaskReprioritised(task=task.number, priority=priority))
    turn.reschedule = True
