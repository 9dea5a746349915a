"""Asking for work: what may be posted, and what is kept of it."""

from __future__ import annotations

from devmesh.core import hardware
from devmesh.core.reviews import PERSON
from devmesh.core.turn import Turn
from devmesh.errors import Code
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import Resources, TaskKind, TaskState


def post(turn: Turn, request: requests.PostTask) -> None:
    """Put a task in the queue. What it depends on must exist; what it needs must fit the machine at all."""
    state = turn.state
    if (reason := hopeless(turn, request.depends_on)) is not None:
        turn.refuse(Code.UNKNOWN, f"{reason}, so nothing can wait for it", field="depends_on")
        return
    if "\0" in request.check:
        turn.refuse(Code.BAD_REQUEST, "a command holds no NUL character", field="check")
        return
    if request.needs and not hardware.fits(state, request.needs, within=state.limits.total):
        turn.refuse(Code.HARDWARE_FULL, _too_big(request.needs, state.limits.total), rule=6, field="needs")
        return
    first = state.number("task")
    for copy in range(request.copies):
        turn.record(_posted(request, first + copy, first if request.copies > 1 else None))
    turn.reschedule = True


def _posted(request: requests.PostTask, number: int, contest: int | None) -> facts.TaskPosted:
    return facts.TaskPosted(
        task=number,
        prompt=request.prompt,
        title=request.title or (request.prompt.split("\n", 1)[0].strip()[:100]),
        priority=request.priority,
        files=request.files,
        depends_on=request.depends_on,
        capabilities=request.capabilities,
        agents=request.agents,
        needs=request.needs,
        review=request.review,
        check=request.check,
        time_limit=request.time_limit,
        posted_by=PERSON,
        budget=request.budget,
        contest=contest,
    )


def hopeless(turn: Turn, depends_on: tuple[int, ...]) -> str | None:
    """The first dependency that will never be completed as things stand, in words."""
    for number in depends_on:
        needed = turn.state.tasks.get(number)
        if needed is None:
            return f"task {number} does not exist"
        if needed.posted.task_kind is TaskKind.REVIEW:
            return f"task {number} is a review, part of another task"
        if needed.state in (TaskState.FAILED, TaskState.CANCELLED):
            return f"task {number} is {needed.state}"
    return None


def _too_big(needs: Resources, total: Resources) -> str:
    return (
        f"{needs.ram_gb:g} GB RAM and {needs.vram_gb:g} GB GPU memory are more than this mesh has "
        f"({total.ram_gb:g} and {total.vram_gb:g})"
    )
