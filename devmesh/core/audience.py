"""Who is told what: a table from fact to listeners. Watchers are told everything; the one who asked, the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from devmesh.core.state import MeshState
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded


def _its_agent(_: MeshState, fact: Any) -> Iterable[str]:
    return (fact.agent,) if fact.agent else ()


def _its_agents(_: MeshState, fact: facts.BiddingOpened) -> Iterable[str]:
    return fact.agents


def _everyone(state: MeshState, _: Any) -> Iterable[str]:
    return [agent.name for agent in state.present]


def _who_may_answer(state: MeshState, fact: facts.QuestionAsked) -> Iterable[str]:
    return _everyone(state, fact) if fact.agents_may_answer else (fact.agent,)


def _its_assignee(state: MeshState, fact: Any) -> Iterable[str]:
    task = state.tasks.get(fact.task)
    return (task.agent,) if task and task.agent else ()


def _its_task(state: MeshState, fact: facts.BudgetReached) -> Iterable[str]:
    return _its_assignee(state, fact) if fact.task is not None else ()


AUDIENCE: Final[dict[type[Any], Callable[[MeshState, Any], Iterable[str]]]] = {
    facts.CoordinatorStopped: _everyone,
    facts.LeasesRenewed: _its_agent,
    facts.AgentJoined: _its_agent,
    facts.AgentLeft: _its_agent,
    facts.AgentLost: _its_agent,
    facts.AgentPaused: _its_agent,
    facts.AgentResumed: _its_agent,
    facts.AgentDismissed: _its_agent,
    facts.ArchitectNamed: _everyone,
    facts.FrameworkRequested: _its_agent,
    facts.FrameworkProposed: _everyone,
    facts.FrameworkRead: _its_agent,
    facts.DiscoveryShared: _everyone,
    facts.LockGranted: _its_agent,
    facts.LockQueued: _its_agent,
    facts.LockWaitEnded: _its_agent,
    facts.LockReleased: _its_agent,
    facts.LockExpired: _its_agent,
    facts.BiddingOpened: _its_agents,
    facts.BidPlaced: _its_agent,
    facts.BidDeclined: _its_agent,
    facts.TaskAwarded: _its_agent,
    facts.TaskStarted: _its_agent,
    facts.TaskPaused: _its_agent,
    facts.TaskResumed: _its_agent,
    facts.TaskCancelled: _its_agent,
    facts.TaskReprioritised: _its_assignee,
    facts.TaskCompleted: _its_agent,
    facts.TaskFailed: _its_agent,
    facts.TaskAbandoned: _its_agent,
    facts.ChangeOffered: _its_agent,
    facts.ReviewRequested: _its_agent,
    facts.ReviewGiven: _its_agent,
    facts.CheckEnded: _its_assignee,
    facts.ChangeApplied: _everyone,
    facts.ChangeReturned: _its_agent,
    facts.HardwareExceeded: _its_agent,
    facts.AgentParked: _its_agent,
    facts.AgentUnparked: _its_agent,
    facts.UsageReported: _its_agent,
    facts.BudgetReached: _its_task,
    facts.QuestionAsked: _who_may_answer,
    facts.QuestionAnswered: _its_agent,
    facts.WriteFound: _its_agent,
}
"Facts that are not in the table concern watchers and the one who asked."


def sessions_told(state: MeshState, recorded: Recorded) -> list[int]:
    """The sessions a fact is told to, in order of their numbers."""
    fact = recorded.fact
    kind = type(fact)
    if kind is facts.WatchBegun:
        return []
    told = set(state.watchers)
    listeners = AUDIENCE.get(kind)
    for name in listeners(state, fact) if listeners else ():
        agent = state.agents.get(name)
        if agent is not None and (session := state.sessions.get(agent.joined.session)) and session.agent == name:
            told.add(session.number)
    if isinstance(fact, _SESSION_BEGINS):
        told.add(fact.session)
    elif recorded.session is not None and recorded.request is not None and kind in _ANSWERS:
        told.add(recorded.session)
    return sorted(told)


_SESSION_BEGINS: Final = (facts.SessionOpened, facts.SessionResumed)
_ANSWERS: Final[frozenset[type[Any]]] = frozenset(
    {
        facts.RequestRefused,
        facts.TaskPosted,
        facts.Standing,
        facts.TaskCancelled,
        facts.TaskPaused,
        facts.TaskResumed,
        facts.TaskRequeued,
        facts.TaskReprioritised,
        facts.AgentPaused,
        facts.AgentResumed,
        facts.AgentDismissed,
        facts.GoalSet,
        facts.FrameworkRequested,
        facts.ReviewGiven,
        facts.LockReleased,
        facts.DiscoveryShared,
        facts.AgentUnparked,
        facts.BudgetSet,
        facts.QuestionAnswered,
        facts.AnswerRuleSet,
        facts.AnswerRuleDropped,
        facts.CredentialIssued,
        facts.CredentialRevoked,
        facts.WriteFound,
        facts.HardwareReleased,
    }
)
"Facts that answer whoever asked, also where they concern somebody else."
