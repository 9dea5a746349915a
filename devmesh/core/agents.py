"""Agents: joining, being heard, leaving, being lost."""

from __future__ import annotations

from typing import Final

from devmesh.core import credentials, hardware, lock_requests, naming, parking, questions, tasks
from devmesh.core.rules import rulebook
from devmesh.core.state import Agent, MeshState, Session
from devmesh.core.turn import Turn
from devmesh.errors import Code
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import OverusePolicy, Resources, TaskState

OVERUSE: float = 1.1
"How much more than declared an agent may use before it is said aloud."
DONE_ABOUT: Final = {OverusePolicy.WARN: "warned", OverusePolicy.PAUSE: "paused", OverusePolicy.STOP: "stopped"}


def join(turn: Turn, session: Session, request: requests.Join) -> None:
    """Admit an agent under the next name of its tool; the first becomes architect. Joining twice is joining once."""
    state = turn.state
    if request.protocol != requests.PROTOCOL:
        turn.refuse(
            Code.WRONG_PROTOCOL,
            f"this mesh speaks protocol {requests.PROTOCOL}, the bridge {request.protocol}",
            field="protocol",
            hint="install the same devmesh in both places",
        )
        return
    if session.agent is not None and not state.agents[session.agent].gone:
        turn.tell(session.number, state.agents[session.agent].joined)
        return
    if len(state.present) >= state.limits.agents:
        turn.refuse(Code.LIMIT, f"the mesh takes at most {state.limits.agents} agents")
        return
    if (other := _by_same_credential(state, session)) is not None:
        turn.refuse(
            Code.ALREADY_JOINED,
            f"{other.name} is here by the same credential, and each is for one agent",
            hint=_go_on_as(other, turn.now),
        )
        return
    name = naming.name_for(turn, request.tool)
    if name is None:
        return
    limits = state.limits
    turn.record(
        facts.AgentJoined(
            agent=name,
            session=session.number,
            tool=request.tool,
            model=request.model,
            capabilities=request.capabilities,
            host=request.host,
            pid=request.pid,
            badge=request.badge,
            declared=request.declared,
            workspace=request.workspace,
            probes=request.probes,
            limits_heartbeat=limits.heartbeat,
            lease=limits.lease,
            margin=limits.margin,
            rulebook=rulebook(),
            works=request.works,
            confined=request.confined,
        )
    )
    name_architect(turn)
    turn.reschedule = True


def _by_same_credential(state: MeshState, session: Session) -> Agent | None:
    """Who came in by the credential that was issued for this session's, connected or away; none by a role's token."""
    if session.credential is None:
        return None
    return next((one for one in state.present if credentials.came_by(state, one.name) == session.credential), None)


def _go_on_as(other: Agent, now: float) -> str:
    """What who was refused for the sake of this one can do."""
    another = "`devmesh credentials issue` gives another."
    if not other.away:
        return another
    left = max(0.0, other.deadline - now)
    return (
        f"It is away: come with its own key to go on as it, or wait up to {left:.0f} s until it is given up. {another}"
    )


def heartbeat(turn: Turn, agent: Agent, request: requests.Heartbeat) -> None:
    """Renew the agent and those of the listed locks that it still holds; anything missing in the answer is gone."""
    held = turn.state.locks.locks
    tokens = tuple(token for token in request.tokens if token in held and held[token].agent == agent.name)
    before = agent.used
    turn.record(
        facts.LeasesRenewed(
            agent=agent.name,
            tokens=tokens,
            lease=turn.state.limits.lease,
            ram_gb=request.used.ram_gb,
            vram_gb=request.used.vram_gb,
        )
    )
    _notice_overuse(turn, agent, before)


def _notice_overuse(turn: Turn, agent: Agent, before: Resources) -> None:
    """Say it when the use rises above what is set aside, not again while it stays there."""
    task = turn.state.tasks.get(agent.task or 0)
    allowed = task.needs if task else agent.joined.declared
    if not _exceeds(agent.used, allowed) or _exceeds(before, allowed):
        return
    policy = turn.state.limits.overuse if task else OverusePolicy.WARN
    turn.record(facts.HardwareExceeded(agent=agent.name, declared=allowed, used=agent.used, action=DONE_ABOUT[policy]))
    if task is None:
        return
    if policy is OverusePolicy.PAUSE and task.state is not TaskState.PAUSED:
        turn.record(facts.TaskPaused(task=task.number, agent=agent.name))
    elif policy is OverusePolicy.STOP:
        reason = f"it used {agent.used.ram_gb:g} GB RAM and {agent.used.vram_gb:g} GB GPU memory, more than set aside"
        tasks.abandon(turn, task, reason, death=False, blame=True)


