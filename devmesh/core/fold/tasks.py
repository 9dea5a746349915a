"""Facts about tasks, applied."""

from __future__ import annotations

from typing import Any, Final

from devmesh.core.fold import Folds
from devmesh.core.state import ENDED, Agent, Bidding, MeshState, Task
from devmesh.core.transitions import next_task_state
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.terms import Spending, TaskKind, TaskState

KEPT = 2_000
"Ended tasks that stay in the state; older ones are in the audit."
REMEMBERED = 4
"Attempts of a task whose agents are remembered."


def move(state: MeshState, task: Task, fact: Any) -> None:
    """Follow the transition table; what happens to a paused task moves the state it will be resumed into."""
    if task.state is TaskState.PAUSED and task.paused_from is not None:
        beneath = next_task_state(task.paused_from, fact)
        if beneath not in ENDED and beneath is not TaskState.QUEUED and beneath is not TaskState.ABANDONED:
            task.paused_from = beneath
            return
        task.paused_from = None
        task.state = beneath
    else:
        task.state = next_task_state(task.state, fact)
    if task.ended:
        state.open_tasks.pop(task.number, None)
        _end_contest(state, task)
        _forget_oldest_ended(state)
    else:
        state.open_tasks[task.number] = None


def _end_contest(state: MeshState, task: Task) -> None:
    """A contest is over when none of its tasks is open."""
    numbers = state.contests.get(task.posted.contest or 0, [])
    if numbers and not any(number in state.open_tasks for number in numbers):
        del state.contests[task.posted.contest or 0]


def _forget_oldest_ended(state: MeshState) -> None:
    surplus = len(state.tasks) - len(state.open_tasks) - KEPT
    if surplus < KEPT // 10:
        return
    needed = {number for open_ in state.open_tasks for number in state.tasks[open_].posted.depends_on}
    for number in [n for n, task in state.tasks.items() if task.ended and n not in needed][:surplus]:
        change = state.tasks.pop(number).change
        state.changes.pop(change or 0, None)


def task_posted(state: MeshState, recorded: Recorded, fact: facts.TaskPosted) -> None:
    state.counted["task"] = fact.task
    state.tasks[fact.task] = Task(posted=fact, posted_at=recorded.now, priority=fact.priority, budget=fact.budget)
    state.open_tasks[fact.task] = None
    if fact.contest is not None:
        state.contests.setdefault(fact.contest, []).append(fact.task)


def bidding_opened(state: MeshState, recorded: Recorded, fact: facts.BiddingOpened) -> None:
    state.tasks[fact.task].bidding = Bidding(
        attempt=fact.attempt, agents=fact.agents, closes_at=recorded.now + fact.window
    )
    state.alarms.set("bidding", fact.task, recorded.now + fact.window)


def bid_placed(state: MeshState, _: Recorded, fact: facts.BidPlaced) -> None:
    if (bidding := state.tasks[fact.task].bidding) is not None:
        bidding.bids[fact.agent] = fact
        bidding.declined.pop(fact.agent, None)


def bid_declined(state: MeshState, _: Recorded, fact: facts.BidDeclined) -> None:
    if (bidding := state.tasks[fact.task].bidding) is not None:
        bidding.declined[fact.agent] = None
        bidding.bids.pop(fact.agent, None)


def task_awarded(state: MeshState, recorded: Recorded, fact: facts.TaskAwarded) -> None:
    task, agent = state.tasks[fact.task], state.agents[fact.agent]
    move(state, task, fact)
    _close_bidding(state, task)
    task.award = fact
    task.attempt, task.agent, task.needs = fact.attempt, fact.agent, fact.needs
    task.awarded_at, task.started_at, task.change, task.workspace = recorded.now, None, None, None
    task.unbid = task.writes = 0
    task.given[fact.attempt] = agent.joined.session
    for oldest in list(task.given)[:-REMEMBERED]:
        del task.given[oldest]
    agent.awards += 1
    if fact.task_kind is TaskKind.REVIEW:
        agent.reviewing = fact.task
    else:
        agent.task = fact.task
    state.alarms.set("task", fact.task, recorded.now + state.limits.claim_limit)


def task_started(state: MeshState, recorded: Recorded, fact: facts.TaskStarted) -> None:
    task = state.tasks[fact.task]
    move(state, task, fact)
    task.started_at, task.workspace = recorded.now, fact.workspace
    task.this_run = Spending()
    limit = task.posted.time_limit if task.posted.time_limit is not None else state.limits.task_limit
    state.alarms.set("task", fact.task, recorded.now + limit + state.limits.lease)


