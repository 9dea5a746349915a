"""What makes an answer a plan, and what is wrong with one that is none. Knows no tool and no mesh."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from devmesh.errors import DevMeshError
from devmesh.vocabulary.terms import PlannedTask, Text

_FENCED = re.compile(r"```(?:json)?[ \t]*\n(.*?)\n[ \t]*```", re.DOTALL)


class Plan(msgspec.Struct, frozen=True):
    """What the tool is asked for."""

    overview: Text
    tasks: tuple[PlannedTask, ...] = ()


def plan_in(answer: str) -> Plan:
    """The last plan in an answer. Raises DevMeshError saying what is wrong with it, and where."""
    problems = []
    for text in _candidates(answer):
        try:
            return msgspec.json.decode(text, type=Plan)
        except (msgspec.DecodeError, UnicodeError) as wrong:
            problems.append(str(wrong))
    raise DevMeshError(f"the answer holds no plan: {problems[0] if problems else 'there is no JSON object in it'}")


def fault_in(plan: Plan) -> str:
    """What hinders its tasks from being done in any order, naming them; empty when nothing does."""
    return "; ".join((*_repeated(plan.tasks), *_unknown(plan.tasks), *_circle(plan.tasks)))


def _candidates(answer: str) -> Iterator[str]:
    """What may be it, the likeliest first."""
    yield from (found[1] for found in reversed(list(_FENCED.finditer(answer))) if found[1].lstrip().startswith("{"))
    begin, end = answer.find("{"), answer.rfind("}")
    if 0 <= begin < end:
        yield answer[begin : end + 1]


def _repeated(tasks: Sequence[PlannedTask]) -> Iterator[str]:
    for key, times in Counter(task.key for task in tasks).items():
        if times > 1:
            yield f"{times} tasks have the key {key!r}; each needs its own"


def _unknown(tasks: Sequence[PlannedTask]) -> Iterator[str]:
    known = {task.key for task in tasks}
    for task in tasks:
        for key in task.depends_on:
            if key not in known:
                yield f"task {task.key!r} depends on {key!r}, which is no task's key ({', '.join(sorted(known))})"


def _circle(tasks: Sequence[PlannedTask]) -> Iterator[str]:
    """One circle of dependencies, if there is any: what is left when all that can be done is done."""
    left = {task.key: set(task.depends_on) for task in tasks}
    while free := [key for key, needs in left.items() if not needs & left.keys()]:
        for key in free:
            del left[key]
    if not left:
        return
    path = [next(iter(left))]
    while path[-1] not in path[:-1]:
        path.append(min(left[path[-1]] & left.keys()))
    circle = path[path.index(path[-1]) :]
    yield f"these tasks wait for one another: {' -> '.join(circle)}"
