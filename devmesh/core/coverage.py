"""Whether locks cover a change: current tokens, the right mode, every file."""

from __future__ import annotations

from devmesh.core.awards import lane_of_file
from devmesh.core.locks import WRITING, Lock
from devmesh.core.state import Agent, Change, MeshState
from devmesh.core.targets import covers
from devmesh.core.turn import Turn
from devmesh.errors import Code
from devmesh.vocabulary import requests
from devmesh.vocabulary.terms import Lane, LockMode


def covered(turn: Turn, agent: Agent, request: requests.OfferChange) -> bool:
    """Whether every file lies under a live token of this agent in a writing mode; else the offer is refused."""
    held = turn.state.locks.locks
    offered: dict[int, Lock] = {}
    for token in request.tokens:
        lock = held.get(token)
        if lock is None or lock.agent != agent.name:
            turn.refuse(Code.STALE_TOKEN, f"token {token} is not a lock of {agent.name} now", field="tokens")
            return False
        offered[token] = lock
    return all(_is_covered(turn, agent, file.path, offered) for file in request.files)


def _is_covered(turn: Turn, agent: Agent, path: str, offered: dict[int, Lock]) -> bool:
    mode = _cover(turn.state, agent, path, offered)
    if mode is None:
        turn.refuse(
            Code.NOT_COVERED,
            f"{path[:300]} is under no WRITE or CO_WRITE lock among these tokens",
            rule=3,
            field="files",
            hint="request the lock, then offer again with its token",
        )
        return False
    if mode is not LockMode.WRITE and lane_of_file(turn.state, path) is Lane.LOCKED:
        message = f"{path[:300]} cannot be merged; it needs a WRITE lock"
        turn.refuse(Code.NOT_COVERED, message, rule=3, field="files")
        return False
    return True


def _cover(state: MeshState, agent: Agent, path: str, offered: dict[int, Lock]) -> LockMode | None:
    """The mode of the best cover. The index finds it; where that was not offered, the offered ones are tried."""
    best = state.locks.covering(agent.name, path)
    if best is None or best.token in offered:
        return best.mode if best else None
    modes = {lock.mode for lock in offered.values() if lock.mode in WRITING and covers(lock.target, path)}
    return LockMode.WRITE if LockMode.WRITE in modes else next(iter(modes), None)


def still_held(state: MeshState, change: Change) -> bool:
    """Whether every token the change was offered with is still its agent's live lock."""
    held = state.locks.locks
    return all(token in held and held[token].agent == change.offered.agent for token in change.offered.tokens)


def mergeable(state: MeshState, change: Change) -> tuple[str, ...]:
    """The files where a three-way merge may stand in for an exact match: those of the optimistic lane."""
    return tuple(file.path for file in change.offered.files if lane_of_file(state, file.path) is Lane.OPTIMISTIC)
