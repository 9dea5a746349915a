"""The architect's duty: have the tool plan towards the goal, and propose the plan (Rule 1). Knows no task."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

import msgspec

from devmesh.bridge.attempt import Bench
from devmesh.bridge.plans import Plan, fault_in, plan_in
from devmesh.bridge.prompt import quoted
from devmesh.bridge.session import Ears, ToolSession
from devmesh.bridge.tools.tool import Purpose
from devmesh.errors import Code, DevMeshError, MeshLost, Refused
from devmesh.vocabulary.facts import FrameworkRequested
from devmesh.vocabulary.plain import beginning, plain
from devmesh.vocabulary.requests import Ask, ProposeFramework

_log = logging.getLogger(__name__)

LIMIT = 1800.0
"Seconds a plan may take."
ROUNDS = 2
"How often the tool is asked: once, and once more with what was wrong."
AGAIN, LEAVE = "plan again", "leave it"
_PLACE = (0, 1)
"Task and attempt, in the name of its workspace: no task is numbered 0."
_CAN_BE_MENDED = {Code.BAD_REQUEST, Code.BAD_TARGET, Code.PATH_ESCAPES, Code.TOO_LARGE, Code.LIMIT}
"Refusals of a plan that say something is wrong in it."

PLAN = """\
You are {agent}, the architect of several coding agents that will work on this project at the same time. Read it, change
nothing, and plan the way to the goal below: an overview that every agent reads before it starts, and tasks that can be
done in parallel wherever possible. Name for each task the files it is expected to touch. Two tasks that need the same
file should depend on one another. An agent sees nothing of its task but the prompt, so put all it needs to know there.

End with one JSON object in a ```json block that fits this JSON Schema:

{schema}

For example:
{{"overview": "...", "tasks": [{{"key": "parser", "title": "...", "prompt": "...", "files": ["src/parser.py"]}},
{{"key": "docs", "title": "...", "prompt": "...", "files": ["docs/"], "depends_on": ["parser"], "priority": 4}}]}}

## The goal

{goal}"""
REPAIR = """\
Your plan cannot be taken as it is:

{fault}

Answer with the whole plan once more, mended, as one JSON object in a ```json block."""
SCHEMA = json.dumps(msgspec.json.schema(Plan), separators=(",", ":"))


class Planning:
    """One request for a framework, from the tool's first run to the proposal. It can be paused from the start."""

    def __init__(self, bench: Bench, asked: FrameworkRequested, tell: Callable[[str], None]) -> None:
        """`tell` is for a person at a terminal."""
        self.at_work = True
        "Whether the tool is busy with it, rather than the person being asked what to do."
        self._bench = bench
        self._asked = asked
        self._tell = tell
        self._paused = False
        self._session: ToolSession | None = None

    async def perform(self) -> None:
        """Plan and propose. When nothing comes of it the person is asked whether to plan again."""
        while True:
            try:
                self.at_work = True
                await self._once()
            except DevMeshError as failed:
                self.at_work = False
                self._tell(f"no plan: {failed}")
                if await self._asked_person(str(failed)) != AGAIN:
                    return
            else:
                self.at_work = False
                self._tell("the plan is proposed")
                return

    def pause(self) -> None:
        """Have its tool stand still, or gone where it can be continued."""
        self._paused = True
        if self._session is not None:
            self._session.pause()

    def resume(self) -> None:
        """Let it go on."""
        self._paused = False
        if self._session is not None:
            self._session.resume()

    async def _once(self) -> None:
        """One conversation with the tool. Raises DevMeshError saying why no plan came of it."""
        bench, agent = self._bench, self._asked.agent
        self._tell(f"planning: {plain(self._asked.goal).strip().splitlines()[0][:200]}")
        workspace = await bench.workspaces.open(agent, *_PLACE)
        try:
            setting = bench.setting(workspace.path, Purpose.PLAN, agent, *_PLACE)
            self._session = ToolSession(bench.tool, setting, Ears(noted=_log.info), LIMIT)
            if self._paused:
                self._session.pause()
            await self._planned(self._session)
        finally:
            self._session = None
            await bench.workspaces.remove(agent, *_PLACE)

    async def _planned(self, session: ToolSession) -> None:
        """Ask, and ask once more with what was wrong."""
        whole = first = PLAN.format(agent=self._asked.agent, schema=SCHEMA, goal=self._asked.goal)
        news = fault = ""
        for _round in range(ROUNDS):
            judgement = await session.run(whole, news)
            if not judgement.success:
                raise DevMeshError(f"the tool failed: {judgement.reason}")
            fault = await self._proposed(judgement.answer)
            if not fault:
                return
            self._tell(f"the plan does not fit: {fault}")
            news = REPAIR.format(fault=fault)
            whole = f"{first}\n\n## Your earlier answer\n\n{quoted(judgement.answer)}\n\n## Once more\n\n{news}"
        raise DevMeshError(f"it did not fit, asked {ROUNDS} times; the last time: {fault}")

    async def _proposed(self, answer: str) -> str:
        """Hand the plan in; what is wrong with it, in words, if anything is."""
        try:
            plan = plan_in(answer)
            if fault := fault_in(plan):
                return fault
            await self._bench.link.request(ProposeFramework(overview=plan.overview, tasks=plan.tasks))
        except Refused as refused:
            if refused.code not in _CAN_BE_MENDED:
                raise
            return str(refused)
        except MeshLost:
            raise
        except DevMeshError as wrong:
            return str(wrong)
        return ""

    async def _asked_person(self, reason: str) -> str:
        """What the person wants done about it; nothing, where nobody says."""
        if self._bench.inbox is None:
            return LEAVE
        text = f"No plan came of the goal. {beginning(reason, 4000)}\n\nShall {self._asked.agent} plan again?"
        return await self._bench.inbox.ask(Ask(text=text, options=(AGAIN, LEAVE), default=LEAVE))
