"""A CLI of a real bridge, in a real mesh, with the mesh's tools in its hands: all processes, no model."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devmesh.bridge.launch import Launched, launch
from devmesh.processes import end
from devmesh.settings import Settings
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import LockMode
from tests.bridge.rig import Mesh, meshed
from tests.coordinator.rig import looped

pytestmark = pytest.mark.slow

CALLER = """\
#!{python}
import asyncio, json, os, sys
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

if "--version" in sys.argv:
    sys.exit(print("caller 1.0"))
prompt = sys.stdin.read()
config = json.load(open(sys.argv[sys.argv.index("--mcp") + 1]))["devmesh"]

async def main():
    env = {"PATH": os.environ["PATH"], **config["env"]}
    command = StdioServerParameters(command=config["command"], args=config["args"], env=env)
    async with stdio_client(command) as pipes, ClientSession(*pipes) as session:
        await session.initialize()
        for name, arguments in (
            ("acquire_lock", {"paths": [os.getcwd() + "/a.txt"]}),
            ("ask_person", {"question": "which colour?", "wait_seconds": 30}),
        ):
            print("".join(part.text for part in (await session.call_tool(name, arguments)).content))

print("told of the tools:", "ask_person" in prompt)
asyncio.run(main())
open("a.txt", "a").write("by the caller\\n")
"""
ROW = """\
[tools.caller]
title = "Caller"
seen = "V 1.0"
executables = ["caller"]
install = "comes with the test"
command = ["{executable}"]

[tools.caller.mcp]
arguments = ["--mcp", "{papers}.mcp.json"]
files = { "mcp.json" = '{"devmesh": {"command": {command}, "args": {arguments}, "env": {env}}}' }
"""


@pytest.fixture
def caller(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Launched]]:
    """A CLI that calls two tools and edits a file; whatever is launched of it is gone afterwards."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "caller"
    program.write_text(CALLER.replace("{python}", sys.executable))
    program.chmod(0o755)
    settings.home.mkdir(parents=True, exist_ok=True)
    (settings.home / "tools.toml").write_text(ROW)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    started: list[Launched] = []
    yield started
    for bridge in started:
        end(bridge.pid, bridge.create_time, grace=1.0)


@looped
async def test_what_a_tool_calls_is_done_as_its_agent(
    project: Path, settings: Settings, caller: list[Launched]
) -> None:
    """Its lock is the agent's, for the task; its question waits in the inbox; both end with the work."""
    async with meshed(project, settings) as mesh:
        caller += launch("caller", mesh.project, mesh.home)
        task = (await mesh.person.say(requests.PostTask(prompt="Change it."))).task
        asked = await mesh.person.sees(facts.QuestionAsked)
        assert (asked.agent, asked.task, asked.text) == ("caller-1", task, "which colour?")
        granted = mesh.person.seen(facts.LockGranted)[0]
        assert (granted.agent, granted.task, granted.target) == ("caller-1", task, "a.txt")
        assert granted.mode is LockMode.WRITE
        await mesh.person.say(requests.AnswerQuestion(question=asked.question, answer="blue"))
        done = await mesh.person.sees(facts.TaskCompleted, task=task)
        assert (project / "a.txt").read_text().endswith("by the caller\n")
        _says(mesh, done, "You hold write", "blue", "told of the tools: True")
        await mesh.person.sees(facts.LockReleased, token=granted.token)


@looped
async def test_a_person_may_keep_them_from_every_tool(
    project: Path, settings: Settings, caller: list[Launched]
) -> None:
    """With DEVMESH_MCP=false no server is offered: this tool fails for want of it."""
    async with meshed(project, settings) as mesh:
        caller += launch("caller", mesh.project, mesh.home, env={"DEVMESH_MCP": "false"})
        task = (await mesh.person.say(requests.PostTask(prompt="Change it."))).task
        await mesh.person.sees(facts.TaskRequeued, task=task)
        assert mesh.person.seen(facts.LockGranted) == []


def _says(mesh: Mesh, done: facts.TaskCompleted, *words: str) -> None:
    output = "".join(one.text for one in mesh.person.seen(facts.OutputReported, task=done.task))
    assert [word for word in words if word not in output] == []
