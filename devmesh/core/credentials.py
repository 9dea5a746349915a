"""Credentials of single clients: who has the secret is let in, in one role, until the person takes it back."""

from __future__ import annotations

from devmesh.core.effects import HangUp
from devmesh.core.state import MeshState
from devmesh.core.turn import Turn
from devmesh.errors import Code
from devmesh.vocabulary import facts, requests


def issue(turn: Turn, request: requests.IssueCredential) -> None:
    """Let whoever has the secret with this digest in. A digest opens the door for one role only."""
    if any(issued.digest == request.digest for issued in turn.state.credentials.values()):
        turn.refuse(Code.WRONG_STATE, "this secret opens the door already", field="digest", hint="make a fresh one")
        return
    turn.record(
        facts.CredentialIssued(
            credential=turn.state.number("credential"), role=request.role, digest=request.digest, label=request.label
        )
    )


def revoke(turn: Turn, request: requests.RevokeCredential) -> None:
    """Close the door to it, and end every connection that came by it in this same turn."""
    state = turn.state
    if request.credential not in state.credentials:
        turn.refuse(Code.UNKNOWN, f"there is no credential {request.credential}", field="credential")
        return
    turn.record(facts.CredentialRevoked(credential=request.credential, reason=request.reason))
    for session in state.sessions.values():
        if session.credential == request.credential and session.connection is not None:
            turn.want(HangUp(connection=session.connection, reason="its credential was revoked"))


def came_by(state: MeshState, agent: str) -> int | None:
    """The credential that was issued to whoever joined under this name; None: it came by its role's own token."""
    known = state.agents.get(agent)
    session = state.sessions.get(known.joined.session) if known is not None else None
    return None if session is None else session.credential


def are_one(state: MeshState, agent: str, other: str) -> bool:
    """Whether both names are one agent's: the same name, or one issued credential, whatever it was called meanwhile."""
    by = came_by(state, agent)
    return agent == other or (by is not None and by == came_by(state, other))
