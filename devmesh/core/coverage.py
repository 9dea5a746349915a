"""Whether locks cover a change: current tokens, the right mode, every file."""

from __future__ import annotations

from devmesh.core.awards import lane_of, locked_globs
from devmesh.core.overlap import overlap
from devmesh.core.state import Agent, Change, MeshState
from devmesh.core.targets import covers
from devmesh.core.turn import Turn
from devmesh.errors import Code
from devmesh.vocabulary import requests
from devmesh.vocabulary.terms import Lane, LockMode

WRITING = frozenset({LockMode.WRITE, LockMode.CO_WRITE})


def covered(turn: Turn, agent: Agent, request: requests.OfferChange) -> bool:
    """Whether every file lies under a live token of this agent in a writing mode; else the offer is refused."""
    locks = [turn.state.locks.locks.get(token) for token in request.tokens]
    for token, lock in zip(request.tokens, locks, strict=True):
        if lock is None or lock.agent != agent.name:
            turn.refuse(Code.STALE_TOKEN, f"token {token} is not a lock of {agent.name} now", field="tokens")
            return False
    writing = [lock for lock in locks if lock is not None and lock.mode in WRITING]
    exclusive = locked_globs(turn.state)
    for file in request.files:
        modes = {lock.mode for lock in writing if covers(lock.target, file.path)}
        if not modes:
            turn.refuse(
                Code.NOT_COVERED,
                f"{file.path} is under no WRITE or CO_WRITE lock among these tokens",
                rule=3,
                field="files",
                hint="request the lock, then offer again with its token",
            )
            return False
        if LockMode.WRITE not in modes and any(overlap(glob, file.path) for glob in exclusive):
            turn.refuse(
                Code.NOT_COVERED,
                f"{file.path} cannot be merged; it needs a WRITE lock",
                rule=3,
                field="files",
            )
            return False
    return True


def still_held(state: MeshState, change: Change) -> bool:
    """Whether every token the change was offered with is still its agent's live lock."""
    held = state.locks.locks
    return all(token in held and held[token].agent == change.offered.agent for token in change.offered.tokens)


def mergeable(state: MeshState, change: Change) -> tuple[str, ...]:
    """The files where a three-way merge may stand in for an exact match: those of the optimistic lane."""
    return tuple(file.path for file in change.offered.files if lane_of(state, file.path) is Lane.OPTIMISTIC)
