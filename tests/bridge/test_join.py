"""Bridge processes: launched, dismissed, signalled, killed, and orphaned; nothing of them is ever left."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from devmesh.bridge.launch import Launched, launch
from devmesh.bridge.tools.catalogue import packages
from devmesh.errors import ToolNotFound
from devmesh.processes import end, is_alive
from devmesh.settings import Settings
from devmesh.vocabulary import facts
from devmesh.vocabulary.requests import DismissAgent
from devmesh.vocabulary.terms import Badge, Role, WorkspaceKind
from tests.bridge.rig import PATIENCE, Mesh, meshed, until
from tests.coordinator.rig import looped

pytestmark = pytest.mark.slow


@pytest.fixture
def launched() -> Iterator[list[Launched]]:
    """Whatever a test launches is gone afterwards."""
    started: list[Launched] = []
    yield started
    for bridge in started:
        end(bridge.pid, bridge.create_time, grace=1.0)


def start(mesh: Mesh, started: list[Launched], *options: str, **env: str) -> Launched:
    """One scripted bridge, as a notebook would launch it."""
    started += launch("scripted", mesh.project, mesh.home, options=options, env=env)
    return started[-1]


def workers(mesh: Mesh) -> list[psutil.Process]:
    """Every process, of whatever parent and session, that was started in a workspace of this mesh."""
    found = []
    for process in psutil.process_iter():
        try:
            inside = process.environ().get("DEVMESH_WORKSPACE", "").startswith(str(mesh.home))
            if inside and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


async def until_ended(bridge: Launched, limit: float) -> float:
    """How long it took to be gone. Fails after `limit` seconds."""
    began = time.monotonic()
    await until(lambda: not is_alive(bridge.pid, bridge.create_time), limit)
    return time.monotonic() - began


@looped
async def test_a_launched_bridge_works_and_leaves_when_dismissed(
    project: Path, settings: Settings, launched: list[Launched]
) -> None:
    """In a session of its own, with nothing to say on its output, and no secret where others can read."""
    async with meshed(project, settings) as mesh:
        bridge = start(mesh, launched, "--delay", "0.01")
        joined = await mesh.person.sees(facts.AgentJoined)
        process = psutil.Process(bridge.pid)
        assert (joined.pid, joined.agent) == (bridge.pid, "scripted-1")
        assert os.getsid(bridge.pid) != os.getsid(0)
        assert mesh.coordinator.connection is not None
        told = "\0".join((*process.cmdline(), *process.environ().values()))
        assert not any(token in told for token in mesh.coordinator.connection.tokens.values())
        task = await mesh.person.post("append a.txt\n| x")
        await mesh.person.sees(facts.TaskCompleted, task=task)
        await mesh.person.say(DismissAgent(agent="scripted-1"))
        await mesh.person.sees(facts.AgentLeft)
        await until_ended(bridge, PATIENCE)
        assert "joined as scripted-1" in bridge.log.read_text()
        assert (mesh.home / "logs" / "scripted.start.log").read_text() == ""
        assert mesh.coordinator.connection.tokens[Role.AGENT] not in bridge.log.read_text()


@looped
async def test_what_a_bridge_was_given_as_a_secret_leaves_it_nowhere(
    project: Path, settings: Settings, launched: list[Launched]
) -> None:
    """A tool that prints a value of its environment, or the tokens of the mesh: not in what is told, nor in its log."""
    async with meshed(project, settings) as mesh:
        bridge = start(mesh, launched, "--delay", "0.01", DATABASE_PASS="of-the-database-7")
        await mesh.person.sees(facts.AgentJoined)
        assert mesh.coordinator.connection is not None
        token = mesh.coordinator.connection.tokens[Role.OPERATOR]
        await mesh.person.post(f"say it is of-the-database-7 and {token} .")
        said = await mesh.person.sees(facts.OutputReported)
        assert said.text.strip() == "it is [redacted] and [redacted] ."
        await mesh.person.say(DismissAgent(agent="scripted-1"))
        await until_ended(bridge, PATIENCE)
        logged = "".join(path.read_text() for path in (mesh.home / "logs").rglob("*.log"))
        assert "it is [redacted]" in logged
        assert token not in logged
        assert "of-the-database-7" not in logged


@looped
async def test_in_the_project_itself_it_joins_with_the_badge_it_earned(
    project: Path, settings: Settings, launched: list[Launched]
) -> None:
    """A canary ran before; then it works there, and nothing is left beside the project."""
    async with meshed(project, settings) as mesh:
        launched += launch("scripted", mesh.project, mesh.home, workspace="shared")
        joined = await mesh.person.sees(facts.AgentJoined)
        assert (joined.workspace, joined.badge) == (WorkspaceKind.SHARED, Badge.ENFORCED)
        assert all(probe.refused for probe in joined.probes)
        task = await mesh.person.post("append a.txt\n| x")
        assert (await mesh.person.sees(facts.ChangeApplied, task=task)).files == ("a.txt",)
        await mesh.person.say(DismissAgent(agent=joined.agent))
        await until_ended(launched[-1], PATIENCE)
        assert not list((mesh.home / "desk").glob("*.sock"))


@looped
async def test_a_killed_bridge_leaves_nothing_alive(
    project: Path, settings: Settings, launched: list[Launched]
) -> None:
    """SIGKILL, with a tool that ignores signals and a grandchild in its own session: all gone within 2 s."""
    async with meshed(project, settings) as mesh:
        bridge = start(mesh, launched)
        task = await mesh.person.post("daemon 60\nsay waiting\nhang")
        await until(
            lambda: "any more" in "".join(one.text for one in mesh.person.seen(facts.OutputReported, task=task))
        )
        assert len(workers(mesh)) >= 2
        os.kill(bridge.pid, signal.SIGKILL)
        await until(lambda: not workers(mesh), patience=2.0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@looped
async def test_a_signal_ends_a_bridge_within_two_seconds(
    project: Path, settings: Settings, launched: list[Launched], number: signal.Signals
) -> None:
    """Even while its tool ignores every polite request; the mesh hears a goodbye, and the task is free at once."""
    async with meshed(project, settings) as mesh:
        bridge = start(mesh, launched)
        task = await mesh.person.post("say waiting\nhang")
        await mesh.person.sees(facts.OutputReported, task=task)
        os.kill(bridge.pid, number)
        await until_ended(bridge, 2.5)
        await mesh.person.sees(facts.AgentLeft)
        assert workers(mesh) == []


@looped
async def test_a_bridge_without_its_mesh_ends_by_itself(
    project: Path, settings: Settings, launched: list[Launched]
) -> None:
    """After ORPHAN_SEC, not before, with its tool."""
    async with meshed(project, settings) as mesh:
        bridge = start(mesh, launched, DEVMESH_ORPHAN_SEC="1")
        await mesh.person.post("say waiting\nsleep 60")
        await until(lambda: workers(mesh))
    assert is_alive(bridge.pid, bridge.create_time)
    assert await until_ended(bridge, PATIENCE) > 0.5
    assert workers(mesh) == []


def test_by_hand_it_exits_with_a_code_and_one_line(project: Path, settings: Settings) -> None:
    """An unknown tool is answered on standard error; nothing on standard output."""
    ran = subprocess.run(
        [sys.executable, "-m", "devmesh.bridge", "claud", "--project", str(project)],
        env={**os.environ, "DEVMESH_HOME": str(settings.home), "PYTHONPATH": packages()},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("devmesh: no tool is called 'claud'")


@looped
async def test_a_session_is_taken_up_by_the_next_process(
    project: Path, settings: Settings, launched: list[Launched], tmp_path: Path
) -> None:
    """With the key of the one that was killed; what that one had begun is given back at once."""
    key = tmp_path / secrets.token_hex(4)
    async with meshed(project, settings) as mesh:
        bridge = _by_key(mesh, launched, key)
        task = await mesh.person.post("say waiting\nsleep 60")
        await mesh.person.sees(facts.TaskStarted, task=task)
        os.kill(bridge.pid, signal.SIGKILL)
        _by_key(mesh, launched, key)
        await mesh.person.sees(facts.SessionResumed)
        await mesh.person.sees(facts.AgentJoined, agent="scripted-2")
        assert (await mesh.person.sees(facts.TaskAbandoned, task=task)).death is False
        assert key.stat().st_mode & 0o077 == 0


def _by_key(mesh: Mesh, started: list[Launched], key: Path) -> Launched:
    env = {**os.environ, "DEVMESH_HOME": str(mesh.settings.home), "PYTHONPATH": packages()}
    command = [sys.executable, "-m", "devmesh.bridge", "scripted", "--project", str(mesh.project)]
    process = subprocess.Popen([*command, "--agent-key-file", str(key)], env=env, stdin=subprocess.DEVNULL)
    started.append(Launched(process.pid, psutil.Process(process.pid).create_time(), mesh.home))
    _children.append(process)
    return started[-1]


_children: list[subprocess.Popen[bytes]] = []


@pytest.fixture(autouse=True)
def _reaped(launched: list[Launched]) -> Iterator[None]:
    """Children of ours are collected, too."""
    yield
    for bridge in launched:
        end(bridge.pid, bridge.create_time, grace=1.0)
    while _children:
        _children.pop().wait()


def test_what_is_not_installed_is_not_launched(project: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to install it, and nothing was started."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolNotFound, match="npm install"):
        launch("claude", project, home)
    assert not (home / "logs").exists()
