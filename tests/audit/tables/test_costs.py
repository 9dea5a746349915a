"""What was spent, report by report."""

from __future__ import annotations

from devmesh.audit.tables.agents import AGENT_FACTS, fold_agents
from devmesh.audit.tables.costs import fold_costs
from devmesh.audit.tables.tasks import TASK_FACTS, fold_tasks
from tests.audit.samples import working


def test_each_report_is_a_row_with_the_tool_of_its_agent() -> None:
    """A price is missing where the tool named none: it is not a price of nothing."""
    made = fold_costs(working().recorded)
    assert [(row.task, row.agent, row.tool, row.model, row.input_tokens, row.dollars) for row in made] == [
        (1, "claude-1", "claude", None, 900, 0.25),
        (1, "claude-1", "claude", "opus", 50, None),
    ]


def test_task_and_agent_add_theirs_up() -> None:
    """All attempts together."""
    recorded = working().recorded
    told_of_tasks = [one for one in recorded if isinstance(one.fact, TASK_FACTS)]
    told_of_agents = [one for one in recorded if isinstance(one.fact, AGENT_FACTS)]
    task = next(row for row in fold_tasks(told_of_tasks, 0.0) if row.task == 1)
    agents = {row.agent: row for row in fold_agents(told_of_agents, 0.0)}
    for row in (task, agents["claude-1"]):
        assert (row.input_tokens, row.output_tokens, row.dollars) == (950, 105, 0.25)
    assert agents["codex-1"].dollars is None
