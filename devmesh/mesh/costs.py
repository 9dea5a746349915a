"""`mesh.costs`: what the tools spent, by task, as far as they say; and what may be spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from devmesh.core.costs import budget_of
from devmesh.mesh.nouns import Noun

if TYPE_CHECKING:
    from devmesh.core.state import MeshState
    from devmesh.vocabulary.terms import Budget, Spending


class Cost(NamedTuple):
    """What one task spent, all attempts together."""

    task: int
    agent: str | None
    "Who has it, or had it last."
    input_tokens: int
    output_tokens: int
    dollars: float
    "0 where the tool names no price."


class Costs(Noun[int, Cost]):
    """What was spent, by task. `spent` and `budget` are of the whole mesh; a budget is set by `mesh.budget(usd=5)`."""

    called = "costs"
    columns = ("task", "agent", "tokens read", "tokens written", "dollars")

    def _keys(self, state: MeshState) -> list[int]:
        return [number for number, task in state.tasks.items() if task.spent.tokens or task.spent.dollars]

    def _look(self, state: MeshState, key: int) -> Cost:
        task = state.tasks[key]
        return Cost(key, task.agent, task.spent.input_tokens, task.spent.output_tokens, task.spent.dollars)

    def _held(self, key: int) -> Cost:
        return self._read(lambda state: self._look(state, key))

    def _row(self, state: MeshState, key: int) -> tuple[object, ...]:
        number, agent, read, written, dollars = self._look(state, key)
        return (number, agent, read, written, f"{dollars:.4f}")

    @property
    def spent(self) -> Spending:
        """What the whole mesh spent, since its project's first start."""
        return self._read(lambda state: state.spent)

    @property
    def budget(self) -> Budget:
        """What the whole mesh may spend. None of a kind: no limit."""
        return self._read(budget_of)

    @property
    def used_up(self) -> bool:
        """Whether work is held back because the budget would not do for one more run."""
        return self._read(lambda state: state.short_of_money)
