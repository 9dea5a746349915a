"""Facts about agents, the framework and hardware, applied."""

from __future__ import annotations

from typing import Final

from devmesh.core.fold import Folds
from devmesh.core.state import Agent, MeshState, SetAside
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.terms import Resources


def agent_joined(state: MeshState, recorded: Recorded, fact: facts.AgentJoined) -> None:
    deadline = recorded.now + fact.lease
    state.agents[fact.agent] = Agent(joined=fact, joined_at=recorded.now, deadline=deadline, heard_at=recorded.now)
    state.names[fact.tool] = max(state.names.get(fact.tool, 0) + 1, _number_in(fact.agent))
    state.sessions[fact.session].agent = fact.agent
    state.alarms.set("agent", fact.agent, deadline)


def _number_in(name: str) -> int:
    """Names leave numbers out; the next is counted from the last."""
    number = name.rpartition("-")[2]
    return int(number) if number.isdecimal() else 0


def agent_gone(state: MeshState, recorded: Recorded, fact: facts.AgentLeft | facts.AgentLost) -> None:
    agent = state.agents[fact.agent]
    agent.gone = True
    agent.task = agent.reviewing = agent.parked = None
    state.alarms.clear("parked", fact.agent)
    state.alarms.clear("agent", fact.agent)
    if state.architect == fact.agent:
        state.architect = None
    session = state.sessions.get(agent.joined.session)
    if session is not None and session.connection is None:
        state.alarms.set("session", session.number, recorded.now + state.limits.session_keep)
    _forget_oldest_gone(state)


def _forget_oldest_gone(state: MeshState) -> None:
    """Agents long gone would make every look at the present ones slower."""
    gone = [agent for agent in state.agents.values() if agent.gone]
    for agent in gone[:-200]:
        session = state.sessions.get(agent.joined.session)
        if session is None or session.agent != agent.name:
            del state.agents[agent.name]


def agent_paused(state: MeshState, _: Recorded, fact: facts.AgentPaused) -> None:
    state.agents[fact.agent].paused = True


def agent_resumed(state: MeshState, _: Recorded, fact: facts.AgentResumed) -> None:
    state.agents[fact.agent].paused = False


def agent_dismissed(state: MeshState, _: Recorded, fact: facts.AgentDismissed) -> None:
    state.agents[fact.agent].paused = True


def agent_parked(state: MeshState, recorded: Recorded, fact: facts.AgentParked) -> None:
    agent = state.agents[fact.agent]
    agent.parked, agent.parked_until = fact, recorded.now + fact.retry_in
    agent.blocked += 1
    state.alarms.set("parked", fact.agent, agent.parked_until)


def agent_unparked(state: MeshState, _: Recorded, fact: facts.AgentUnparked) -> None:
    state.agents[fact.agent].parked = None
    state.alarms.clear("parked", fact.agent)


def architect_named(state: MeshState, _: Recorded, fact: facts.ArchitectNamed) -> None:
    state.architect = fact.agent


def goal_set(state: MeshState, _: Recorded, fact: facts.GoalSet) -> None:
    state.goal = fact.text


def framework_proposed(state: MeshState, _: Recorded, fact: facts.FrameworkProposed) -> None:
    state.counted["framework"] = fact.version
    state.framework = fact
    state.agents[fact.agent].framework_read = fact.version


def framework_read(state: MeshState, _: Recorded, fact: facts.FrameworkRead) -> None:
    state.agents[fact.agent].framework_read = fact.version


def discovery_shared(state: MeshState, _: Recorded, fact: facts.DiscoveryShared) -> None:
    state.counted["discovery"] = fact.discovery


def leases_renewed(state: MeshState, recorded: Recorded, fact: facts.LeasesRenewed) -> None:
    agent = state.agents[fact.agent]
    agent.heard_at = recorded.now
    agent.deadline = recorded.now + fact.lease
    agent.used = Resources(ram_gb=fact.ram_gb, vram_gb=fact.vram_gb)
    state.alarms.set("agent", fact.agent, agent.deadline)


def hardware_reserved(state: MeshState, _: Recorded, fact: facts.HardwareReserved) -> None:
    state.reserved[fact.task] = SetAside(fact.agent, fact.amount)


def hardware_released(state: MeshState, _: Recorded, fact: facts.HardwareReleased) -> None:
    state.reserved.pop(fact.task, None)
    state.alarms.clear("memory", fact.task)


def hardware_sampled(state: MeshState, _: Recorded, fact: facts.HardwareSampled) -> None:
    state.measured_total, state.measured_used = fact.total, fact.used


FOLD: Final[Folds] = {
    facts.AgentJoined: agent_joined,
    facts.AgentLeft: agent_gone,
    facts.AgentLost: agent_gone,
    facts.AgentPaused: agent_paused,
    facts.AgentResumed: agent_resumed,
    facts.AgentDismissed: agent_dismissed,
    facts.AgentParked: agent_parked,
    facts.AgentUnparked: agent_unparked,
    facts.ArchitectNamed: architect_named,
    facts.GoalSet: goal_set,
    facts.FrameworkProposed: framework_proposed,
    facts.FrameworkRead: framework_read,
    facts.DiscoveryShared: discovery_shared,
    facts.LeasesRenewed: leases_renewed,
    facts.HardwareReserved: hardware_reserved,
    facts.HardwareReleased: hardware_released,
    facts.HardwareSampled: hardware_sampled,
}
