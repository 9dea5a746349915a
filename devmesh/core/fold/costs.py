"""Facts about what is spent, applied."""

from __future__ import annotations

from typing import Final

from devmesh.core.fold import Folds
from devmesh.core.state import MeshState
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.terms import Spending


def usage_reported(state: MeshState, _: Recorded, fact: facts.UsageReported) -> None:
    more = Spending(input_tokens=fact.input_tokens, output_tokens=fact.output_tokens, dollars=fact.dollars or 0.0)
    state.spent = _sum(state.spent, more)
    if (agent := state.agents.get(fact.agent)) is not None:
        agent.spent = _sum(agent.spent, more)
    if (task := state.tasks.get(fact.task)) is not None:
        task.spent, task.this_run = _sum(task.spent, more), _sum(task.this_run, more)
        task.dearest_run = _dearer(task.dearest_run, task.this_run)
        state.dearest_run = _dearer(state.dearest_run, task.this_run)


def budget_set(state: MeshState, _: Recorded, fact: facts.BudgetSet) -> None:
    if fact.task is None:
        state.budget, state.short_of_money = fact.budget, False
    else:
        state.tasks[fact.task].budget = fact.budget


def budget_reached(state: MeshState, _: Recorded, fact: facts.BudgetReached) -> None:
    if fact.task is None:
        state.short_of_money = True
    else:
        state.tasks[fact.task].short_of_money = True


def _sum(one: Spending, other: Spending) -> Spending:
    return Spending(
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        dollars=round(one.dollars + other.dollars, 6),
    )


def _dearer(one: Spending, other: Spending) -> Spending:
    return Spending(
        input_tokens=max(one.input_tokens, other.input_tokens),
        output_tokens=max(one.output_tokens, other.output_tokens),
        dollars=max(one.dollars, other.dollars),
    )


FOLD: Final[Folds] = {
    facts.UsageReported: usage_reported,
    facts.BudgetSet: budget_set,
    facts.BudgetReached: budget_reached,
}
