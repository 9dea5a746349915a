"""Whole tasks on a real mesh: a real coordinator, real bridges, real processes, and a CLI without a model."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil
import pytest

from devmesh.bridge.work import TRIES
from devmesh.settings import Settings
from devmesh.vocabulary import facts
from devmesh.vocabulary.requests import (
    CancelTask,
    DismissAgent,
    PauseAgent,
    PauseTask,
    ResumeAgent,
    ResumeTask,
    SetGoal,
)
from devmesh.vocabulary.terms import ChangeState, LockMode, Verdict
from tests.bridge.rig import PATIENCE, gone, meshed, scripted, tool_of, until
from tests.coordinator.rig import looped, running

pytestmark = pytest.mark.slow

SLOW_EDIT = "say begun\nsleep 30\nappend a.txt\n| late"


async def becomes(process: psutil.Process, *statuses: str) -> None:
    """Return once the process has one of these."""
    await until(lambda: process.status() in statuses)


@looped
async def test_a_task_goes_from_award_to_landing(project: Path, settings: Settings) -> None:
    """Bid, workspace, tool, lock, change, landing, end; and nothing stays behind."""
    async with meshed(project, settings) as mesh, mesh.bridge() as bridge:
        task = await mesh.person.post("append a.txt\n| new\nwrite src/c.txt\n| made\nanswer it is done")
        completed = await mesh.person.sees(facts.TaskCompleted, task=task)
        assert (completed.agent, completed.attempt, completed.summary) == (bridge.agent, 1, "it is done")
        assert (project / "a.txt").read_text().endswith("line 5\nnew\n")
        assert (project / "src" / "c.txt").read_text() == "made\n"
        assert {lock.mode for lock in mesh.person.seen(facts.LockGranted)} == {LockMode.CO_WRITE}
        assert len(mesh.person.seen(facts.LockReleased)) == len(mesh.person.seen(facts.LockGranted)) == 2
        assert "append a.txt" in "".join(report.text for report in mesh.person.seen(facts.OutputReported))
        await gone(mesh)


@looped
async def test_a_change_that_lands_nothing_is_offered_all_the_same(project: Path, settings: Settings) -> None:
    """An empty result ends the task, and is recognised as empty."""
    async with meshed(project, settings) as mesh, mesh.bridge():
        task = await mesh.person.post("answer nothing to do")
        await mesh.person.sees(facts.TaskCompleted, task=task)
        assert mesh.person.seen(facts.ChangeApplied)[0].kind_of_landing == "empty"


@looped
async def test_a_conflict_is_solved_by_another_try(project: Path, settings: Settings) -> None:
    """The person changed the same line meanwhile: the tool runs again on theirs, in the same attempt, and both stay."""
    script = (
        "replace a.txt\n| line 3\nwith\n| agent\nor replace a.txt\n| person\nwith\n| person and agent\n"
        "say edited\nsleep 1"
    )
    async with meshed(project, settings) as mesh, mesh.bridge():
        task = await mesh.person.post(script)
        await mesh.person.sees(facts.OutputReported, task=task)
        (project / "a.txt").write_text((project / "a.txt").read_text().replace("line 3", "person"))
        completed = await mesh.person.sees(facts.TaskCompleted, task=task)
        assert completed.attempt == 1
        assert (project / "a.txt").read_text() == "line 1\nline 2\nperson and agent\nline 4\nline 5\n"
        (returned,) = mesh.person.seen(facts.ChangeReturned)
        assert (returned.code, [conflict.path for conflict in returned.conflicts]) == ("CONFLICT", ["a.txt"])


@looped
async def test_a_failed_check_is_mended_where_it_failed(project: Path, settings: Settings) -> None:
    """The next try goes on in the combined tree, and the project sees only what passed."""
    (project / "count.py").write_text(
        "import pathlib\nn = pathlib.Path('n.txt')\n"
        "n.write_text(str(int(n.read_text()) + 1 if n.exists() else 1) + '\\n')\n"
    )
    async with meshed(project, settings) as mesh, mesh.bridge():
        task = await mesh.person.post("run python count.py", check="grep -q 2 n.txt")
        await mesh.person.sees(facts.TaskCompleted, task=task)
        assert [check.passed for check in mesh.person.seen(facts.CheckEnded)] == [False, True]
        assert (project / "n.txt").read_text() == "2\n"


@looped
async def test_what_never_fits_fails_after_so_many_tries(project: Path, settings: Settings) -> None:
    """A check that cannot pass ends the attempt, not the bridge."""
    limited = settings.model_copy(update={"max_attempts": 1})
    async with meshed(project, limited) as mesh, mesh.bridge():
        task = await mesh.person.post("append a.txt\n| x", check="false")
        failed = await mesh.person.sees(facts.TaskFailed, task=task)
        assert f"{TRIES} tries; the last time: CHECK_FAILED. false: it printed nothing" in failed.reason
        assert "x" not in (project / "a.txt").read_text()
        following = await mesh.person.post("append a.txt\n| y")
        await mesh.person.sees(facts.TaskCompleted, task=following)


@looped
async def test_a_tool_that_fails_fails_its_attempt(project: Path, settings: Settings) -> None:
    """Said once per attempt, with the tool's own reason, until the attempts are used up."""
    limited = settings.model_copy(update={"max_attempts": 2})
    async with meshed(project, limited) as mesh, mesh.bridge():
        task = await mesh.person.post("fail I cannot")
        failed = await mesh.person.sees(facts.TaskFailed, task=task)
        assert "I cannot" in failed.reason
        assert [award.attempt for award in mesh.person.seen(facts.TaskAwarded)] == [1, 2]
        await gone(mesh)


