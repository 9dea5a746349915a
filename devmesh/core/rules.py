"""The rulebook: ten rules, each with its number, its text and the place that enforces it.

Sent whole to every agent; the README, the notebook and the tests read this table.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Rule(NamedTuple):
    """One rule. `enforced_in` names the function without which it would be a wish."""

    number: int
    name: str
    text: str
    enforced_in: str


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        1,
        "Framework Authority",
        "The architect, the first agent to join, plans towards the goal: an overview and a task graph. Nobody else.",
        "devmesh.core.framework.propose",
    ),
    Rule(
        2,
        "No Task Assignment",
        "Agents bid; the coordinator awards by fitness, then to who was served least. No agent gives work to another.",
        "devmesh.core.sessions.MAY_SAY",
    ),
    Rule(
        3,
        "Lock Hierarchy",
        "READ, INTENT, WRITE: a holder upgrades in place as the matrix allows; everyone else waits or is refused.",
        "devmesh.core.lock_requests.request",
    ),
    Rule(
        4,
        "Heartbeat Obligation",
        "An agent is heard within its lease or it is lost: its locks end and its task goes to another.",
        "devmesh.core.agents.lose",
    ),
    Rule(
        5,
        "Critic Requirement",
        "A change under review lands only when approved over another connection than its author's.",
        "devmesh.core.reviews.give",
    ),
    Rule(
        6,
        "Hardware Throttle",
        "Memory is set aside before a task starts; a task that does not fit waits, one that never can is refused.",
        "devmesh.core.hardware.fits",
    ),
    Rule(
        7,
        "Read Before Work",
        "A task is started only by an agent that was given the framework in force when the task was awarded.",
        "devmesh.core.tasks.start",
    ),
    Rule(
        8,
        "Diff-Based Writes",
        "Work is offered as base and difference; the gate compares, merges, and recognises what is already there.",
        "devmesh.core.gate.prepared",
    ),
    Rule(
        9,
        "Pub/Sub File Events",
        "Every landing is told to every agent, with the files it changed.",
        "devmesh.core.audience.AUDIENCE",
    ),
    Rule(
        10,
        "Single Source of Truth",
        "State changes only by facts on record; what is not recorded was not said.",
        "devmesh.core.turn.Turn.record",
    ),
)


def rulebook() -> str:
    """The rules as agents are given them."""
    return "\n".join(f"Rule {rule.number} - {rule.name}: {rule.text}" for rule in RULES)
