"""Work in the project itself, on a real coordinator, with the scripted CLI and its hook."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from devmesh.bridge.conversation import Conversation, Place
from devmesh.bridge.desk import Desk
from devmesh.bridge.guarding.dialects import lane_of
from devmesh.bridge.tools.generic import GenericTool
from devmesh.bridge.workspace import Workspaces
from devmesh.repository import Repository
from devmesh.settings import Settings
from devmesh.vocabulary import facts
from devmesh.vocabulary.requests import ForceRelease, Join, RequestLock
from devmesh.vocabulary.terms import Badge, LockMode, WorkspaceKind, WrittenBehind
from tests.bridge.rig import Mesh, linked, meshed
from tests.coordinator.rig import looped

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Nothing is tried twice, and an agent that says nothing is not lost at once."""
    return settings.model_copy(update={"max_attempts": 1, "lock_ttl_sec": 30.0})


@asynccontextmanager
async def shared_bridge(mesh: Mesh, *options: str, hooked: bool = True) -> AsyncIterator[Conversation]:
    """A bridge of the scripted CLI in the project itself, from its joining to its leaving."""
    tool = GenericTool.find("scripted")
    desk = Desk(mesh.home)
    lane = replace(lane_of(tool.entry, desk, await desk.open()), mcp=False)
    lane = lane if hooked else replace(lane, dialect="")
    workspaces = Workspaces(Repository(mesh.project, mesh.home))
    async with linked(mesh.home) as link:
        place = Place(mesh.project, mesh.home / "logs")
        conversation = Conversation(link, tool, workspaces, place, options, lane)
        task = asyncio.create_task(conversation.run())
        try:
            yield conversation
        finally:
            conversation.leave("the test is over")
            await task
            await desk.close()


@asynccontextmanager
async def holding(mesh: Mesh, target: str) -> AsyncIterator[int]:
    """Another agent that holds a lock; yields its token."""
    async with linked(mesh.home) as link:
        await link.request(Join(tool="other"))
        granted = (await link.request(RequestLock(targets=(target,), mode=LockMode.WRITE))).find(facts.LockGranted)
        assert granted is not None
        yield granted.token


@looped
async def test_an_edit_is_made_where_it_is_under_its_lock(project: Path, settings: Settings) -> None:
    """Recognised as there already, on record with its file, and nothing is found that came without a lock."""
    async with meshed(project, settings) as mesh, shared_bridge(mesh):
        joined = await mesh.person.sees(facts.AgentJoined)
        assert (joined.workspace, joined.badge) == (WorkspaceKind.SHARED, Badge.WATCHED)
        task = await mesh.person.post("append a.txt\n| x\nrun sh -c 'echo y > new.txt'")
        landed = await mesh.person.sees(facts.ChangeApplied, task=task)
        await mesh.person.sees(facts.TaskCompleted, task=task)
        offered = await mesh.person.sees(facts.ChangeOffered, task=task)
        assert landed.kind_of_landing == "duplicate"
        assert sorted(file.path for file in offered.files) == ["a.txt", "new.txt"]
        assert sorted(landed.files) == ["a.txt", "new.txt"]
        assert (project / "a.txt").read_text().endswith("line 5\nx\n")
        locked = {fact.target for fact in mesh.person.seen(facts.LockGranted)}
        assert {"a.txt", "new.txt"} <= locked
        assert mesh.person.seen(facts.WriteFound) == []