@looped
async def test_what_cannot_be_merged_is_locked_before_the_tool_starts(project: Path, settings: Settings) -> None:
    """WRITE on the lock file first, and the same token covers the change."""
    async with meshed(project, settings) as mesh, mesh.bridge():
        task = await mesh.person.post("write poetry.lock\n| 2", files=("poetry.lock", "a.txt"))
        await mesh.person.sees(facts.TaskCompleted, task=task)
        kinds = [type(fact) for fact in mesh.person.facts]
        assert kinds.index(facts.LockGranted) < kinds.index(facts.TaskStarted)
        (lock,) = mesh.person.seen(facts.LockGranted)
        assert (lock.target, lock.mode) == ("poetry.lock", LockMode.WRITE)
        assert mesh.person.seen(facts.ChangeOffered)[0].tokens == (lock.token,)


@looped
async def test_a_locked_file_that_turns_up_late_is_locked_then(project: Path, settings: Settings) -> None:
    """Nobody said that the task would touch it."""
    async with meshed(project, settings) as mesh, mesh.bridge():
        task = await mesh.person.post("write poetry.lock\n| 2\nappend a.txt\n| x")
        await mesh.person.sees(facts.TaskCompleted, task=task)
        modes = {lock.target: lock.mode for lock in mesh.person.seen(facts.LockGranted)}
        assert modes == {"poetry.lock": LockMode.WRITE, "a.txt": LockMode.CO_WRITE}


@looped
async def test_two_bridges_edit_one_file_at_once(project: Path, settings: Settings) -> None:
    """Both changes are in it at the end, whoever was first."""
    async with meshed(project, settings) as mesh, mesh.bridge(), mesh.bridge():
        first = await mesh.person.post("replace a.txt\n| line 1\nwith\n| one\nsleep 0.5")
        second = await mesh.person.post("replace a.txt\n| line 5\nwith\n| five\nsleep 0.5")
        for task in (first, second):
            await mesh.person.sees(facts.TaskCompleted, task=task)
        assert (project / "a.txt").read_text() == "one\nline 2\nline 3\nline 4\nfive\n"
        assert len({award.agent for award in mesh.person.seen(facts.TaskAwarded)}) == 2


