"""Writes that came without the gate or a lock: put on record, with both versions. They are never undone here."""

from __future__ import annotations

from devmesh.core.events import Rescued
from devmesh.core.state import Agent
from devmesh.core.targets import escape
from devmesh.core.turn import Turn
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import LockMode, WrittenBehind


def report(turn: Turn, agent: Agent, request: requests.ReportWrite) -> None:
    """An agent's bridge found it: its tool's doing, or somebody's whom nobody knows."""
    turn.record(
        facts.WriteFound(
            write=turn.state.number("write"),
            path=request.path,
            found_by=WrittenBehind.LEFT if request.left else WrittenBehind.SWEEP,
            agent=agent.name if request.suspected else None,
            task=request.task,
            before=request.before,
            after=request.after,
            holders=_holders(turn, agent.name if request.suspected else "", request.path),
            reporter=agent.name,
        )
    )


def rescued(turn: Turn, found: Rescued) -> None:
    """The gate met it in the moment of an exchange."""
    turn.record(
        facts.WriteFound(
            write=turn.state.number("write"),
            path=found.path,
            found_by=WrittenBehind.GATE,
            before=found.before,
            after=found.after,
            holders=_holders(turn, "", found.path),
        )
    )


def _holders(turn: Turn, agent: str, path: str) -> tuple[str, ...]:
    """Who else held a lock on it."""
    blockers = turn.state.locks.conflicts("", (escape(path),), LockMode.WRITE)
    return tuple(dict.fromkeys(lock.agent for lock in blockers.holders if lock.agent != agent))
