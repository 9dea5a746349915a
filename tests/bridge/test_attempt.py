"""Attempts on a real mesh, with a real program: blocked, paused, continued, paid for, and how each ended."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from devmesh.settings import Settings
from devmesh.vocabulary import facts
from devmesh.vocabulary.requests import CancelTask, PauseAgent, PauseTask, ResumeAgent, ResumeTask
from devmesh.vocabulary.terms import Blockage, Budget
from tests.bridge.rig import Mesh, gone, meshed, tool_of, tools_of, until
from tests.coordinator.rig import looped

pytestmark = pytest.mark.slow


def output(mesh: Mesh, task: int) -> str:
    """Everything that was reported of it."""
    return "".join(report.text for report in mesh.person.seen(facts.OutputReported, task=task))


@looped
async def test_a_task_whose_agent_is_refused_service_goes_to_another_uncounted(
    project: Path, settings: Settings
) -> None:
    """The first is parked with the reason and the time its service named, and says so; then it is asked again."""
    told: list[str] = []
    limited = settings.model_copy(update={"max_attempts": 1})
    async with meshed(project, limited) as mesh, mesh.bridge("--refuse", "429:2", told=told) as first:
        task = await mesh.person.post("append a.txt\n| x")
        parked = await mesh.person.sees(facts.AgentParked)
        assert (parked.agent, parked.blockage, parked.retry_in) == (first.agent, Blockage.RATE_LIMIT, 2.0)
        assert "rate limit" in parked.reason
        async with mesh.bridge() as second:
            completed = await mesh.person.sees(facts.TaskCompleted, task=task)
            assert completed.agent == second.agent
            assert mesh.person.seen(facts.TaskRequeued, task=task)[0].blameless
            assert "task 1, attempt 1: blocked (rate limit): " in "\n".join(told)
            assert any(line.startswith("parked (rate limit: ") and "tried again in 2 s" in line for line in told)
            await mesh.person.sees(facts.AgentUnparked)
            await until(lambda: "parked no more" in told)


@looped
async def test_a_parked_agent_takes_nothing(project: Path, settings: Settings) -> None:
    """Asked all the same, it declines with that word."""
    async with meshed(project, settings) as mesh, mesh.bridge() as bridge:
        await mesh.person.sees(facts.AgentJoined)
        bridge._availability.park(facts.AgentParked(agent="scripted-1", blockage=Blockage.QUOTA))
        await mesh.person.post("append a.txt\n| x")
        declined = await mesh.person.sees(facts.BidDeclined)
        assert (declined.agent, declined.reason) == (bridge.agent, "parked")


@looped
async def test_what_a_tool_spends_is_told_once_and_whole(project: Path, settings: Settings) -> None:
    """With its conversation; over two runs of one attempt, and before the change they made is offered."""
    script = (
        "```script\nappend a.txt\n| x\nspend 0.25\nspend 0.5\n```\n```script again\nspend 0.125\nwrite ok\n| y\n```\n"
    )
    async with meshed(project, settings) as mesh, mesh.bridge():
        task = await mesh.person.post(script, check="test -e ok")
        await mesh.person.sees(facts.TaskCompleted, task=task)
        reports = mesh.person.seen(facts.UsageReported, task=task)
        assert sum(report.dollars or 0 for report in reports) == pytest.approx(0.875)
        assert sum(report.input_tokens for report in reports) > 20
        assert len({report.conversation for report in reports}) == 1
        assert reports[0].conversation
        order = [fact for fact in mesh.person.facts if isinstance(fact, facts.UsageReported | facts.ChangeOffered)]
        assert isinstance(order[0], facts.UsageReported)
        assert isinstance(order[-1], facts.ChangeOffered)


@looped
async def test_a_tool_is_told_its_budget(project: Path, settings: Settings) -> None:
    """It stops by itself before it spends more."""
    limited = settings.model_copy(update={"max_attempts": 1})
    async with meshed(project, limited) as mesh, mesh.bridge():
        task = await mesh.person.post("spend 0.75\nspend 0.75\nappend a.txt\n| x", budget=Budget(dollars=1.0))
        await until(lambda: "The budget of 1 USD is used up" in output(mesh, task))
        assert "x" not in (project / "a.txt").read_text()


@looped
async def test_a_returned_change_continues_the_conversation(project: Path, settings: Settings) -> None:
    """The tool hears of the conflict alone, in the folder it knows."""
    script = (
        "replace a.txt\n| line 3\nwith\n| agent\nor replace a.txt\n| person\nwith\n| person and agent\n"
        "say edited\nsleep 1"
    )
    async with meshed(project, settings) as mesh, mesh.bridge():
        task = await mesh.person.post(script)
        await mesh.person.sees(facts.OutputReported, task=task)
        (project / "a.txt").write_text((project / "a.txt").read_text().replace("line 3", "person"))
        await mesh.person.sees(facts.TaskCompleted, task=task)
        assert "Continuing with step 1 of 3." in output(mesh, task)
        assert (project / "a.txt").read_text() == "line 1\nline 2\nperson and agent\nline 4\nline 5\n"


@looped
async def test_a_pause_ends_the_tool_frees_its_memory_and_keeps_its_work(project: Path, settings: Settings) -> None:
    """Within 2 s nothing of it is left but the workspace; resumed, it goes on with the next step."""
    async with meshed(project, settings) as mesh, mesh.bridge():
        task = await mesh.person.post("append a.txt\n| x\nsay begun\nhang 4\nappend a.txt\n| y")
        await tool_of(mesh)
        await until(lambda: "any more" in output(mesh, task))
        began = time.monotonic()
        await mesh.person.say(PauseTask(task=task))
        await until(lambda: not tools_of(mesh))
        assert time.monotonic() - began < 2.0
        await mesh.person.sees(facts.HardwareReleased, task=task)
        assert len([*(mesh.home / "workspaces").glob("*-1-1")]) == 1
        await mesh.person.say(ResumeTask(task=task))
        await mesh.person.sees(facts.TaskCompleted, task=task)
        assert "Continuing with step 3 of 4." in output(mesh, task)
        assert (project / "a.txt").read_text().endswith("line 5\nx\ny\n")
        await gone(mesh)


@looped
async def test_memory_is_free_once_the_tool_of_a_cancelled_task_has_stopped(project: Path, settings: Settings) -> None:
    """Not when it was told to: others' tools would begin beside it."""
    async with meshed(project, settings) as mesh, mesh.bridge():
        task = await mesh.person.post("say begun\nhang 30")
        tool = await tool_of(mesh)
        await mesh.person.say(CancelTask(task=task))
        await mesh.person.sees(facts.TaskCancelled, task=task)
        await mesh.person.sees(facts.HardwareReleased, task=task)
        assert not tool.is_running() or tool.status() == psutil.STATUS_ZOMBIE
        await gone(mesh)


