"""A whole coordinator: started, killed, held up, out of disk, failed by its own fault, raced for, and stopped."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from devmesh.address import find_connection, home_of, read_connection
from devmesh.audit.failpoints import Failpoint
from devmesh.coordinator import turns
from devmesh.coordinator.lateness import LATE
from devmesh.coordinator.loop import Coordinator
from devmesh.core.effects import Effect
from devmesh.core.events import Event, Heard
from devmesh.core.state import MeshState
from devmesh.core.step import step
from devmesh.errors import AlreadyRunning, NoMesh, SettingError, StorageError
from devmesh.settings import Settings
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import LockMode, Outcome, Role
from tests.coordinator.changing import make, write
from tests.coordinator.rig import Client, Running, eventually, looped, running

PROGRAM = Path(__file__).with_name("killed_coordinator.py")


# ---- one life ----


@looped
async def test_a_task_goes_from_its_posting_to_the_project(project: Path, settings: Settings) -> None:
    """Posted, bid for, awarded, worked on in a workspace, checked on the combined tree, landed, done."""
    async with running(project, settings) as mesh:
        person, agent = await mesh.operator(), await mesh.agent()
        repository = mesh.coordinator._gate._gate.repository
        posted = await person.ask(requests.PostTask(prompt="do it", check="grep -q landed a.txt"))
        bidding = await agent.hear_of(facts.BiddingOpened)
        await agent.say(requests.Bid(task=bidding.task, confidence=0.9))
        awarded = await agent.hear_of(facts.TaskAwarded)
        await agent.ask(requests.Start(task=awarded.task, attempt=awarded.attempt))
        made = await asyncio.to_thread(make, repository, write(a_txt="landed\n"))
        token = await agent.lock("a.txt", LockMode.CO_WRITE)
        await agent.say(made.to_offer(awarded, token))
        landed = await agent.hear_of(facts.ChangeApplied)
        assert landed.files == ("a.txt",)
        assert (project / "a.txt").read_text() == "landed\n"
        done = requests.Finish(task=awarded.task, attempt=awarded.attempt, outcome=Outcome.DONE)
        assert isinstance((await agent.ask(done))[0], facts.TaskCompleted)
        assert isinstance(posted[0], facts.TaskPosted)
        await person.close()
        await agent.close()


@looped
async def test_a_watcher_has_the_state_and_every_later_fact(project: Path, settings: Settings) -> None:
    """What follows the state begins where the state ends, without a gap."""
    async with running(project, settings) as mesh:
        person, agent = await mesh.operator(), await mesh.agent()
        (begun,) = await person.ask(requests.Watch())
        assert isinstance(begun, facts.WatchStarted)
        token = await agent.lock("a.txt")
        await agent.ask(requests.ReleaseLock(tokens=(token,)))
        heard: list[int] = []
        while len(heard) < 2:
            heard += [told.sequence for told in (await person.hear()).facts if told.sequence]
        assert heard == [begun.sequence + 1, begun.sequence + 2]
        await person.close()
        await agent.close()


@looped
async def test_it_starts_and_stops_and_starts_where_it_was(project: Path, settings: Settings) -> None:
    """The epoch rises, the record is clean, the connection file comes and goes."""
    home = home_of(project, settings)
    async with running(project, settings) as mesh:
        assert find_connection(project, settings) == mesh.connection
        agent = await mesh.agent()
        token = await agent.lock("a.txt")
    with pytest.raises(NoMesh):
        read_connection(home)
    async with running(project, settings) as mesh:
        assert mesh.connection.epoch == 2
        assert mesh.coordinator._recording.journal.was_clean
        again = await Client.connect(mesh.connection, key=agent.key, last=agent.last)
        renewed = (await again.ask(requests.Heartbeat(tokens=(token,))))[0]
        assert renewed.tokens == (token,)
        await again.close()


async def stopped_at(moment: int, project: Path, settings: Settings) -> Coordinator:
    """A coordinator that ran and was told to stop when it had passed so many failpoints; 0: before it began."""
    loop, passed = asyncio.get_running_loop(), itertools.count(1)

    def pass_by(_: str) -> None:
        if next(passed) == moment:
            loop.call_soon_threadsafe(coordinator.stop_soon, "never mind")

    coordinator = Coordinator(project, settings, failpoint=pass_by)
    if not moment:
        coordinator.stop_soon("never mind")
    await asyncio.wait_for(coordinator.run(), 20)
    assert next(passed) > moment
    return coordinator


@looped
@pytest.mark.parametrize("moment", [0, 1, 2, 4, 8])
async def test_told_to_stop_while_it_starts_it_stops(moment: int, project: Path, settings: Settings) -> None:
    """Whenever that is: its inbox is cleared before its first turn, and the wish must not be cleared with it."""
    assert not (await stopped_at(moment, project, settings))._in_force.state.running


@looped
async def test_tokens_are_new_at_every_start(project: Path, settings: Settings) -> None:
    """A token that leaked is worth nothing after a restart."""
    async with running(project, settings) as mesh:
        before = mesh.connection.tokens
    async with running(project, settings) as mesh:
        assert not set(before.values()) & set(mesh.connection.tokens.values())


@looped
async def test_a_lane_that_is_no_glob_is_a_setting_to_mend(project: Path, settings: Settings) -> None:
    """It is named before anything starts, and the globs that are fine are spelled as the rules spell them."""
    with pytest.raises(SettingError, match="DEVMESH_LOCKED_LANES"):
        await Coordinator(project, settings.model_copy(update={"locked_lanes": ("[",)})).run()
    async with running(project, settings.model_copy(update={"locked_lanes": ("./x/**",)})) as run:
        assert [lane.glob for lane in run.coordinator._in_force.state.limits.lanes] == ["x/"]


@looped
async def test_only_one_of_two_coordinates_a_project(project: Path, settings: Settings) -> None:
    """The second is told who has it, and the first goes on."""
    async with running(project, settings) as mesh:
        with pytest.raises(AlreadyRunning) as caught:
            await Coordinator(project, settings).run()
        assert caught.value.pid == os.getpid()
        await (await mesh.agent()).close()


# ---- killed ----


@asynccontextmanager
async def process(project: Path, home: Path, *killing: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A coordinator in a process of its own; killed at the end at the latest."""
    command = [sys.executable, str(PROGRAM), str(project), str(home), *killing]
    started = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


