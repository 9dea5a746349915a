"""From a message to the rule it asks for: known session, unrepeated, allowed, then one call into a noun."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from devmesh.core import (
    agents,
    arbitration,
    board,
    contests,
    costs,
    credentials,
    framework,
    gate,
    lock_requests,
    posting,
    questions,
    reviews,
    tasks,
    writes,
)
from devmesh.core.effects import Search, SendState, Tell
from devmesh.core.events import Heard
from devmesh.core.sessions import MAY_SAY, REPEATABLE
from devmesh.core.state import Agent, Session, Task
from devmesh.core.turn import Turn
from devmesh.errors import Code
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.record import kind_of

FROM_AGENTS: Final[dict[type[Any], Callable[[Turn, Agent, Any], None]]] = {
    requests.Leave: agents.leave,
    requests.Heartbeat: agents.heartbeat,
    requests.RequestLock: lambda turn, agent, said: lock_requests.request(turn, agent.name, said),
    requests.ReleaseLock: lambda turn, agent, said: lock_requests.release(turn, agent.name, said.tokens),
    requests.Bid: arbitration.bid,
    requests.Decline: arbitration.decline,
    requests.ReadFramework: framework.read,
    requests.Start: tasks.start,
    requests.Report: tasks.report,
    requests.OfferChange: gate.offer,
    requests.Finish: tasks.finish,
    requests.ReportUsage: costs.report,
    requests.StandDown: tasks.stand_down,
    requests.Ask: questions.ask,
    requests.AnswerQuestion: questions.answer,
    requests.ReportWrite: writes.report,
    requests.Review: reviews.give,
    requests.ProposeFramework: framework.propose,
    requests.ShareDiscovery: lambda turn, agent, said: framework.share(turn, agent.name, said),
}
"What a joined agent may ask for."

OF_TASKS: Final[dict[type[Any], Callable[[Turn, Task, Any], None]]] = {
    requests.CancelTask: lambda turn, task, said: tasks.cancel(turn, task, said.reason),
    requests.PauseTask: lambda turn, task, _: tasks.pause(turn, task),
    requests.ResumeTask: lambda turn, task, _: tasks.resume(turn, task),
    requests.RetryTask: lambda turn, task, _: tasks.retry(turn, task),
    requests.ReprioritiseTask: lambda turn, task, said: tasks.reprioritise(turn, task, said.priority),
}
"What the person asks of a task."

OF_AGENTS: Final[dict[type[Any], Callable[[Turn, Agent, Any], None]]] = {
    requests.PauseAgent: lambda turn, agent, _: agents.pause(turn, agent),
    requests.ResumeAgent: lambda turn, agent, _: agents.resume(turn, agent),
    requests.DismissAgent: agents.dismiss,
}
"What the person asks of an agent."

OF_THE_MESH: Final[dict[type[Any], Callable[[Turn, Any], None]]] = {
    requests.PostTask: posting.post,
    requests.Review: contests.judged_by_the_person,
    requests.AnswerQuestion: lambda turn, said: questions.answer(turn, None, said),
    requests.SetAnswerRule: questions.set_rule,
    requests.DropAnswerRule: questions.drop_rule,
    requests.SetBudget: costs.set_budget,
    requests.IssueCredential: credentials.issue,
    requests.RevokeCredential: credentials.revoke,
    requests.ForceRelease: lambda turn, said: lock_requests.force_release(turn, said.token, said.reason),
    requests.SetGoal: lambda turn, said: framework.set_goal(turn, said.text),
    requests.ShareDiscovery: lambda turn, said: framework.share(turn, reviews.PERSON, said),
}
"What the person asks of the mesh."


def hear(turn: Turn, event: Heard) -> None:
    """Answer a request once: repeated ones get the same answer, late ones none, forbidden ones a refusal."""
    number = turn.state.by_connection.get(event.connection)
    session = turn.state.sessions.get(number or 0)
    if session is None:
        return
    turn.session, turn.request = session.number, event.id
    turn.request_kind = kind_of(event.request)
    if _repeated(turn, session, event):
        return
    if session.role not in MAY_SAY.get(type(event.request), frozenset()):
        turn.refuse(Code.FORBIDDEN, f"an {session.role} may not say {turn.request_kind}", rule=2)
    elif event.objection is not None:
        turn.refuse(event.objection.code, event.objection.message, field=event.objection.field)
    else:
        _handle(turn, session, event)


def _repeated(turn: Turn, session: Session, event: Heard) -> bool:
    if isinstance(event.request, REPEATABLE):
        return False
    if event.id in session.replies:
        turn.answered = True
        turn.want(Tell(connection=event.connection, facts=tuple(session.replies[event.id]), reply_to=event.id))
        return True
    if event.id <= session.highest:
        message = f"request {event.id} comes after {session.highest} was answered"
        turn.tell(session.number, facts.RequestMalformed(code=Code.OUT_OF_ORDER, message=message))
        return True
    return False


def _handle(turn: Turn, session: Session, event: Heard) -> None:
    said = event.request
    match said:
        case requests.Join():
            agents.join(turn, session, said)
        case requests.Watch():
            turn.record(facts.WatchBegun(session=session.number))
            turn.answered = True
            turn.want(SendState(connection=event.connection, reply_to=event.id))
        case requests.SearchKnowledge():
            turn.answered = True
            turn.want(Search(connection=event.connection, reply_to=event.id, query=said.query, limit=said.limit))
        case requests.Look():
            turn.tell(session.number, board.shown(turn.state, turn.now))
        case _ if type(said) in FROM_AGENTS and session.role == "agent":
            _from_agent(turn, session, said)
        case _ if type(said) in OF_TASKS:
            _of_task(turn, said)
        case _ if type(said) in OF_AGENTS:
            _of_agent(turn, said)
        case _:
            OF_THE_MESH[type(said)](turn, said)


def _from_agent(turn: Turn, session: Session, said: Any) -> None:
    agent = turn.state.agents.get(session.agent or "")
    if agent is None or agent.gone:
        turn.refuse(
            Code.NOT_JOINED,
            "this connection is no agent of the mesh (now)",
            hint="send join; what was held before is gone",
        )
        return
    FROM_AGENTS[type(said)](turn, agent, said)


def _of_task(turn: Turn, said: Any) -> None:
    task = turn.state.tasks.get(said.task)
    if task is None:
        turn.refuse(Code.UNKNOWN, f"there is no task {said.task}", field="task")
        return
    OF_TASKS[type(said)](turn, task, said)


def _of_agent(turn: Turn, said: Any) -> None:
    agent = turn.state.agents.get(said.agent)
    if agent is None or agent.gone:
        turn.refuse(Code.UNKNOWN, f"there is no agent {said.agent} in the mesh", field="agent")
        return
    OF_AGENTS[type(said)](turn, agent, said)
