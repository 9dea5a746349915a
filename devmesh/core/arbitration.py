"""Fair bidding: every eligible agent is asked; the fittest gets the task; among equals, who was served least."""

from __future__ import annotations

from typing import Final

from devmesh.core import contests, costs, hardware
from devmesh.core.awards import award
from devmesh.core.state import Agent, MeshState, Task
from devmesh.core.targets import covers
from devmesh.core.turn import Turn
from devmesh.errors import Code
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import AgentState, TaskKind, TaskState

WEIGHTS: Final[dict[str, float]] = {"confidence": 0.5, "familiarity": 0.3, "freshness": 0.2}
"""Fitness is their weighted sum, in tenths, so that near-equals are equals. Confidence is the bidder's own word,
familiarity the share of the task's files it has landed before, freshness 1 unless it has already failed this task."""

PATIENCE: Final = 10.0
"Seconds a bidding without bids waits beyond its window for those who have not spoken; the first to bid then has it."
UNBID_DELAY: Final = 1.0
"Seconds before a task nobody bid for is offered again; doubles up to 10 s."


def schedule(turn: Turn) -> None:
    """Open biddings for waiting tasks, the most urgent and oldest first, as many as there are agents to work."""
    state = turn.state
    idle = [
        agent
        for agent in state.present
        if agent.joined.works and (_may_work(state, agent) or _may_review(state, agent))
    ]
    open_ = sum(state.tasks[n].bidding is not None for n in state.open_tasks) if idle else 0
    if open_ >= len(idle):
        return
    for task in sorted(_ready(state, turn.now), key=lambda task: (task.priority, task.number)):
        asked = [agent for agent in idle if _eligible(state, agent, task)]
        if asked and costs.allows(turn, task):
            _open(turn, task, asked)
            open_ += 1
            if open_ >= len(idle):
                return


def _ready(state: MeshState, now: float) -> list[Task]:
    return [
        task
        for task in (state.tasks[number] for number in state.open_tasks)
        if task.state is TaskState.QUEUED
        and task.bidding is None
        and task.not_before <= now
        and task.number not in state.reserved  # else a tool of its last attempt may still run
        and all(_completed(state, number) for number in task.posted.depends_on)
    ]


def _completed(state: MeshState, number: int) -> bool:
    task = state.tasks.get(number)
    return task is not None and task.state is TaskState.COMPLETED


def _may_work(_: MeshState, agent: Agent) -> bool:
    return agent.state is AgentState.IDLE


def _may_review(state: MeshState, agent: Agent) -> bool:
    """An agent whose own change waits for review may judge others', so that two never wait for each other."""
    if agent.state is AgentState.IDLE:
        return True
    if agent.state is not AgentState.WORKING or agent.reviewing is not None or agent.task is None:
        return False
    return state.tasks[agent.task].state is TaskState.REVIEW


def _eligible(state: MeshState, agent: Agent, task: Task) -> bool:
    """Every condition but the will: that it works at all, capabilities, choice of agents, memory (Rule 6)."""
    posted = task.posted
    able = _may_review if posted.task_kind is TaskKind.REVIEW else _may_work
    return (
        agent.joined.works
        and able(state, agent)
        and agent.name not in posted.excludes
        and (not posted.agents or agent.name in posted.agents or agent.joined.tool in posted.agents)
        and set(posted.capabilities) <= set(agent.joined.capabilities)
        and not contests.takes_part(state, agent, task)
        and hardware.fits(state, hardware.wanted(agent, task))
    )


def _open(turn: Turn, task: Task, asked: list[Agent]) -> None:
    posted = task.posted
    turn.record(
        facts.BiddingOpened(
            task=task.number,
            attempt=task.attempt + 1,
            agents=tuple(agent.name for agent in asked),
            window=turn.state.limits.bid_window,
            task_kind=posted.task_kind,
            title=posted.title,
            priority=task.priority,
            files=posted.files,
            capabilities=posted.capabilities,
            needs=posted.needs,
        )
    )


