"""Agents whose service would not serve them: asked nothing for a while, and no fault of the task they had."""

from __future__ import annotations

from typing import Final

from devmesh.core.state import Agent
from devmesh.core.turn import Turn
from devmesh.vocabulary import facts
from devmesh.vocabulary.terms import Blockage

LONGEST: Final = 3600.0
"Seconds, when the service itself named no time."


def park(turn: Turn, agent: Agent, blockage: Blockage, reason: str, retry_in: float | None) -> None:
    """Ask it nothing until its service may serve again: as the service said, else longer each time in a row."""
    doubling = min(LONGEST, turn.state.limits.park * 2.0**agent.blocked)
    turn.record(
        facts.AgentParked(
            agent=agent.name,
            blockage=blockage,
            reason=reason[:500],
            retry_in=doubling if retry_in is None else max(1.0, retry_in),
        )
    )


def unpark(turn: Turn, agent: Agent) -> None:
    """Try it again."""
    if agent.parked is not None and not agent.gone:
        turn.record(facts.AgentUnparked(agent=agent.name))
        turn.reschedule = True