async def first_line(started: asyncio.subprocess.Process) -> str:
    """What it says first: `ready`, or its error."""
    assert started.stdout is not None
    return (await asyncio.wait_for(started.stdout.readline(), 20)).decode().strip()


@pytest.mark.slow
@looped
async def test_an_acknowledged_grant_survives_kill_9(project: Path, settings: Settings) -> None:
    """The same token, and the same answer when the same request comes again, although it was answered before."""
    home = home_of(project, settings)
    async with process(project, settings.home) as first:
        assert await first_line(first) == "ready"
        agent = await Client.connect(read_connection(home))
        await agent.join()
        token = await agent.lock("a.txt")
        first.send_signal(signal.SIGKILL)
        await first.wait()
    async with process(project, settings.home) as second:
        assert await first_line(second) == "ready"
        again = await Client.connect(read_connection(home), key=agent.key, last=agent.last)
        standing = (
            await again.hear_of(facts.Standing) if len(again.heard[0].facts) < 2 else again.heard[0].facts[1].fact
        )
        assert isinstance(standing, facts.Standing)
        assert [lock.token for lock in standing.locks] == [token]
        await again.send(agent.last, requests.RequestLock(targets=("a.txt",), mode=LockMode.WRITE))
        repeated = (await again.answer(agent.last)).facts[0].fact
        assert isinstance(repeated, facts.LockGranted)
        assert repeated.token == token
        other = await Client.connect(read_connection(home))
        await other.join()
        refused = await other.ask(requests.RequestLock(targets=("a.txt",), mode=LockMode.WRITE, wait=0))
        assert isinstance(refused[0], facts.RequestRefused)
        await again.close()
        await other.close()
        await agent.close()