def bid(turn: Turn, agent: Agent, request: requests.Bid) -> None:
    """Take a bid, with the fitness the coordinator sees. The bidding closes when all have spoken."""
    task = _called_for(turn, agent, request.task)
    if task is None or task.bidding is None:
        return
    turn.record(
        facts.BidPlaced(
            task=task.number,
            attempt=task.bidding.attempt,
            agent=agent.name,
            confidence=request.confidence,
            fitness=fitness(agent, task, request.confidence),
            served=round(agent.served, 3),
            reason=request.reason,
        )
    )
    if task.bidding.all_spoke or turn.now >= task.bidding.closes_at:
        close(turn, task)


def decline(turn: Turn, agent: Agent, request: requests.Decline) -> None:
    """Take a no, so that nobody waits for it."""
    task = _called_for(turn, agent, request.task)
    if task is None or task.bidding is None:
        return
    turn.record(
        facts.BidDeclined(task=task.number, attempt=task.bidding.attempt, agent=agent.name, reason=request.reason)
    )
    if task.bidding.all_spoke:
        close(turn, task)


def _called_for(turn: Turn, agent: Agent, number: int) -> Task | None:
    task = turn.state.tasks.get(number)
    if task is None:
        turn.refuse(Code.UNKNOWN, f"there is no task {number}", field="task")
    elif task.bidding is None:
        turn.refuse(Code.WRONG_STATE, f"the bidding for task {number} is closed", field="task")
    elif agent.name not in task.bidding.agents:
        turn.refuse(Code.FORBIDDEN, f"{agent.name} was not asked to bid for task {number}", rule=2, field="task")
    else:
        return task
    return None


def fitness(agent: Agent, task: Task, confidence: float) -> float:
    """How well the agent suits the task, 0 to 1 in tenths, by `WEIGHTS`."""
    files = task.posted.files
    known = sum(any(covers(target, path) for path in agent.landed) for target in files)
    parts = {
        "confidence": confidence,
        "familiarity": known / len(files) if files else 0.0,
        "freshness": 0.0 if agent.name in task.failed_by else 1.0,
    }
    return round(sum(WEIGHTS[part] * value for part, value in parts.items()), 1)


def ring(turn: Turn, task: Task) -> None:
    """The window has ended: award, unless nobody has bid yet and somebody slow still may."""
    bidding = task.bidding
    if bidding is None:
        return
    end = bidding.closes_at + PATIENCE
    if bidding.bids or bidding.all_spoke or turn.now >= end:
        close(turn, task)
    else:
        turn.state.alarms.set("bidding", task.number, end)


def close(turn: Turn, task: Task) -> None:
    """Award the task to the best bidder still free, or offer it again later when nobody wants it."""
    state, bidding = turn.state, task.bidding
    if bidding is None:
        return
    bidders = [
        (bid_, agent)
        for bid_ in bidding.bids.values()
        if (agent := state.agents.get(bid_.agent)) is not None and _eligible(state, agent, task)
    ]
    if bidders and not costs.allows(turn, task):  # spent since the bidding was opened
        if task.bidding is not None:
            turn.record(facts.TaskRequeued(task=task.number, reason="the budget is spent"))
        return
    if not bidders:
        delay = 0.0 if bidding.bids else min(10.0, UNBID_DELAY * 2**task.unbid)
        turn.record(facts.TaskRequeued(task=task.number, delay=delay, reason="nobody free bid for it"))
        turn.reschedule = True
        return
    bidders.sort(key=lambda pair: (-pair[0].fitness, pair[1].served, pair[1].awards, pair[1].joined_at, pair[1].name))
    best, winner = bidders[0]
    equals = sum(bid_.fitness == best.fitness for bid_, _ in bidders)
    why = "the only bid" if len(bidders) == 1 else "fittest" if equals == 1 else f"served least of {equals} equals"
    _award(turn, task, winner, best.fitness, len(bidding.bids), why)


def _award(turn: Turn, task: Task, agent: Agent, fit: float, bids: int, why: str) -> None:
    needs = hardware.reserve(turn, agent, task)
    turn.record(award(turn.state, task, agent.name, needs, fitness=fit, bids=bids, why=why))
