"""Who may say what, and how a connection becomes a session.

Identity and role come from the connection's credential; nothing a message contains can change them.
"""

from __future__ import annotations

from typing import Any, Final

from devmesh.core.agents import standing
from devmesh.core.effects import HangUp
from devmesh.core.events import Connected, Lost
from devmesh.core.turn import Turn
from devmesh.vocabulary import requests
from devmesh.vocabulary.facts import SessionDropped, SessionForgotten, SessionOpened, SessionResumed
from devmesh.vocabulary.terms import Role

_AGENT: Final = frozenset({Role.AGENT})
_OPERATOR: Final = frozenset({Role.OPERATOR})
_WATCHERS: Final = frozenset({Role.OBSERVER, Role.OPERATOR})
_SPEAKERS: Final = frozenset({Role.AGENT, Role.OPERATOR})
_ALL: Final = frozenset(Role)

MAY_SAY: Final[dict[type[Any], frozenset[Role]]] = {
    requests.Join: _AGENT,
    requests.Leave: _AGENT,
    requests.Heartbeat: _AGENT,
    requests.RequestLock: _AGENT,
    requests.ReleaseLock: _AGENT,
    requests.Bid: _AGENT,
    requests.Decline: _AGENT,
    requests.ReadFramework: _AGENT,
    requests.Start: _AGENT,
    requests.Report: _AGENT,
    requests.OfferChange: _AGENT,
    requests.Finish: _AGENT,
    requests.ReportUsage: _AGENT,
    requests.StandDown: _AGENT,
    requests.Ask: _AGENT,
    requests.ReportWrite: _AGENT,
    requests.ProposeFramework: _AGENT,
    requests.AnswerQuestion: _SPEAKERS,
    requests.Review: _SPEAKERS,
    requests.ShareDiscovery: _SPEAKERS,
    requests.SearchKnowledge: _ALL,
    requests.Look: _ALL,
    requests.Watch: _WATCHERS,
    requests.PostTask: _OPERATOR,
    requests.CancelTask: _OPERATOR,
    requests.PauseTask: _OPERATOR,
    requests.ResumeTask: _OPERATOR,
    requests.RetryTask: _OPERATOR,
    requests.ReprioritiseTask: _OPERATOR,
    requests.PauseAgent: _OPERATOR,
    requests.ResumeAgent: _OPERATOR,
    requests.DismissAgent: _OPERATOR,
    requests.ForceRelease: _OPERATOR,
    requests.SetGoal: _OPERATOR,
    requests.SetBudget: _OPERATOR,
    requests.SetAnswerRule: _OPERATOR,
    requests.DropAnswerRule: _OPERATOR,
    requests.IssueCredential: _OPERATOR,
    requests.RevokeCredential: _OPERATOR,
}
"""Deny by default: a request that is not here is refused to everyone."""

REPEATABLE: Final = (requests.Heartbeat, requests.SearchKnowledge, requests.Look, requests.Watch)
"Requests that leave no fact on record: hearing one late or twice is harmless."


def connect(turn: Turn, event: Connected) -> None:
    """Open a session for a new key; resume the session of a known one, ending its older connection."""
    state = turn.state
    number = state.by_key.get(event.key)
    session = state.sessions.get(number or 0)
    if event.credential is not None and event.credential not in state.credentials:
        turn.want(HangUp(connection=event.connection, reason="its credential was revoked"))
        return
    if session is None or session.role is not event.role or session.credential != event.credential:
        opened = SessionOpened(
            session=state.number("session"),
            connection=event.connection,
            role=event.role,
            key=event.key,
            credential=event.credential,
        )
        turn.record(opened)
        return
    if session.connection is not None:
        turn.want(HangUp(connection=session.connection, reason="a newer connection took this session over"))
    turn.record(SessionResumed(session=session.number, connection=event.connection))
    if session.agent is not None and not state.agents[session.agent].gone:
        turn.tell(session.number, standing(state, state.agents[session.agent]))
        turn.reschedule = True


def disconnect(turn: Turn, event: Lost) -> None:
    """The connection ended. What the session holds stays, until its lease ends."""
    number = turn.state.by_connection.get(event.connection)
    if number is not None:
        turn.record(SessionDropped(session=number, reason=event.reason[:500]))


def forget(turn: Turn, number: int) -> None:
    """A session dropped long ago is given up, with the answers kept for it."""
    session = turn.state.sessions.get(number)
    if session is not None and session.connection is None:
        turn.record(SessionForgotten(session=number))
