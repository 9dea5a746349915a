"""The real server, spoken to by a real client over pipes: as a bridge's tool has it, and as a person's."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import CallToolResult, TextContent

from devmesh.bridge import mcp as room
from devmesh.bridge.desk import Desk
from devmesh.bridge.mcp.toolbelt import BY_NAME, TOOLS
from devmesh.bridge.tools.catalogue import packages
from devmesh.settings import Settings
from devmesh.vocabulary import facts, requests
from tests.bridge.mcp.seats import seated
from tests.bridge.rig import Mesh, meshed
from tests.coordinator.rig import looped

pytestmark = pytest.mark.slow


@asynccontextmanager
async def spoken_to(argv: tuple[str, ...], env: Mapping[str, str]) -> AsyncIterator[ClientSession]:
    """A client of the server that this command starts."""
    command = StdioServerParameters(command=argv[0], args=list(argv[1:]), env={**os.environ, **env})
    async with stdio_client(command) as (incoming, outgoing), ClientSession(incoming, outgoing) as session:
        await session.initialize()
        yield session


@asynccontextmanager
async def in_a_bridge(mesh: Mesh) -> AsyncIterator[ClientSession]:
    """The server that a bridge gives its tool."""
    desk = Desk(mesh.home)
    async with seated(mesh) as handlers:
        desk.on("tool", handlers.answer)
        program = room.program(await desk.open())
        try:
            async with spoken_to(program.argv, program.env) as session:
                yield session
        finally:
            await desk.close()


@asynccontextmanager
async def by_hand(mesh: Mesh) -> AsyncIterator[ClientSession]:
    """The server that a person's own CLI starts."""
    env = {"DEVMESH_HOME": str(mesh.settings.home), "PYTHONPATH": packages()}
    argv = (sys.executable, "-P", "-m", "devmesh.bridge.mcp", "--project", str(mesh.project))
    async with spoken_to(argv, env) as session:
        yield session


def text_of(result: CallToolResult) -> str:
    """What the model reads."""
    return "".join(part.text for part in result.content if isinstance(part, TextContent))


@looped
async def test_a_tools_locks_are_its_agents(project: Path, settings: Settings) -> None:
    """Every tool is listed with its schema; a lock is taken as the agent whose desk it is."""
    async with meshed(project, settings) as mesh, in_a_bridge(mesh) as session:
        listed = (await session.list_tools()).tools
        assert [(tool.name, tool.input_schema) for tool in listed] == [
            (tool.name, json.loads(json.dumps(tool.schema))) for tool in TOOLS
        ]
        taken = await session.call_tool("acquire_lock", {"paths": ["a.txt"]})
        assert (taken.is_error, "You hold write" in text_of(taken)) == (False, True)
        granted = await mesh.person.sees(facts.LockGranted)
        assert (granted.agent, granted.target) == ("claude-1", "a.txt")
        assert "claude-1" in text_of(await session.call_tool("list_locks", {}))


@looped
async def test_an_error_is_one_line_to_the_model(project: Path, settings: Settings) -> None:
    """Of ours, of the mesh, and for a tool that there is not."""
    async with meshed(project, settings) as mesh, in_a_bridge(mesh) as session:
        wrong: tuple[tuple[str, dict[str, Any], str], ...] = (
            ("acquire_lock", {"paths": []}, "paths"),
            ("acquire_lock", {"paths": ["../x"]}, "../x"),
            ("answer_question", {"question": 5, "answer": "x"}, "question 5"),
            ("nothing", {}, "board"),
        )
        for name, arguments, said in wrong:
            result = await session.call_tool(name, arguments)
            assert result.is_error
            assert said in text_of(result)
            assert "\n" not in text_of(result)


@looped
async def test_a_question_that_takes_long_is_kept_alive(project: Path, settings: Settings) -> None:
    """The client is told of progress while the person thinks."""
    told: list[float] = []
    noticed = asyncio.Event()

    async def noted(progress: float, total: float | None, message: str | None) -> None:
        told.append(progress)
        noticed.set()

    async with meshed(project, settings) as mesh, in_a_bridge(mesh) as session:
        asking = asyncio.create_task(
            session.call_tool("ask_person", {"question": "which?", "wait_seconds": 60}, progress_callback=noted)
        )
        asked = await mesh.person.sees(facts.QuestionAsked)
        await asyncio.wait_for(noticed.wait(), 20)
        await mesh.person.say(requests.AnswerQuestion(question=asked.question, answer="the first"))
        assert "the first" in text_of(await asking)
    assert told


@looped
async def test_by_hand_it_joins_as_an_agent_that_is_given_no_work(project: Path, settings: Settings) -> None:
    """With its first call; its locks are free when it ends."""
    async with meshed(project, settings) as mesh:
        async with by_hand(mesh) as session:
            assert set(BY_NAME) == {tool.name for tool in (await session.list_tools()).tools}
            assert mesh.person.seen(facts.AgentJoined) == []
            board = text_of(await session.call_tool("board", {}))
            assert "You are mcp-1." in board
            joined = await mesh.person.sees(facts.AgentJoined)
            assert (joined.tool, joined.works) == ("mcp", False)
            await session.call_tool("acquire_lock", {"paths": ["a.txt"]})
            await mesh.person.post("say hello")
            assert "queued" in text_of(await session.call_tool("board", {}))
            assert mesh.person.seen(facts.BiddingOpened) == []
        await mesh.person.sees(facts.AgentLeft, agent="mcp-1")
        await mesh.person.sees(facts.LockReleased)


@looped
async def test_without_a_mesh_every_call_says_how_to_start_one(project: Path, settings: Settings) -> None:
    """The server itself serves on: a mesh may come later."""
    env = {"DEVMESH_HOME": str(settings.home), "PYTHONPATH": packages()}
    argv = (sys.executable, "-P", "-m", "devmesh.bridge.mcp", "--project", str(project))
    async with spoken_to(argv, env) as session:
        result = await session.call_tool("board", {})
        assert result.is_error
        assert "devmesh" in text_of(result)
        async with meshed(project, settings):
            assert not (await session.call_tool("board", {})).is_error