@pytest.mark.slow
@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
@looped
async def test_what_was_not_answered_is_answered_once_after_kill_9(
    project: Path, settings: Settings, point: str
) -> None:
    """Killed around the commit of a grant: the request comes again, and there is exactly one lock."""
    home = home_of(project, settings)
    async with process(project, settings.home, point) as first:
        assert await first_line(first) == "ready"
        agent = await Client.connect(read_connection(home))
        await agent.join()
        (settings.home / "now").touch()
        number = await agent.say(requests.RequestLock(targets=("a.txt",), mode=LockMode.WRITE))
        await agent.closing(before=number)
        await first.wait()
        (settings.home / "now").unlink()
    async with process(project, settings.home) as second:
        assert await first_line(second) == "ready"
        again = await Client.connect(read_connection(home), key=agent.key, last=number)
        await again.send(number, requests.RequestLock(targets=("a.txt",), mode=LockMode.WRITE))
        granted = (await again.answer(number)).facts[0].fact
        assert isinstance(granted, facts.LockGranted)
        assert (await again.ask(requests.Heartbeat(tokens=(granted.token,))))[0].tokens == (granted.token,)
        await again.close()
        await agent.close()


@pytest.mark.slow
@looped
async def test_of_two_that_start_at_once_one_wins(project: Path, settings: Settings) -> None:
    """The other says AlreadyRunning, whoever was first."""
    async with process(project, settings.home) as one, process(project, settings.home) as two:
        assert sorted([await first_line(one), await first_line(two)]) == ["AlreadyRunning", "ready"]


# ---- held up ----


@looped
async def test_a_stall_ends_no_lease_of_a_healthy_agent(project: Path, tmp_path: Path) -> None:
    """The loop stands still for longer than the lease; the agent's next heartbeat finds its lock."""
    settings = Settings.load(
        home=tmp_path / "state", ws_port=0, ram_gb=16, gpu_vram_gb=0, lock_ttl_sec=0.9, heartbeat_sec=0.3
    )
    async with running(project, settings) as mesh:
        person, agent = await mesh.operator(), await mesh.agent()
        token = await agent.lock("a.txt")
        await person.ask(requests.Watch())
        time.sleep(1.5)  # noqa: ASYNC251 - the loop is to stand still
        stalled = await person.hear_of(facts.CoordinatorStalled)
        assert stalled.seconds >= LATE
        assert (await agent.ask(requests.Heartbeat(tokens=(token,))))[0].tokens == (token,)
        lost = [told.fact for delivery in person.heard for told in delivery.facts]
        assert not [fact for fact in lost if isinstance(fact, facts.AgentLost | facts.LockExpired)]
        await person.close()
        await agent.close()


@looped
async def test_a_silent_agent_is_lost_when_its_lease_ends(project: Path, tmp_path: Path) -> None:
    """The alarm rings on the real clock: late is safe, never is not."""
    settings = Settings.load(
        home=tmp_path / "state", ws_port=0, ram_gb=16, gpu_vram_gb=0, lock_ttl_sec=0.7, heartbeat_sec=0.2
    )
    async with running(project, settings) as mesh:
        person, agent = await mesh.operator(), await mesh.agent()
        await person.ask(requests.Watch())
        lost = await person.hear_of(facts.AgentLost)
        assert lost.agent == "tool-1"
        await person.close()
        await agent.close()


# ---- its own faults ----


class Full:
    """A disk that is full while `full` is set."""

    def __init__(self) -> None:
        self.full = False
        self.refused = 0

    def __call__(self, name: str) -> None:
        """Refuse a commit."""
        if self.full and name == "before_commit":
            self.refused += 1
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error


async def back(mesh: Running, client: Client, role: Role = Role.AGENT) -> Client:
    """The same client on a new connection, as soon as it is let in."""
    while True:
        try:
            connection = mesh.coordinator.connection or mesh.connection
            return await Client.connect(connection, role, key=client.key, last=client.last)
        except Exception:  # noqa: BLE001 - refused while it starts over, in one of the library's many words
            await asyncio.sleep(0.02)