@looped
async def test_a_tool_that_cannot_be_continued_stands_still_while_paused(project: Path, settings: Settings) -> None:
    """For a task, and for its whole agent; it goes on when nobody wants it paused any more."""
    async with meshed(project, settings) as mesh, mesh.bridge(tool=scripted(resume=())) as bridge:
        task = await mesh.person.post("say begun\nsleep 1\nappend a.txt\n| x")
        process = await tool_of(mesh)
        await mesh.person.say(PauseTask(task=task))
        await becomes(process, psutil.STATUS_STOPPED)
        await mesh.person.say(PauseAgent(agent=str(bridge.agent)))
        await mesh.person.say(ResumeTask(task=task))
        await asyncio.sleep(0.3)
        assert process.status() == psutil.STATUS_STOPPED
        await mesh.person.say(ResumeAgent(agent=str(bridge.agent)))
        await becomes(process, psutil.STATUS_SLEEPING, psutil.STATUS_RUNNING)
        await mesh.person.sees(facts.TaskCompleted, task=task)


@looped
async def test_a_cancelled_task_stops_its_tool_and_the_bridge_goes_on(project: Path, settings: Settings) -> None:
    """No process, no workspace, no lock, no word about it; and the next task is done."""
    async with meshed(project, settings) as mesh, mesh.bridge():
        task = await mesh.person.post(SLOW_EDIT, files=("poetry.lock",))
        await tool_of(mesh)
        await mesh.person.say(CancelTask(task=task))
        await gone(mesh)
        following = await mesh.person.post("append a.txt\n| x")
        await mesh.person.sees(facts.TaskCompleted, task=following)
        assert mesh.person.seen(facts.RequestRefused) == []
        assert len(mesh.person.seen(facts.LockReleased)) == len(mesh.person.seen(facts.LockGranted))


@looped
async def test_a_dismissed_agent_stops_its_tool_and_leaves(project: Path, settings: Settings) -> None:
    """Its task is free again at once."""
    async with meshed(project, settings) as mesh, mesh.bridge() as bridge:
        task = await mesh.person.post(SLOW_EDIT)
        await tool_of(mesh)
        await mesh.person.say(DismissAgent(agent=str(bridge.agent), reason="enough"))
        await mesh.person.sees(facts.AgentLeft)
        await mesh.person.sees(facts.TaskRequeued, task=task)
        await gone(mesh)


REVIEWED = "```script\nappend a.txt\n| x\n```\n\n```script review\nanswer Fine by me.\n| VERDICT: {verdict}\n```\n"


@looped
async def test_a_second_agent_reviews_before_it_lands(project: Path, settings: Settings) -> None:
    """Author and reviewer are two; the verdict and the remarks are the tool's."""
    async with meshed(project, settings) as mesh, mesh.bridge(), mesh.bridge():
        task = await mesh.person.post(REVIEWED.format(verdict="APPROVE"), review=True)
        await mesh.person.sees(facts.TaskCompleted, task=task)
        (given,) = mesh.person.seen(facts.ReviewGiven)
        assert (given.verdict, given.remarks) == (Verdict.APPROVE, "Fine by me.")
        assert given.reviewer != given.agent
        await mesh.person.sees(facts.TaskCompleted, 2)
        assert (project / "a.txt").read_text().endswith("x\n")
        await gone(mesh)


@looped
async def test_two_authors_review_each_other(project: Path, settings: Settings) -> None:
    """While one's own change waits for review one judges others', so that two never wait for each other."""
    async with meshed(project, settings) as mesh, mesh.bridge(), mesh.bridge():
        first = await mesh.person.post(REVIEWED.format(verdict="APPROVE"), review=True)
        second = await mesh.person.post(REVIEWED.format(verdict="APPROVE").replace("a.txt", "b.txt"), review=True)
        for task in (first, second):
            await mesh.person.sees(facts.TaskCompleted, task=task)
        assert {given.reviewer for given in mesh.person.seen(facts.ReviewGiven)} == {"scripted-1", "scripted-2"}


