"""Facts about the mesh and its sessions, applied."""

from __future__ import annotations

from typing import Final

from devmesh.core.fold import Folds
from devmesh.core.state import MeshState, Session
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded


def coordinator_started(state: MeshState, recorded: Recorded, fact: facts.CoordinatorStarted) -> None:
    """Nobody is connected; every surviving lease runs anew from now (losing a renewal in a crash is harmless)."""
    state.epoch, state.project, state.version, state.limits = fact.epoch, fact.project, fact.version, fact.limits
    state.running = True
    state.no_expiry_before = 0.0
    state.by_connection.clear()
    state.watchers.clear()
    for session in state.sessions.values():
        session.connection = None
        if session.agent is None:
            state.alarms.set("session", session.number, recorded.now + fact.limits.session_keep)
    for agent in state.present:
        agent.away = True
        agent.deadline = recorded.now + fact.limits.lease
        state.alarms.set("agent", agent.name, agent.deadline)
    state.locks.rearm(recorded.now)


def coordinator_stopped(state: MeshState, _: Recorded, __: facts.CoordinatorStopped) -> None:
    state.running = False


def coordinator_stalled(state: MeshState, recorded: Recorded, _: facts.CoordinatorStalled) -> None:
    state.no_expiry_before = recorded.now + state.limits.stall_credit


def session_opened(state: MeshState, _: Recorded, fact: facts.SessionOpened) -> None:
    state.counted["session"] = fact.session
    state.sessions[fact.session] = Session(
        number=fact.session, role=fact.role, key=fact.key, connection=fact.connection, credential=fact.credential
    )
    state.by_key[fact.key] = fact.session
    state.by_connection[fact.connection] = fact.session


def session_resumed(state: MeshState, _: Recorded, fact: facts.SessionResumed) -> None:
    session = state.sessions[fact.session]
    if session.connection is not None:
        state.by_connection.pop(session.connection, None)
    session.connection = fact.connection
    state.by_connection[fact.connection] = fact.session
    state.watchers.pop(fact.session, None)
    state.alarms.clear("session", fact.session)
    if session.agent is not None:
        state.agents[session.agent].away = False


def session_dropped(state: MeshState, recorded: Recorded, fact: facts.SessionDropped) -> None:
    session = state.sessions[fact.session]
    if session.connection is not None:
        state.by_connection.pop(session.connection, None)
    session.connection = None
    state.watchers.pop(fact.session, None)
    if session.agent is None or state.agents[session.agent].gone:
        state.alarms.set("session", fact.session, recorded.now + state.limits.session_keep)
    else:
        state.agents[session.agent].away = True


def session_forgotten(state: MeshState, _: Recorded, fact: facts.SessionForgotten) -> None:
    session = state.sessions.pop(fact.session)
    state.by_key.pop(session.key, None)
    state.alarms.clear("session", fact.session)


def credential_issued(state: MeshState, _: Recorded, fact: facts.CredentialIssued) -> None:
    state.counted["credential"] = fact.credential
    state.credentials[fact.credential] = fact


def credential_revoked(state: MeshState, _: Recorded, fact: facts.CredentialRevoked) -> None:
    state.credentials.pop(fact.credential, None)


def watch_begun(state: MeshState, _: Recorded, fact: facts.WatchBegun) -> None:
    state.watchers[fact.session] = None


FOLD: Final[Folds] = {
    facts.CoordinatorStarted: coordinator_started,
    facts.CoordinatorStopped: coordinator_stopped,
    facts.CoordinatorStalled: coordinator_stalled,
    facts.SessionOpened: session_opened,
    facts.SessionResumed: session_resumed,
    facts.SessionDropped: session_dropped,
    facts.SessionForgotten: session_forgotten,
    facts.CredentialIssued: credential_issued,
    facts.CredentialRevoked: credential_revoked,
    facts.WatchBegun: watch_begun,
}
