"""What tools spend, and the budgets that stop them before they spend more. Knows no prices: tools name their own."""

from __future__ import annotations

from typing import Final

from devmesh.core import hardware
from devmesh.core.state import Agent, MeshState, Task
from devmesh.core.turn import Turn
from devmesh.errors import Code
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import Budget, Spending, TaskState

NOTHING: Final = Spending()


def report(turn: Turn, agent: Agent, request: requests.ReportUsage) -> None:
    """Count what an attempt spent, also after its end: money spent is spent. Pauses what has no budget left."""
    task = turn.state.tasks.get(request.task)
    if task is None or task.agent != agent.name or task.attempt != request.attempt:
        turn.refuse(
            Code.NOT_ASSIGNED, f"attempt {request.attempt} of task {request.task} is not {agent.name}'s", rule=2
        )
        return
    turn.record(
        facts.UsageReported(
            task=task.number,
            attempt=task.attempt,
            agent=agent.name,
            input_tokens=request.input_tokens,
            output_tokens=request.output_tokens,
            dollars=request.dollars,
            model=request.model,
            conversation=request.conversation,
        )
    )
    if not task.ended and _is_spent(task.budget, task.spent):
        _pause(turn, task, task.budget, task.spent)
    if _is_spent(budget_of(turn.state), turn.state.spent):
        _stop_all(turn)


def allows(turn: Turn, task: Task) -> bool:
    """Whether one more run of the task would stay within its budget and the mesh's; says so, once, where it would not.

    A run is expected to cost what the dearest so far cost: of this task for its own budget, of any for the mesh's.
    """
    state = turn.state
    if _is_spent(task.budget, task.spent, task.dearest_run):
        _pause(turn, task, task.budget, task.spent)
        return False
    if _is_spent(budget_of(state), state.spent, state.dearest_run):
        _announce(turn)
        return False
    return True


def before_another_try(turn: Turn, task: Task) -> None:
    """Its change came back: the agent would run its tool again. Pause it, where no budget is left for that."""
    if not allows(turn, task):
        _pause(turn, task, budget_of(turn.state), turn.state.spent)


def _pause(turn: Turn, task: Task, budget: Budget, spent: Spending) -> None:
    if task.state is TaskState.PAUSED or task.ended:
        return
    turn.record(facts.BudgetReached(task=task.number, budget=budget, spent=spent))
    turn.record(facts.TaskPaused(task=task.number, agent=task.agent))


def _announce(turn: Turn) -> None:
    if not turn.state.short_of_money:
        turn.record(facts.BudgetReached(budget=budget_of(turn.state), spent=turn.state.spent))


def _stop_all(turn: Turn) -> None:
    _announce(turn)
    for number in list(turn.state.open_tasks):
        task = turn.state.tasks[number]
        if task.state in (TaskState.CLAIMED, TaskState.WORKING):
            _pause(turn, task, budget_of(turn.state), turn.state.spent)


def set_budget(turn: Turn, request: requests.SetBudget) -> None:
    """Allow more, or less. What was paused for want of money goes on where the new budget, and the memory, allow."""
    if request.task is not None and request.task not in turn.state.tasks:
        turn.refuse(Code.UNKNOWN, f"there is no task {request.task}", field="task")
        return
    turn.record(facts.BudgetSet(budget=request.budget, task=request.task))
    for task in _unblocked(turn):
        if hardware.retake(turn, task):
            turn.record(facts.TaskResumed(task=task.number, agent=task.agent))
    turn.reschedule = True


def _unblocked(turn: Turn) -> list[Task]:
    """Tasks that were paused for want of money and have enough now."""
    state = turn.state
    if _is_spent(budget_of(state), state.spent):
        return []
    waiting = [state.tasks[number] for number in state.open_tasks]
    return [
        task
        for task in waiting
        if task.short_of_money
        and task.state is TaskState.PAUSED
        and not _is_spent(task.budget, task.spent, task.dearest_run)
    ]


def budget_of(state: MeshState) -> Budget:
    """What the whole mesh may spend."""
    return state.budget if state.budget is not None else state.limits.budget


def left(state: MeshState, task: Task) -> Budget:
    """What one attempt may still spend: the lesser of the task's and the mesh's."""
    rests = [_rest(task.budget, task.spent), _rest(budget_of(state), state.spent)]
    return Budget(
        dollars=min((rest.dollars for rest in rests if rest.dollars is not None), default=None),
        tokens=min((rest.tokens for rest in rests if rest.tokens is not None), default=None),
    )


def _rest(budget: Budget, spent: Spending) -> Budget:
    return Budget(
        dollars=None if budget.dollars is None else max(0.0, round(budget.dollars - spent.dollars, 6)),
        tokens=None if budget.tokens is None else max(0, budget.tokens - spent.tokens),
    )


def _is_spent(budget: Budget, spent: Spending, coming: Spending = NOTHING) -> bool:
    """Whether nothing is left, or what is left would not do for what is coming."""
    return (
        budget.dollars is not None
        and (spent.dollars >= budget.dollars or spent.dollars + coming.dollars > budget.dollars)
    ) or (budget.tokens is not None and (spent.tokens >= budget.tokens or spent.tokens + coming.tokens > budget.tokens))