def _exceeds(used: Resources, allowed: Resources) -> bool:
    return any(
        limit > 0 and amount > limit * OVERUSE
        for amount, limit in ((used.ram_gb, allowed.ram_gb), (used.vram_gb, allowed.vram_gb))
    )


def leave(turn: Turn, agent: Agent, request: requests.Leave) -> None:
    """Go at once: work is handed back without blame, locks are freed."""
    _part(turn, agent, facts.AgentLeft(agent=agent.name, reason=request.reason), death=False)


def lose(turn: Turn, agent: Agent) -> None:
    """Rule 4: not heard within its lease. Credit for our own lateness was given before."""
    state = turn.state
    if state.no_expiry_before > turn.now:
        state.alarms.set("agent", agent.name, state.no_expiry_before)
        return
    silent = turn.now - agent.heard_at
    reason = f"not heard for {silent:.0f} s; its lease is {state.limits.lease:g} s"
    _part(turn, agent, facts.AgentLost(agent=agent.name, reason=reason), death=True)


def _part(turn: Turn, agent: Agent, fact: facts.AgentLeft | facts.AgentLost, *, death: bool) -> None:
    for number in (agent.task, agent.reviewing):
        if number is not None:
            tasks.abandon(turn, turn.state.tasks[number], fact.reason or "the agent left", death=death)
    questions.withdraw(turn, agent.name)
    lock_requests.withdraw_waiting(turn, agent.name)
    if not death:  # who was lost may still act on its locks until their own leases end
        lock_requests.release_all(turn, agent.name, "left")
    turn.record(fact)
    hardware.release_all(turn, agent.name)
    name_architect(turn)
    turn.reschedule = True


def name_architect(turn: Turn) -> None:
    """There is an architect as long as there is an agent: the one that joined first of those present and works."""
    state = turn.state
    first = next((agent for agent in state.present if agent.joined.works), None)
    if state.architect is not None or first is None:
        return
    turn.record(facts.ArchitectNamed(agent=first.name))
    if state.goal and state.framework is None:
        turn.record(facts.FrameworkRequested(agent=first.name, goal=state.goal))


def pause(turn: Turn, agent: Agent) -> None:
    """Stop its tool where it is, and give it no new work."""
    if agent.paused:
        turn.refuse(Code.WRONG_STATE, f"{agent.name} is paused already")
        return
    turn.record(facts.AgentPaused(agent=agent.name))


def resume(turn: Turn, agent: Agent) -> None:
    """Let it go on: a paused one with its work, if the memory it had is free; a parked one before its time."""
    if not agent.paused:
        if agent.parked is None:
            turn.refuse(Code.WRONG_STATE, f"{agent.name} is not paused")
        else:
            parking.unpark(turn, agent)
        return
    for number in (agent.task, agent.reviewing):
        if number is not None and not hardware.retake(turn, turn.state.tasks[number]):
            turn.refuse(Code.HARDWARE_FULL, f"the memory task {number} needs is taken by others now", rule=6)
            return
    turn.record(facts.AgentResumed(agent=agent.name))
    turn.reschedule = True


def dismiss(turn: Turn, agent: Agent, request: requests.DismissAgent) -> None:
    """Ask the bridge to go. Its task comes back when it leaves, or when its lease ends."""
    turn.record(facts.AgentDismissed(agent=agent.name, reason=request.reason))


def standing(state: MeshState, agent: Agent) -> facts.Standing:
    """How things stand for an agent whose connection is back."""
    task = state.tasks.get(agent.task or agent.reviewing or 0)
    change = state.changes.get(task.change or 0) if task else None
    return facts.Standing(
        agent=agent.name,
        locks=tuple(
            facts.LockGranted(
                token=lock.token,
                agent=lock.agent,
                target=lock.target,
                mode=lock.mode,
                lease=lock.lease,
                task=lock.task,
                ticket=lock.ticket,
            )
            for lock in state.locks.of(agent.name)
        ),
        tickets=tuple(waiting.ticket for waiting in state.locks.waiting_of(agent.name)),
        task=task.award if task else None,
        task_state=task.state if task else None,
        change=change.number if change else None,
        change_state=change.state if change else None,
        outcome=change.outcome if change else None,
        paused=agent.paused,
        parked=agent.parked is not None,
        answers=questions.answers_for(state, agent.name),
    )