@pytest.mark.parametrize("script", ["append a.txt\n| x", "run sh -c 'echo x > a.txt'", "rename a.txt -> c.txt"])
@looped
async def test_what_another_holds_is_refused(
    project: Path, settings: Settings, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file stays as it is, and the tool hears who holds it, for how long, and not to route around it."""
    monkeypatch.setattr("devmesh.bridge.guarding.shared.PATIENCE", 0.2)
    before = (project / "a.txt").read_text()
    async with meshed(project, settings) as mesh, holding(mesh, "a.txt"), shared_bridge(mesh):
        await mesh.person.sees(facts.AgentJoined, tool="scripted")
        task = await mesh.person.post(script)
        failed = await mesh.person.sees(facts.TaskFailed, task=task)
        assert "held by other-1 (write) for another" in failed.reason
        assert "do not write it by other means" in failed.reason
        assert (project / "a.txt").read_text() == before


@looped
async def test_a_lock_that_comes_free_is_waited_for(project: Path, settings: Settings) -> None:
    """The edit happens then, not before."""
    async with meshed(project, settings) as mesh, holding(mesh, "a.txt") as token, shared_bridge(mesh):
        await mesh.person.sees(facts.AgentJoined, tool="scripted")
        task = await mesh.person.post("append a.txt\n| x")
        await mesh.person.sees(facts.LockQueued)
        await mesh.person.say(ForceRelease(token=token, reason="it is time"))
        await mesh.person.sees(facts.TaskCompleted, task=task)
        assert (project / "a.txt").read_text().endswith("x\n")


@looped
async def test_a_command_that_cannot_be_told_is_refused(project: Path, settings: Settings) -> None:
    """With the way out: the edit tool."""
    async with meshed(project, settings) as mesh, shared_bridge(mesh):
        task = await mesh.person.post("run python -c \"open('a.txt', 'w')\"")
        failed = await mesh.person.sees(facts.TaskFailed, task=task)
        assert "Use your edit tool" in failed.reason
        assert (project / "a.txt").read_text().startswith("line 1\n")


@looped
async def test_a_write_behind_the_hook_is_found_and_both_versions_kept(project: Path, settings: Settings) -> None:
    """By the sweep after the turn; what was written under its lock lands all the same."""
    async with meshed(project, settings) as mesh, shared_bridge(mesh, "--unhooked", "write"):
        task = await mesh.person.post("append a.txt\n| x\nwrite b.txt\n| mine")
        await mesh.person.sees(facts.TaskCompleted, task=task)
        found = await mesh.person.sees(facts.WriteFound)
        assert (found.path, found.found_by, found.agent) == ("b.txt", WrittenBehind.SWEEP, "scripted-1")
        assert found.task == task
        repository = Repository(project, mesh.home)
        assert found.before is not None
        assert found.after is not None
        assert repository.read_blob(found.before) == b"alpha\nbeta\n"
        assert repository.read_blob(found.after) == b"mine\n"
        assert len(mesh.person.seen(facts.WriteFound)) == 1
        assert (await mesh.person.sees(facts.ChangeApplied, task=task)).files == ("a.txt",)


@looped
async def test_what_others_write_rightly_is_no_false_alarm(project: Path, settings: Settings) -> None:
    """An agent with its own copy lands, and another in the project writes under its lock, while this one works."""
    async with meshed(project, settings) as mesh, shared_bridge(mesh), mesh.bridge(), shared_bridge(mesh):
        await mesh.person.sees(facts.AgentJoined, count=3)
        slow = await mesh.person.post("sleep 1.5\nappend a.txt\n| x", agents=("scripted-1",))
        await mesh.person.sees(facts.TaskStarted, task=slow)
        own = await mesh.person.post("append b.txt\n| own", agents=("scripted-2",))
        beside = await mesh.person.post("write c.txt\n| shared", agents=("scripted-3",))
        for task in (own, beside, slow):
            await mesh.person.sees(facts.TaskCompleted, task=task)
        assert mesh.person.seen(facts.WriteFound) == []
        offered = await mesh.person.sees(facts.ChangeOffered, task=slow)
        assert [file.path for file in offered.files] == ["a.txt"]


@looped
async def test_without_any_hook_the_declared_files_are_locked_throughout(project: Path, settings: Settings) -> None:
    """From before the start; what is written beside them is found."""
    async with meshed(project, settings) as mesh, shared_bridge(mesh, hooked=False):
        task = await mesh.person.post("append a.txt\n| x\nappend b.txt\n| y", files=("a.txt",))
        started = await mesh.person.sees(facts.TaskStarted, task=task)
        await mesh.person.sees(facts.TaskCompleted, task=task)
        order = [fact for fact in mesh.person.facts if fact is started or isinstance(fact, facts.LockGranted)]
        assert isinstance(order[0], facts.LockGranted)
        assert order[0].target == "a.txt"
        assert [found.path for found in mesh.person.seen(facts.WriteFound)] == ["b.txt"]


@looped
async def test_a_failed_check_is_mended_where_it_is(project: Path, settings: Settings) -> None:
    """The second run finds its first result in the project, and its locks still held."""
    script = (
        "```script\nreplace a.txt\n| line 1\nwith\n| wrong\n```\n"
        "```script again\nreplace a.txt\n| wrong\nwith\n| right\n```\n"
    )
    async with meshed(project, settings) as mesh, shared_bridge(mesh):
        task = await mesh.person.post(script, check="grep -q right a.txt")
        await mesh.person.sees(facts.TaskCompleted, task=task)
        assert (await mesh.person.sees(facts.ChangeReturned, task=task)).code == "CHECK_FAILED"
        assert (project / "a.txt").read_text().startswith("right\n")
        assert mesh.person.seen(facts.WriteFound) == []


@looped
async def test_its_papers_lie_in_the_meshs_folder_and_go(project: Path, settings: Settings) -> None:
    """Nothing of ours is ever beside or in the project."""
    beside = _names(project.parent) | {settings.home.name}
    async with meshed(project, settings) as mesh, shared_bridge(mesh):
        task = await mesh.person.post("append a.txt\n| x")
        await mesh.person.sees(facts.TaskCompleted, task=task)
        assert _names(project.parent) == beside
        assert _names(project) == {"a.txt", "b.txt", "poetry.lock"}


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@looped
async def test_what_a_failed_attempt_leaves_is_on_record_with_what_was_there(project: Path, settings: Settings) -> None:
    """Written under its lock, so it is surely its own; and it stays."""
    async with meshed(project, settings) as mesh, shared_bridge(mesh):
        task = await mesh.person.post("append a.txt\n| x\nrun python -c \"open('b.txt', 'w')\"")
        await mesh.person.sees(facts.TaskFailed, task=task)
        (found,) = mesh.person.seen(facts.WriteFound)
        assert (found.path, found.found_by, found.agent, found.task) == (
            "a.txt",
            WrittenBehind.LEFT,
            "scripted-1",
            task,
        )
        repository = Repository(project, mesh.home)
        assert found.before is not None
        assert found.after is not None
        assert repository.read_blob(found.after) == repository.read_blob(found.before) + b"x\n"
        assert (project / "a.txt").read_text().endswith("x\n")


@looped
async def test_a_write_by_whom_nobody_knows_is_put_down_to_nobody(project: Path, settings: Settings) -> None:
    """A person saves a file while the tool is at work: found at once, and only whose watch it was is said."""
    async with meshed(project, settings) as mesh, shared_bridge(mesh):
        task = await mesh.person.post("sleep 60\nappend a.txt\n| x")
        await mesh.person.sees(facts.TaskStarted, task=task)
        (project / "b.txt").write_text("by hand\n")
        found = await mesh.person.sees(facts.WriteFound)
        assert (found.path, found.agent, found.reporter, found.holders) == ("b.txt", None, "scripted-1", ())
        assert mesh.person.seen(facts.TaskCompleted) == []
