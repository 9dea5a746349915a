"""The architect's duty: have the tool plan towards the goal, and propose the plan (Rule 1). Knows no task."""

from __future__ import annotations

import re

import msgspec

from devmesh.bridge.attempt import Bench
from devmesh.bridge.running import Run
from devmesh.bridge.tools.tool import Purpose
from devmesh.bridge.workspace import context
from devmesh.errors import DevMeshError
from devmesh.vocabulary.facts import FrameworkRequested
from devmesh.vocabulary.requests import ProposeFramework
from devmesh.vocabulary.terms import PlannedTask

LIMIT = 1800.0
"Seconds a plan may take."
_PLACE = (0, 1)
"Task and attempt, in the name of its workspace: no task is numbered 0."
_FENCED = re.compile(r"```(?:json)?[ \t]*\n(.*?)\n```", re.DOTALL)

PLAN = """\
You are {agent}, the architect of several coding agents that will work on this project at the same time. Read it, change
nothing, and plan the way to the goal below: an overview that every agent reads before it starts, and tasks that can be
done in parallel wherever possible. Two tasks that need the same file should depend on one another.

End with one JSON object in a ```json block:
{{"overview": "...", "tasks": [{{"key": "short-name", "title": "...", "prompt": "all that the agent needs to know",
"files": ["src/"], "depends_on": ["other-key"], "priority": 3}}]}}

## The goal

{goal}"""


class Plan(msgspec.Struct, frozen=True):
    """What the tool is asked for."""

    overview: str
    tasks: tuple[PlannedTask, ...] = ()


async def plan(bench: Bench, asked: FrameworkRequested) -> None:
    """Run the tool on the project as it is, and propose its plan. Raises DevMeshError when nothing came of it."""
    workspace = await bench.workspaces.open(asked.agent, *_PLACE)
    try:
        prompt = PLAN.format(agent=asked.agent, goal=asked.goal)
        surroundings = context(bench.project, asked.agent, *_PLACE, workspace.path)
        judgement = await Run(bench.tool).to_end(
            prompt, workspace.path, Purpose.PLAN, bench.options, surroundings, LIMIT
        )
    finally:
        await bench.workspaces.remove(asked.agent, *_PLACE)
    if not judgement.success:
        raise DevMeshError(f"the plan failed: {judgement.reason}")
    found = plan_in(judgement.answer)
    await bench.link.request(ProposeFramework(overview=found.overview, tasks=found.tasks))


def plan_in(answer: str) -> Plan:
    """The last plan in an answer. Raises DevMeshError saying what is wrong with it."""
    texts = [found[1] for found in _FENCED.finditer(answer)] or [answer]
    try:
        return msgspec.json.decode(texts[-1], type=Plan)
    except (msgspec.DecodeError, UnicodeError) as wrong:
        raise DevMeshError(f"the answer holds no plan: {wrong}") from None
