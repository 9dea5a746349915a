"""A change's row, from its offer to its landing or return."""

from __future__ import annotations

from devmesh.audit.tables.changes import CHANGE_FACTS, fold_changes
from devmesh.vocabulary import facts
from tests.audit.samples import History, working


def test_a_return_and_a_landing() -> None:
    """The conflict with its count; the landing with its review, its check and its time on the way."""
    returned, landed = fold_changes([one for one in working().recorded if isinstance(one.fact, CHANGE_FACTS)])
    assert (returned.state, returned.code, returned.conflicts, returned.landing) == ("returned", "CONFLICT", 1, None)
    assert (landed.state, landed.landing, landed.files, landed.merged) == ("applied", "merged", 2, 1)
    assert (landed.reviewer, landed.verdict, landed.check_passed, landed.check_took) == (
        "codex-1",
        "approve",
        True,
        1.5,
    )
    assert (landed.took, landed.conflicts) == (2.0, 0)


def test_a_change_on_its_way_has_no_end() -> None:
    """Where it is, by the core's own table; withdrawn, it says why."""
    told = History()
    offered = next(one.fact for one in working().recorded if isinstance(one.fact, facts.ChangeOffered))
    told.add(offered)
    told.add(facts.GateEntered(change=1, agent="claude-1", task=1))
    (row,) = fold_changes(told.recorded)
    assert (row.state, row.ended, row.took) == ("preparing", None, None)
    told.add(facts.ChangeWithdrawn(change=1, reason="task cancelled"))
    (row,) = fold_changes(told.recorded)
    assert (row.state, row.message, row.took) == ("withdrawn", "task cancelled", 2.0)
