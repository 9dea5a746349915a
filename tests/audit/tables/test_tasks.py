"""A task's row, from its posting to its end."""

from __future__ import annotations

from devmesh.audit.tables.tasks import TASK_FACTS, TaskRow, fold_tasks
from devmesh.vocabulary import facts
from tests.audit.samples import WALL, History, working
from tests.core.rig import Rig


def rows(told: History, until: float | None = None) -> dict[int, TaskRow]:
    """The rows of a history, by task."""
    kept = [one for one in told.recorded if isinstance(one.fact, TASK_FACTS)]
    return {row.task or 0: row for row in fold_tasks(kept, told.now if until is None else until)}


def test_a_whole_life_is_in_one_row() -> None:
    """Waiting, working without the pause, one wait for two locks, a conflict, a merged landing, the result."""
    row = rows(working())[1]
    assert (row.title, row.kind, row.state, row.outcome, row.reason) == (
        "Fix the tests",
        "work",
        "completed",
        "completed",
        "all green",
    )
    assert (row.agent, row.priority, row.attempts, row.bids, row.conflicts) == ("claude-1", 2, 1, 1, 1)
    assert (row.files, row.locks, row.landing, row.lock_wait) == (2, 2, "merged", 4.0)
    assert row.waited == 6.0
    assert row.worked == 11.0 + 9.0 + 5.0


def test_a_cancelled_task_says_why() -> None:
    """Nobody worked on it."""
    row = rows(working())[3]
    assert (row.state, row.outcome, row.reason, row.agent, row.waited, row.worked) == (
        "cancelled",
        "cancelled",
        "changed my mind",
        None,
        None,
        0.0,
    )


def started() -> History:
    """A task at work."""
    told = History()
    told.add(facts.TaskPosted(task=1, prompt="p", title="t"))
    told.add(facts.TaskAwarded(task=1, attempt=1, agent="a", prompt="p"))
    told.add(facts.TaskStarted(task=1, attempt=1, agent="a"), seconds=5.0)
    return told


def test_work_in_progress_counts_up_to_now() -> None:
    """A task whose tool runs has worked since its start."""
    row = rows(started())[1]
    assert (row.state, row.worked, row.ended, row.outcome) == ("working", 5.0, None, None)


def test_an_abandoned_task_is_queued_again() -> None:
    """Its work so far is kept, its next attempt counts."""
    told = started()
    told.add(facts.TaskAbandoned(task=1, attempt=1, agent="a", reason="lost", death=True))
    told.add(facts.TaskRequeued(task=1, delay=1.0))
    queued = rows(told)[1]
    assert (queued.state, queued.reason, queued.worked) == ("queued", "lost", 5.0)
    told.add(facts.TaskAwarded(task=1, attempt=2, agent="b", prompt="p"))
    told.add(facts.TaskStarted(task=1, attempt=2, agent="b"), seconds=2.0)
    told.add(facts.TaskFailed(task=1, attempt=2, agent="b", reason="no", poison=True))
    failed = rows(told)[1]
    assert (failed.agent, failed.attempts, failed.worked, failed.outcome) == ("b", 2, 7.0, "poison")
    told.add(facts.TaskRequeued(task=1, reason="tried again"))
    again = rows(told)[1]
    assert (again.state, again.ended, again.outcome) == ("queued", None, None)


def test_a_paused_task_goes_on_where_it_was() -> None:
    """A review asked for during the pause is where it goes on."""
    told = started()
    told.add(facts.TaskPaused(task=1, agent="a"))
    told.add(facts.ReviewRequested(change=1, task=1, agent="a", review=2))
    assert rows(told)[1].state == "paused"
    told.add(facts.TaskResumed(task=1, agent="a"))
    assert rows(told)[1].state == "review"


def test_a_wait_that_ended_without_a_lock_counts() -> None:
    """Time in line is time in line."""
    told = started()
    told.add(facts.LockQueued(ticket=9, agent="a", targets=("x",), mode="write", wait=1.0, task=1))  # type: ignore[arg-type]
    told.add(facts.LockWaitEnded(ticket=9, agent="a", code="LOCK_TIMEOUT", waited=1.0))
    assert rows(told)[1].lock_wait == 1.0


def test_the_rows_agree_with_the_core() -> None:
    """State, agent and attempt of every task are those of the core that recorded the facts."""
    rig = Rig()
    rig.join("claude", "codex")
    rig.complete(rig.post("one"))
    rig.begin(rig.post("two"))
    rig.post("three")
    told = History()
    told.recorded = rig.kept
    made = rows(told, rig.now)
    assert {number: (row.state, row.agent, row.attempts) for number, row in made.items()} == {
        number: (task.state.value, task.agent, task.attempt) for number, task in rig.state.tasks.items()
    }
    assert WALL > 0
