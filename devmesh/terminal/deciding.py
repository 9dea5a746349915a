"""`devmesh cancel`, `retry`, `pause`, `resume`, `inbox`, `answer`, `conflicts`, `costs`: deciding from a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from devmesh.errors import Refused
from devmesh.terminal import exits
from devmesh.terminal.options import AsJson, Project
from devmesh.terminal.printing import complain, put_json, put_table, say

if TYPE_CHECKING:
    from devmesh.mesh import Mesh
    from devmesh.mesh.inbox import Question
    from devmesh.mesh.waiting import Done

T = TypeVar("T")
Numbers = Annotated[list[int], typer.Argument(metavar="TASK...", help="Task numbers.")]
Which = Annotated[list[str], typer.Argument(metavar="TASK|AGENT...", help="Task numbers, or agents by name.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]


@contextmanager
def _joined(project: Path, *, watching: bool = False) -> Iterator[Mesh]:
    """The mesh of the project; only to look, where that will do."""
    from devmesh.mesh import connect
    from devmesh.vocabulary.terms import Role

    mesh = connect(project, role=Role.OBSERVER if watching else Role.OPERATOR)
    try:
        yield mesh
    finally:
        mesh.close()


def _tell(done: Done, *, as_json: bool) -> None:
    put_json({"done": done.said}) if as_json else say(done.said)


def _each(these: list[T], doing: Callable[[T], Done], *, as_json: bool) -> int:
    """Do it to every one, whatever became of the one before; fails when one of them was refused."""
    end = exits.DONE
    for one in these:
        try:
            _tell(doing(one), as_json=as_json)
        except Refused as refused:
            end = exits.code_of(refused)
            complain(refused, as_json=as_json)
    return end


def cancel(tasks: Numbers, project: Project = Path(), reason: Reason = "", as_json: AsJson = False) -> int:
    """End tasks. Their tools are stopped, and nothing of them lands."""
    with _joined(project) as mesh:
        return _each(tasks, lambda task: mesh.cancel(task, reason), as_json=as_json)


def retry(tasks: Numbers, project: Project = Path(), as_json: AsJson = False) -> int:
    """Queue failed or cancelled tasks again. Their attempts are counted from zero."""
    with _joined(project) as mesh:
        return _each(tasks, mesh.retry, as_json=as_json)


def pause(which: Which, project: Project = Path(), as_json: AsJson = False) -> int:
    """Stop tasks where they are, or agents altogether."""
    with _joined(project) as mesh:
        return _each(which, mesh.pause, as_json=as_json)


def resume(which: Which, project: Project = Path(), as_json: AsJson = False) -> int:
    """Let paused tasks or agents go on. A parked agent is tried again at once."""
    with _joined(project) as mesh:
        return _each(which, mesh.resume, as_json=as_json)


def inbox(project: Project = Path(), as_json: AsJson = False) -> int:
    """What tools want to know or to be allowed. `devmesh answer NUMBER ANSWER` answers."""
    with _joined(project, watching=True) as mesh:
        if as_json:
            put_json([dict(zip(mesh.inbox.columns, row, strict=True)) for row in mesh.inbox.rows()])
        elif len(mesh.inbox):
            for number in mesh.inbox.keys():  # noqa: SIM118 - not a mapping
                _show(mesh.inbox[number])
        else:
            say("nobody asks anything")
    return exits.DONE


def _show(question: Question) -> None:
    """All of it: who cannot read it to its end cannot answer it."""
    about = f", task {question.task}" if question.task else ""
    say(f"question {question.number}: {question.kind} for {question.agent}{about}")
    for line in question.text.splitlines():
        say(f"  {line}")
    if question.options:
        say(f"  answers: {' | '.join(question.options)}")
    if question.default:
        say(f"  if nobody answers in time: {question.default}")


def answer(
    question: Annotated[int, typer.Argument(help="Its number in the inbox.")],
    text: Annotated[str, typer.Argument(metavar="ANSWER", help="The text, or one of its options.")],
    project: Project = Path(),
    as_json: AsJson = False,
) -> int:
    """Answer a question of the inbox, once."""
    with _joined(project) as mesh:
        _tell(mesh.answer(question, text), as_json=as_json)
    return exits.DONE


def conflicts(
    name: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]", help="Such as: change 3. Shows its diff.")
    ] = None,
    project: Project = Path(),
    as_json: AsJson = False,
) -> int:
    """What there are two versions of. Changes in review or in conflict, and writes behind the gate."""
    from devmesh.mesh.conflicts import COLUMNS

    with _joined(project, watching=True) as mesh:
        if name:
            wanted = mesh.conflicts.named(*name)
            put_json({"conflict": wanted.name, "diff": wanted.diff()}) if as_json else say(wanted.diff())
        elif as_json:
            put_json([dict(zip(COLUMNS, row, strict=True)) for row in mesh.conflicts.rows()])
        elif rows := mesh.conflicts.rows():
            put_table("", COLUMNS, rows)
        else:
            say("nothing to decide")
    return exits.DONE


def costs(project: Project = Path(), as_json: AsJson = False) -> int:
    """What the tools say they spent, by task."""
    with _joined(project, watching=True) as mesh:
        spent, budget = mesh.costs.spent, mesh.costs.budget
        if as_json:
            limits = {"dollars": budget.dollars, "tokens": budget.tokens}
            tasks = [cost._asdict() for cost in mesh.costs]
            counts = {
                "dollars": spent.dollars,
                "input_tokens": spent.input_tokens,
                "output_tokens": spent.output_tokens,
            }
            put_json(counts | {"budget": limits, "tasks": tasks})
            return exits.DONE
        say(mesh.status().spent or "nothing was spent yet, or no tool said so")
        if len(mesh.costs):
            put_table("", mesh.costs.columns, mesh.costs.rows())
    return exits.DONE
