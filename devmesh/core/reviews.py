"""Review by a second agent (Rule 5): asked for like any task, given over another connection than the author's."""

from __future__ import annotations

from devmesh.core import attempts, costs, credentials
from devmesh.core.state import Agent, Change, Task
from devmesh.core.turn import Turn
from devmesh.errors import Code
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import ChangeState, TaskKind, Verdict

PERSON = "person"
"Who reviews, shares or posts from the notebook or a terminal."
MOST_OBEYED = 10
"Names that the person is told of, of all that would be obeyed."


def request(turn: Turn, change: Change, task: Task) -> None:
    """Ask for a review, as a task its author may not bid for."""
    number = turn.state.number("task")
    turn.record(
        facts.TaskPosted(
            task=number,
            task_kind=TaskKind.REVIEW,
            title=f"Review of task {task.number}: {task.posted.title}"[:500],
            prompt=task.posted.prompt,
            priority=max(1, task.priority - 1),
            reviews=change.number,
            check=task.posted.check,
            excludes=(change.offered.agent,),
            posted_by="devmesh",
        )
    )
    turn.record(
        facts.ReviewRequested(change=change.number, task=task.number, agent=change.offered.agent, review=number)
    )
    turn.reschedule = True


def leave_to_the_person(turn: Turn, change: Change, task: Task, obeyed: tuple[str, ...] = ()) -> None:
    """Which of several copies lands, and whether delicate files may be written, no agent is asked."""
    offered = change.offered
    turn.record(
        facts.ReviewRequested(change=change.number, task=task.number, agent=offered.agent, obeyed=obeyed[:MOST_OBEYED])
    )


def give(turn: Turn, reviewer: Agent | None, said: requests.Review) -> None:
    """Take a verdict from the agent that has the review, or from the person (None); never from the author renamed."""
    change = turn.state.changes.get(said.change)
    if change is None:
        turn.refuse(Code.UNKNOWN, f"there is no change {said.change}", field="change")
        return
    if reviewer is not None and credentials.are_one(turn.state, reviewer.name, change.offered.agent):
        turn.refuse(Code.OWN_CHANGE, "a change is not approved by its author", rule=5, field="change")
        return
    if change.state is not ChangeState.REVIEWING:
        turn.refuse(Code.WRONG_STATE, f"change {said.change} is {change.state}, not under review", field="change")
        return
    if reviewer is not None and (change.review is None or reviewer.reviewing != change.review):
        turn.refuse(Code.NOT_ASSIGNED, f"{reviewer.name} was not awarded this review", rule=5, field="change")
        return
    _record(turn, change, reviewer, said)


def _record(turn: Turn, change: Change, reviewer: Agent | None, said: requests.Review) -> None:
    offered = change.offered
    turn.record(
        facts.ReviewGiven(
            change=change.number,
            task=offered.task,
            agent=offered.agent,
            reviewer=reviewer.name if reviewer else PERSON,
            verdict=said.verdict,
            remarks=said.remarks,
        )
    )
    if reviewer is None:
        call_off(turn, change, "the person gave the verdict")
    if said.verdict is Verdict.CHANGES_WANTED:
        turn.record(
            facts.ChangeReturned(
                change=change.number,
                task=offered.task,
                attempt=offered.attempt,
                agent=offered.agent,
                code="CHANGES_WANTED",
                message=said.remarks,
            )
        )
        costs.before_another_try(turn, turn.state.tasks[offered.task])


def call_off(turn: Turn, change: Change, reason: str) -> None:
    """End a review nobody needs any more."""
    review = turn.state.tasks.get(change.review or 0)
    if review is None or review.ended:
        return
    attempts.give_back(turn, review)
    turn.record(facts.TaskCancelled(task=review.number, agent=review.agent, reason=reason))
    turn.reschedule = True
