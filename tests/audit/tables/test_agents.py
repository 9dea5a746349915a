"""An agent's row: what it is and what it did."""

from __future__ import annotations

from devmesh.audit.tables.agents import AGENT_FACTS, AgentRow, fold_agents
from devmesh.vocabulary import facts
from devmesh.vocabulary.terms import Blockage
from tests.audit.samples import History, working
from tests.core.rig import Rig


def rows(told: History, until: float | None = None) -> dict[str, AgentRow]:
    """The rows of a history, by name."""
    kept = [one for one in told.recorded if isinstance(one.fact, AGENT_FACTS)]
    return {row.agent or "": row for row in fold_agents(kept, told.now if until is None else until)}


def test_what_an_agent_did_is_counted() -> None:
    """Awards, results, bids, landings, conflicts, locks, its work and its waiting, its memory."""
    row = rows(working())["claude-1"]
    assert (row.tool, row.model, row.badge, row.state, row.pid) == ("claude", "opus", "watched", "idle", 7)
    assert (row.awards, row.completed, row.failed, row.bids, row.landed, row.conflicts) == (1, 1, 0, 1, 1, 1)
    assert (row.locks, row.lock_wait, row.worked) == (2, 4.0, 25.0)
    assert (row.ram_gb, row.used_ram_gb) == (2.0, 3.0)


def test_one_that_went_says_why() -> None:
    """With what it was refused and what it declined."""
    row = rows(working())["codex-1"]
    assert (row.state, row.reason, row.declined, row.refusals) == ("gone", "done", 1, 1)
    assert row.left is not None


def test_states_follow_the_facts() -> None:
    """Working, paused, away, back, and away again when the coordinator starts anew."""
    told = working()
    told.add(facts.TaskPosted(task=4, prompt="p"), facts.TaskAwarded(task=4, attempt=1, agent="claude-1", prompt="p"))
    assert rows(told)["claude-1"].state == "working"
    told.add(facts.AgentPaused(agent="claude-1"))
    assert rows(told)["claude-1"].state == "paused"
    told.add(facts.SessionDropped(session=1))
    assert rows(told)["claude-1"].state == "away"
    told.add(facts.SessionResumed(session=1, connection=9), facts.AgentResumed(agent="claude-1"))
    assert rows(told)["claude-1"].state == "working"
    told.add(facts.CoordinatorStarted(epoch=2, project="/project"))
    assert rows(told)["claude-1"].state == "away"
    told.add(facts.AgentLost(agent="claude-1", reason="lease ended"))
    assert rows(told)["claude-1"].state == "gone"


def test_a_parked_agent_is_parked_until_it_is_tried_again() -> None:
    """And what it had is no longer its own, once it was queued again."""
    told = working()
    told.add(facts.TaskPosted(task=4, prompt="p"), facts.TaskAwarded(task=4, attempt=1, agent="claude-1", prompt="p"))
    told.add(facts.TaskRequeued(task=4, blameless=True))
    assert rows(told)["claude-1"].state == "idle"
    told.add(facts.AgentParked(agent="claude-1", blockage=Blockage.RATE_LIMIT, retry_in=60.0))
    assert (rows(told)["claude-1"].state, rows(told)["claude-1"].parked) == ("parked", 1)
    told.add(facts.AgentUnparked(agent="claude-1"))
    assert rows(told)["claude-1"].state == "idle"


def test_the_rows_agree_with_the_core() -> None:
    """Names and states are those of the core that recorded the facts."""
    rig = Rig()
    rig.join("claude", "codex", "gemini")
    rig.complete(rig.post("one"))
    rig.begin(rig.post("two"))
    told = History()
    told.recorded = rig.kept
    made = rows(told, rig.now)
    assert {name: row.state for name, row in made.items()} == {a.name: a.state.value for a in rig.state.agents.values()}