@looped
async def test_an_architect_plans_and_the_plan_is_carried_out(project: Path, settings: Settings) -> None:
    """Asked for a framework, the first agent's tool plans; the tasks are done in the order they depend on."""
    plan = (
        '{"overview": "Two steps.", "tasks": ['
        '{"key": "one", "title": "first", "prompt": "```script\\nappend a.txt\\n| one\\n```"}, '
        '{"key": "two", "title": "second", "prompt": "```script\\nappend a.txt\\n| two\\n```", "depends_on": ["one"]}]}'
    )
    async with meshed(project, settings) as mesh, mesh.bridge():
        await mesh.person.sees(facts.ArchitectNamed)
        await mesh.person.say(SetGoal(text=f"```script plan\nanswer\n| {plan}\n```"))
        await mesh.person.sees(facts.TaskCompleted, 2)
        assert (project / "a.txt").read_text().endswith("one\ntwo\n")
        assert mesh.person.seen(facts.FrameworkRead)
        await gone(mesh)


@looped
async def test_a_lost_agent_stops_its_tool_and_joins_again(project: Path, settings: Settings) -> None:
    """Not heard for its lease it is given up; what it did is somebody else's, and it starts afresh."""
    short = settings.model_copy(update={"lock_ttl_sec": 1.0, "heartbeat_grace_sec": 0.1})
    async with meshed(project, short) as mesh, mesh.bridge() as bridge:
        await mesh.person.post(SLOW_EDIT)
        process = await tool_of(mesh)
        bridge._heartbeat.interval = 60
        await mesh.person.sees(facts.AgentLost)
        await mesh.person.sees(facts.AgentJoined, agent="scripted-2")
        psutil.wait_procs([process], timeout=PATIENCE)
        assert not process.is_running()
        assert bridge.agent == "scripted-2"


@looped
async def test_a_task_survives_the_restart_of_its_mesh(project: Path, settings: Settings) -> None:
    """The tool runs on without a coordinator; under the next one its change lands, once."""
    async with meshed(project, settings) as mesh, mesh.bridge() as bridge:
        task = await mesh.person.post("say begun\nsleep 1.5\nappend a.txt\n| x", files=("poetry.lock",))
        process = await tool_of(mesh)
        await mesh.coordinator.stop("a restart")
        assert process.is_running()
        async with running(project, settings) as again:
            assert again.connection.epoch == 2
            await until(lambda: (project / "a.txt").read_text().endswith("x\n"))
            await until(lambda: task not in bridge._assignments._attempts)
            state = again.coordinator._turns.state  # type: ignore[union-attr]
            assert (state.tasks[task].state, state.tasks[task].attempt) == ("completed", 1)
            assert [change.state for change in state.changes.values()] == [ChangeState.APPLIED]
            bridge.leave("the mesh is about to stop")


@looped
async def test_a_paused_agent_is_given_nothing_new(project: Path, settings: Settings) -> None:
    """And begins again when it is resumed."""
    async with meshed(project, settings) as mesh, mesh.bridge() as bridge:
        await mesh.person.sees(facts.AgentJoined)
        await mesh.person.say(PauseAgent(agent=str(bridge.agent)))
        task = await mesh.person.post("append a.txt\n| x")
        await asyncio.sleep(0.3)
        assert mesh.person.seen(facts.TaskAwarded) == []
        await mesh.person.say(ResumeAgent(agent=str(bridge.agent)))
        await mesh.person.sees(facts.TaskCompleted, task=task)


@looped
async def test_a_secret_in_the_output_stays_here(project: Path, settings: Settings) -> None:
    """What a tool prints is made harmless before it leaves the bridge."""
    async with meshed(project, settings) as mesh, mesh.bridge():
        secret = "sk-" + "a1B2" * 8
        task = await mesh.person.post(f"say key is {secret}\nanswer {secret} is the key")
        completed = await mesh.person.sees(facts.TaskCompleted, task=task)
        said = "".join(report.text for report in mesh.person.seen(facts.OutputReported))
        assert "key is" in said
        assert secret not in said + completed.summary
        assert secret not in "".join(repr(fact) for fact in mesh.person.seen(facts.ChangeOffered))
