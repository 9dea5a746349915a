"""What a bridge has in hand: begun once, brought into line with the mesh, and cleaned up whatever goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from devmesh.bridge.assignments import Assignments
from devmesh.bridge.attempt import Attempt, Bench, Ending
from devmesh.bridge.heartbeat import Heartbeat
from devmesh.bridge.locks import Locks
from devmesh.bridge.tools.generic import GenericTool
from devmesh.bridge.workspace import Workspaces
from devmesh.errors import Code, Refused
from devmesh.repository import Repository
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import Standing, TaskAwarded
from devmesh.vocabulary.requests import Finish, Report, Start
from devmesh.vocabulary.terms import Outcome, Resources, Stream, TaskState
from tests.bridge.rig import WireServer, linked, serving, until
from tests.coordinator.rig import looped

AWARD = TaskAwarded(task=1, attempt=1, agent="me", prompt="```script\nsay begun\nsleep 60\n```", title="a task")


@asynccontextmanager
async def bench_on(server: WireServer, project: Path) -> AsyncIterator[Bench]:
    """Everything an attempt works with, on a mesh that says yes to all."""
    async with linked(server.home) as link:
        locks = Locks(link, Heartbeat(link, Resources, lambda: None).now)
        workspaces = Workspaces(Repository(project, server.home))
        yield Bench(link, locks, GenericTool.find("scripted"), workspaces, project, server.home / "logs")


def standing(task: TaskAwarded | None, state: TaskState | None = None, *, paused: bool = False) -> Recorded:
    """How the mesh says things stand."""
    return Recorded(sequence=0, fact=Standing(agent="me", task=task, task_state=state, paused=paused))


def reconcile(assignments: Assignments, recorded: Recorded) -> None:
    """Hand it over as the conversation does."""
    assert isinstance(recorded.fact, Standing)
    assignments.reconcile(recorded, recorded.fact)


@pytest.mark.slow
@looped
async def test_an_award_told_twice_is_begun_once(home: Path, project: Path) -> None:
    """Also when the second telling is how things stand after a return."""
    async with serving(home) as server, bench_on(server, project) as bench:
        told: list[str] = []
        assignments = Assignments(bench, told.append)
        assignments.begin(AWARD)
        assignments.begin(AWARD)
        reconcile(assignments, standing(AWARD, TaskState.CLAIMED))
        await server.heard_of(Start)
        await assignments.stop()
        reconcile(assignments, standing(AWARD, TaskState.CLAIMED))
        assert told == ["task 1, attempt 1: a task", "task 1, attempt 1: taken away"]
        assert len(await server.heard_of(Start)) == 1


@pytest.mark.slow
@looped
async def test_after_an_absence_what_the_mesh_says_we_have_is_what_we_have(home: Path, project: Path) -> None:
    """An award that was missed is begun; a task that is somebody else's now is dropped, without a word."""
    async with serving(home) as server, bench_on(server, project) as bench:
        assignments = Assignments(bench, lambda _: None)
        reconcile(assignments, standing(AWARD, TaskState.CLAIMED))
        await server.heard_of(Report)
        reconcile(assignments, standing(AWARD, TaskState.WORKING))
        assert assignments.used().ram_gb > 0
        reconcile(assignments, standing(None))
        await until(lambda: assignments.used().ram_gb == 0 and not any((home / "workspaces").iterdir()))
        assert not any(isinstance(message.request, Finish) for message in server.heard)
        reconcile(assignments, standing(AWARD, TaskState.WORKING))
        assert assignments.used().ram_gb == 0, "what was begun and dropped is not begun again"
        await assignments.stop()


class Troubled(Attempt):
    """An attempt that opens its workspace, and then fails in the way it is told."""

    trouble: BaseException

    async def perform(self) -> Ending:
        """Fail."""
        await self._open()
        self._reporter.say(Stream.STDOUT, "so far so good\n")
        raise self.trouble


@looped
async def test_a_fault_of_ours_ends_the_attempt_and_not_the_bridge(home: Path, project: Path) -> None:
    """It is said to have failed, and why; its output is reported first, and its workspace is gone."""
    async with serving(home) as server, bench_on(server, project) as bench:
        attempt = Troubled(bench, AWARD)
        attempt.trouble = ZeroDivisionError("by nought")
        await attempt.start()
        (finish,) = await server.heard_of(Finish)
        assert (finish.outcome, finish.summary) == (
            Outcome.FAILED,
            "the bridge failed: ZeroDivisionError: by nought",
        )
        kinds = [type(message.request) for message in server.heard]
        assert kinds.index(Report) < kinds.index(Finish)
        assert list((home / "workspaces").iterdir()) == []


@looped
async def test_of_a_task_that_is_not_ours_nothing_is_said(home: Path, project: Path) -> None:
    """Refused as not assigned, the attempt cleans up and keeps quiet."""
    async with serving(home) as server, bench_on(server, project) as bench:
        attempt = Troubled(bench, AWARD)
        attempt.trouble = Refused("somebody else's", code=Code.NOT_ASSIGNED)
        await attempt.start()
        assert not any(isinstance(message.request, Finish) for message in server.heard)


@looped
async def test_an_attempt_waits_for_the_one_before_it_to_clean_up(home: Path, project: Path) -> None:
    """Two never share a workspace's place, or each other's locks."""
    async with serving(home) as server, bench_on(server, project) as bench:
        first, second = Troubled(bench, AWARD), Troubled(bench, AWARD)
        first.trouble = second.trouble = ZeroDivisionError("again")
        ended: list[Attempt] = []
        first.start().add_done_callback(lambda _: ended.append(first))
        second.start([first]).add_done_callback(lambda _: ended.append(second))
        await asyncio.wait([second.task])
        assert ended == [first, second]
