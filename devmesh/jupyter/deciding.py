"""The rows of what waits for the person: questions, rules, changes to judge, writes behind the gate. Reads state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from devmesh.core.questions import open_questions
from devmesh.mesh.conflicts import in_review, sorted_out
from devmesh.mesh.task import title_of
from devmesh.vocabulary.facts import WriteFound
from devmesh.vocabulary.terms import ChangeState, WrittenBehind
from devmesh_widgets.rows import ConflictRow, QuestionRow, RuleRow
from devmesh_widgets.sections import TEXT_LIMIT

if TYPE_CHECKING:
    from devmesh.core.state import Change, MeshState, Task


def question_rows(state: MeshState) -> tuple[QuestionRow, ...]:
    """The open questions, oldest first."""
    return tuple(
        QuestionRow(
            question=question.number,
            agent=question.asked.agent,
            kind=question.asked.question_kind,
            text=question.asked.text,
            long=len(question.asked.text) > TEXT_LIMIT or "\n" in question.asked.text.strip(),
            options=question.asked.options,
            default=question.asked.default,
            task=question.asked.task,
            asked=question.asked_at,
            until=question.asked_at + question.asked.wait if question.asked.wait else None,
        )
        for question in open_questions(state)
    )


def rule_rows(state: MeshState) -> tuple[RuleRow, ...]:
    """The rules in force, in the order in which they are tried."""
    return tuple(
        RuleRow(rule=rule.rule, pattern=rule.pattern, answer=rule.answer, kind=rule.question_kind or "")
        for rule in state.answer_rules.values()
    )


def conflict_rows(state: MeshState, writes: Iterable[tuple[float, WriteFound]]) -> tuple[ConflictRow, ...]:
    """Changes to judge, oldest first, then the writes behind the gate that were found, with the mesh time of each."""
    changes = (_change_row(state, change) for change in _of_open_tasks(state))
    return (*(row for row in changes if row is not None), *(_write_row(at, fact) for at, fact in writes))


def waits_for_judgement(state: MeshState, task: Task) -> bool:
    """Whether its latest change waits for an approval."""
    change = state.changes.get(task.change or 0)
    return change is not None and change.state is ChangeState.REVIEWING


def _of_open_tasks(state: MeshState) -> list[Change]:
    """Their latest changes: those of tasks that ended need nobody."""
    numbers = sorted(number for task in state.open_tasks if (number := state.tasks[task].change) is not None)
    return [state.changes[number] for number in numbers if number in state.changes]


def _change_row(state: MeshState, change: Change) -> ConflictRow | None:
    sort, facts = sorted_out(state, change)
    if not sort:
        return None
    task = state.tasks.get(change.offered.task)
    returned = sort == "returned"
    return ConflictRow(
        conflict=f"change {change.number}",
        sort=sort,
        title=title_of(task) if task else "",
        agent=change.offered.agent,
        task=change.offered.task,
        change=change.number,
        since=change.offered_at,
        message=facts.message if returned else in_review(change),
        copies=len(state.contests.get(task.posted.contest or 0, ())) or 1 if task else 1,
        files=tuple(one.path for one in (facts.conflicts if returned else facts.files)),
    )


def _write_row(at: float, fact: WriteFound) -> ConflictRow:
    held = f"; {', '.join(fact.holders)} held a lock on it" if fact.holders else ""
    found = "left by an attempt that failed" if fact.found_by is WrittenBehind.LEFT else f"found by the {fact.found_by}"
    whose = "" if fact.agent else "; by whom is not known"
    return ConflictRow(
        conflict=f"write {fact.write}",
        sort="write",
        agent=fact.agent or "",
        task=fact.task,
        since=at,
        message=f"{found}{held}{whose}",
        files=(fact.path,),
    )