@looped
async def test_a_paused_agent_goes_on_when_nobody_wants_it_paused_any_more(project: Path, settings: Settings) -> None:
    """Its task's pause and its own are two."""
    async with meshed(project, settings) as mesh, mesh.bridge() as bridge:
        task = await mesh.person.post("say begun\nsleep 1\nappend a.txt\n| x")
        await tool_of(mesh)
        await mesh.person.say(PauseAgent(agent=str(bridge.agent)))
        await until(lambda: not tools_of(mesh))
        await mesh.person.sees(facts.HardwareReleased, task=task)
        await mesh.person.say(PauseTask(task=task))
        await mesh.person.say(ResumeAgent(agent=str(bridge.agent)))
        assert tools_of(mesh) == []
        await mesh.person.say(ResumeTask(task=task))
        await mesh.person.sees(facts.TaskCompleted, task=task)


@looped
async def test_how_an_attempt_ended_is_said(project: Path, settings: Settings) -> None:
    """In words, with the reason where there is one."""
    told: list[str] = []
    limited = settings.model_copy(update={"max_attempts": 1})
    async with meshed(project, limited) as mesh, mesh.bridge(told=told):
        await mesh.person.post("append a.txt\n| x")
        await until(lambda: "task 1, attempt 1: done" in told)
        await mesh.person.post("fail I cannot")
        await until(lambda: any("task 2, attempt 1: failed: " in line and "I cannot" in line for line in told))