def task_paused(state: MeshState, _: Recorded, fact: facts.TaskPaused) -> None:
    task = state.tasks[fact.task]
    before = task.state
    move(state, task, fact)
    task.paused_from = before
    _close_bidding(state, task)
    state.alarms.clear("task", fact.task)


def task_resumed(state: MeshState, recorded: Recorded, fact: facts.TaskResumed) -> None:
    task = state.tasks[fact.task]
    task.short_of_money = False
    task.state, task.paused_from = task.paused_from or TaskState.QUEUED, None
    if task.state is not TaskState.QUEUED:
        limit = task.posted.time_limit if task.posted.time_limit is not None else state.limits.task_limit
        state.alarms.set("task", fact.task, recorded.now + limit + state.limits.lease)
    elif task.not_before > recorded.now:
        state.alarms.set("task", fact.task, task.not_before)


def task_reprioritised(state: MeshState, _: Recorded, fact: facts.TaskReprioritised) -> None:
    state.tasks[fact.task].priority = fact.priority


def task_completed(state: MeshState, recorded: Recorded, fact: facts.TaskCompleted) -> None:
    _end(state, recorded, fact, fact.summary)


def task_cancelled(state: MeshState, recorded: Recorded, fact: facts.TaskCancelled) -> None:
    _end(state, recorded, fact, fact.reason)


def task_failed(state: MeshState, recorded: Recorded, fact: facts.TaskFailed) -> None:
    _end(state, recorded, fact, fact.reason)


def task_abandoned(state: MeshState, recorded: Recorded, fact: facts.TaskAbandoned) -> None:
    task = state.tasks[fact.task]
    _free(state, recorded, task)
    task.deaths += fact.death
    move(state, task, fact)


def task_requeued(state: MeshState, recorded: Recorded, fact: facts.TaskRequeued) -> None:
    task = state.tasks[fact.task]
    if task.state in ENDED:
        task.forgiven, task.deaths = task.attempt, 0
        task.failed_by.clear()
        task.ended_at = None
    elif fact.blameless:
        task.forgiven += 1
    elif task.agent is not None:
        task.failed_by[task.agent] = None
    if task.bidding is not None:
        task.unbid += 1
    _free(state, recorded, task)
    move(state, task, fact)
    task.agent = None
    task.not_before = recorded.now + fact.delay
    if fact.delay:
        state.alarms.set("task", fact.task, task.not_before)


def _end(state: MeshState, recorded: Recorded, fact: Any, summary: str) -> None:
    task = state.tasks[fact.task]
    _free(state, recorded, task)
    task.summary, task.ended_at = summary, recorded.now
    move(state, task, fact)


def _free(state: MeshState, recorded: Recorded, task: Task) -> None:
    """The agent is free of the task, and the work it was given is counted."""
    _close_bidding(state, task)
    state.alarms.clear("task", task.number)
    task.award = None
    if task.number in state.reserved:  # its tool may not have stopped yet
        state.reserved[task.number].over = True
        state.alarms.set("memory", task.number, recorded.now + state.limits.lease)
    agent: Agent | None = state.agents.get(task.agent or "")
    if agent is None:
        return
    if task.number in (agent.task, agent.reviewing):
        since = task.started_at if task.started_at is not None else task.awarded_at
        agent.served += max(0.0, recorded.now - (recorded.now if since is None else since))
    if agent.task == task.number:
        agent.task = None
    if agent.reviewing == task.number:
        agent.reviewing = None


def _close_bidding(state: MeshState, task: Task) -> None:
    task.bidding = None
    state.alarms.clear("bidding", task.number)


FOLD: Final[Folds] = {
    facts.TaskPosted: task_posted,
    facts.BiddingOpened: bidding_opened,
    facts.BidPlaced: bid_placed,
    facts.BidDeclined: bid_declined,
    facts.TaskAwarded: task_awarded,
    facts.TaskStarted: task_started,
    facts.TaskPaused: task_paused,
    facts.TaskResumed: task_resumed,
    facts.TaskReprioritised: task_reprioritised,
    facts.TaskCompleted: task_completed,
    facts.TaskCancelled: task_cancelled,
    facts.TaskFailed: task_failed,
    facts.TaskAbandoned: task_abandoned,
    facts.TaskRequeued: task_requeued,
}