@looped
async def test_a_full_disk_is_waited_out(project: Path, settings: Settings) -> None:
    """Nothing is told that is not kept; when there is space again everything goes on, the lock included."""
    disk = Full()
    async with running(project, settings, failpoint=disk) as mesh:
        agent = await mesh.agent()
        token = await agent.lock("a.txt")
        disk.full = True
        number = await agent.say(requests.RequestLock(targets=("b.txt",), mode=LockMode.WRITE))
        await agent.closing(before=number)
        await eventually(lambda: disk.refused >= 3)
        disk.full = False
        again = await back(mesh, agent)
        await again.send(number, requests.RequestLock(targets=("b.txt",), mode=LockMode.WRITE))
        granted = (await again.answer(number)).facts[0].fact
        assert isinstance(granted, facts.LockGranted)
        tokens = (token, granted.token)
        assert (await again.ask(requests.Heartbeat(tokens=tokens)))[0].tokens == tokens
        assert mesh.coordinator.connection is not None
        assert mesh.coordinator.connection.epoch == read_connection(home_of(project, settings)).epoch == 2
        await again.close()


async def stopped_while_full(project: Path, settings: Settings) -> tuple[Client, int]:
    """An agent and its lock, of a coordinator that was told to stop while its disk was full."""
    disk = Full()
    with suppress(StorageError):
        async with running(project, settings, failpoint=disk) as mesh:
            agent = await mesh.agent()
            token = await agent.lock("a.txt")
            disk.full = True
            await agent.say(requests.RequestLock(targets=("b.txt",), mode=LockMode.WRITE))
            await eventually(lambda: disk.refused >= 3)
    assert isinstance(mesh.task.exception(), StorageError)
    await agent.close()
    return agent, token


@looped
async def test_it_can_be_stopped_while_the_disk_is_full(project: Path, settings: Settings) -> None:
    """With the disk's words, for its goodbye is not on record; what was acknowledged is."""
    agent, token = await stopped_while_full(project, settings)
    async with running(project, settings) as mesh:
        again = await Client.connect(mesh.connection, key=agent.key, last=agent.last)
        assert (await again.ask(requests.Heartbeat(tokens=(token,))))[0].tokens == (token,)
        await again.close()


def failing_at(word: str) -> object:
    """A step that has a fault of its own: it fails after half of its work for one request."""

    def faulty(state: MeshState, event: Event, now: float) -> list[Effect]:
        effects = step(state, event, now)
        if isinstance(event, Heard) and event.objection is None and word in str(event.request):
            raise ZeroDivisionError(word)
        return effects

    return faulty


@looped
async def test_a_request_that_makes_the_core_fail_is_refused_and_stops_nobody(
    project: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is kept; when it comes again it is refused as INTERNAL; another client's lock is untouched."""
    monkeypatch.setattr(turns, "step", failing_at("poison"))
    async with running(project, settings) as mesh:
        agent, person = await mesh.agent(), await mesh.operator()
        token = await agent.lock("a.txt")
        number = await person.say(requests.PostTask(prompt="poison"))
        await person.closing(before=number)
        again, other = await back(mesh, person, Role.OPERATOR), await back(mesh, agent)
        await again.send(number, requests.PostTask(prompt="poison"))
        refused = (await again.answer(number)).facts[0].fact
        assert isinstance(refused, facts.RequestRefused)
        assert refused.code == "INTERNAL"
        assert (await other.ask(requests.Heartbeat(tokens=(token,))))[0].tokens == (token,)
        posted = await again.ask(requests.PostTask(prompt="wholesome"))
        assert posted[0].task == 1
        await again.close()
        await other.close()


@looped
async def test_a_record_that_cannot_be_trusted_any_more_ends_it_loudly(project: Path, settings: Settings) -> None:
    """The database is removed under its feet: it stops, and says what happened."""

    def failing(name: str) -> None:
        del name

    point: Failpoint = failing
    coordinator = Coordinator(project, settings, failpoint=point)
    ready: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(coordinator.run(ready.set_result))
    await ready
    assert coordinator.connection is not None
    client = await Client.connect(coordinator.connection)
    (home_of(project, settings) / "audit.db").unlink()
    await client.say(requests.Join(tool="late"))
    with pytest.raises(StorageError, match="removed or replaced"):
        await task
    await client.close()
