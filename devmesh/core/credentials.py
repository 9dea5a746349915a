"""Credentials of single clients: who has the secret is let in, in one role, until the person takes it back."""

from __future__ import annotations

from devmesh.core.effects import HangUp
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
