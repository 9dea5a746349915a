"""The rulebook: ten rules, each with a place that enforces it and a test that breaks it."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from devmesh.core.rules import RULES, Rule, rulebook

#: Where each rule is broken on purpose, to see that it holds.
BROKEN_IN = {
    1: "test_framework.py::test_nobody_else_plans",
    2: "test_arbitration.py::test_a_stranger_to_the_bidding_is_refused",
    3: "test_gate.py::test_what_cannot_be_merged_needs_write",
    4: "test_agents.py::test_silence_ends_an_agent_at_its_lease_not_before",
    5: "test_reviews.py::test_the_author_cannot_approve",
    6: "test_tasks.py::test_a_task_larger_than_the_machine_is_refused",
    7: "test_framework.py::test_the_framework_is_read_before_work",
    8: "test_tasks.py::test_done_is_not_believed_without_a_landed_change",
    9: "test_gate.py::test_a_covered_change_is_prepared_applied_and_told_to_all",
    10: "test_step.py::test_state_changes_only_by_recorded_facts",
}


def test_there_are_ten() -> None:
    """Numbered 1 to 10, in order, and all of them are sent."""
    assert [rule.number for rule in RULES] == list(range(1, 11))
    assert all(rule.text in rulebook() for rule in RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.number))
def test_each_rule_names_a_real_place(rule: Rule) -> None:
    """`enforced_in` can be imported: a rule whose place is gone is a wish."""
    parts = rule.enforced_in.split(".")
    for split in range(len(parts) - 1, 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:split]))
        except ModuleNotFoundError:
            continue
        for name in parts[split:]:
            found = getattr(found, name)
        return
    pytest.fail(f"no module in {rule.enforced_in}")


@pytest.mark.parametrize("number", sorted(BROKEN_IN))
def test_each_rule_is_broken_by_a_test(number: int) -> None:
    """The test named here exists."""
    file, _, name = BROKEN_IN[number].partition("::")
    assert f"def {name}(" in (Path(__file__).parent / file).read_text(encoding="utf-8")
