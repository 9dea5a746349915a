"""The coordinator of one project: one task on one loop, from taking the project over to saying goodbye.

Puts the parts together and repairs what can be repaired; what is allowed is decided in the core alone.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path

from psutil import Process
from websockets.frames import CloseCode

import devmesh
from devmesh import logs
from devmesh.address import Connection, fresh_tokens, home_of, remove_connection, single_coordinator, write_connection
from devmesh.audit.database import Damaged, storage_errors
from devmesh.audit.failpoints import Failpoint, passing
from devmesh.coordinator.clock import Clock, Readings
from devmesh.coordinator.doorway import open_door
from devmesh.coordinator.gatework import GateLine
from devmesh.coordinator.housekeeping import live_workspaces, tidy_home
from devmesh.coordinator.inbox import Inbox
from devmesh.coordinator.lateness import Lateness
from devmesh.coordinator.listener import Listener, Room
from devmesh.coordinator.pace import BURST, Pace
from devmesh.coordinator.paths import refuse_a_place_that_is_no_project, spelled
from devmesh.coordinator.perform import Performer
from devmesh.coordinator.reception import Reception
from devmesh.coordinator.recording import Recording
from devmesh.coordinator.sample import EVERY, Sampler
from devmesh.coordinator.setbacks import Setbacks, is_full, passes
from devmesh.coordinator.tree import open_gate
from devmesh.coordinator.turns import TurnFailed, Turns
from devmesh.core.events import Heard, Started, Stopping
from devmesh.core.state import MeshState
from devmesh.errors import MeshError, StorageError
from devmesh.settings import Settings
from devmesh.vocabulary.facts import CredentialIssued

Ready = Callable[[Connection], None]

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
"Seconds between two attempts to write while the disk is full."
_CAREFUL = 2_000
"Turns of one event each, after a turn of many failed: whoever asks for the same again is found out."

_log = logs.logger("coordinator")


class Coordinator:
    """Runs once. `failpoint` and `readings` are for tests."""

    def __init__(
        self,
        project: Path,
        settings: Settings,
        *,
        home: Path | None = None,
        pace: Pace | None = None,
        failpoint: Failpoint = passing,
        readings: Readings | None = None,
    ) -> None:
        self.project = Path(os.path.realpath(project))
        self.settings = settings
        self.home = home or home_of(self.project, settings)
        self.connection: Connection | None = None
        "How it is reached, once it is."
        self._pace = pace or Pace(settings.messages_per_sec, settings.messages_per_sec * BURST)
        self._failpoint = failpoint
        self._readings = readings
        self._inbox = Inbox()
        self._setbacks = Setbacks()
        self._stopped = asyncio.Event()
        self._told_to_stop = asyncio.Event()
        self._stopping = ""
        self._takes_turns = False
        "While it starts, or starts over, its inbox is cleared: a wish to stop then waits until it has begun."
        self._turns: Turns | None = None
        self._connections_changed: Callable[[], None] = lambda: None

    # ---- its life ----

    async def run(self, ready: Ready | None = None) -> None:
        """Take the project over, call `ready`, and coordinate until `stop`.

        Raises AlreadyRunning, PortTaken, SettingError, RepositoryError and StorageError when it cannot start, and
        StorageError or MeshError when it cannot go on.
        """
        refuse_a_place_that_is_no_project(self.project)
        try:
            async with AsyncExitStack() as stack:
                stack.enter_context(single_coordinator(self.home))
                await self._start(stack)
                assert self.connection is not None  # noqa: S101 - set by _start
                if ready is not None:
                    ready(self.connection)
                await self._coordinate()
        finally:
            self._stopped.set()

    async def stop(self, reason: str = "") -> None:
        """End cleanly, and return when that is done: goodbye recorded and said, every connection closed."""
        self.stop_soon(reason)
        await self._stopped.wait()

    def stop_soon(self, reason: str = "") -> None:
        """The same without waiting. Harmless when it is stopping already."""
        if not self._stopping:
            self._stopping = reason or "stopped"
            self._told_to_stop.set()
            if self._takes_turns:
                self._inbox.put(Stopping(reason=self._stopping))

    @property
    def agents(self) -> int:
        """How many agents are connected now."""
        return sum(1 for channel in self._listener.channels.values() if channel.is_agent)

    def watch_connections(self, changed: Callable[[], None]) -> None:
        """Have `changed` called, on the loop, whenever somebody came or went. Before `run`."""
        self._connections_changed = changed

    @property
    def _in_force(self) -> Turns:
        assert self._turns is not None  # noqa: S101 - `_take_over` comes before everything that asks
        return self._turns

    def _issued(self) -> Mapping[int, CredentialIssued]:
        """The credentials in force; none before there is a state."""
        return {} if self._turns is None else self._turns.state.credentials

    # ---- start ----

    async def _start(self, stack: AsyncExitStack) -> None:
        self._recording = await Recording.open(self.home, now_wall=Clock().wall(), failpoint=self._failpoint)
        stack.push_async_callback(self._close_record)
        state = await self._recording.recover(Clock().wall())
        self._clock = Clock(state.now, self._readings)
        self._sampler = Sampler()
        self._limits = spelled(self.settings.limits(self._sampler.grantable(self.settings)))
        await self._open_gate(stack, state)
        await self._open_listener(stack)
        try:
            await self._first_turn(state)
        except Damaged:
            await self._first_turn()
        self._publish()
        stack.callback(self._unpublish)
        self._lateness.start()
        stack.callback(lambda: self._lateness.stop())  # noqa: PLW0108 - of whichever is in force by then
        sampling = asyncio.create_task(self._sample(), name="devmesh sampling")
        stack.callback(sampling.cancel)

    async def _open_gate(self, stack: AsyncExitStack, state: MeshState) -> None:
        self._aside = ThreadPoolExecutor(2, thread_name_prefix="devmesh-aside")
        stack.callback(self._aside.shutdown, wait=False, cancel_futures=True)
        loop = asyncio.get_running_loop()
        opening = partial(open_gate, self.project, self.home, include=self.settings.workspace_include)
        gate = await loop.run_in_executor(self._aside, partial(opening, failpoint=self._failpoint))
        await loop.run_in_executor(self._aside, tidy_home, gate.repository, live_workspaces(state))
        self._repository = gate.repository
        self._gate = GateLine(gate, self._inbox, self.settings.check_limit_sec)
        stack.push_async_callback(self._gate.close)

    async def _open_listener(self, stack: AsyncExitStack) -> None:
        self._tokens = fresh_tokens()
        reception = self._reception = await Reception.open(self.project, self._repository, self._inbox, self._aside)
        self._listener = Listener(
            reception,
            self._tokens,
            monotonic=self._clock.readings.monotonic,
            pace=self._pace,
            changed=self._connections_changed,
            issued=self._issued,
            room=Room(self.settings.max_connections, self.settings.credential_connections),
        )
        self._listener.closed_for = "starting"
        self._place = await open_door(self._listener, self.settings, self.home)
        if self._place.socket is not None:
            stack.callback(self._place.socket.unlink, missing_ok=True)
        stack.push_async_callback(self._say_goodbye)

    def _take_over(self, state: MeshState) -> None:
        """A state as on record becomes the one in force. Its first turn must be taken before anybody is let in."""
        self._inbox.clear()
        self._clock.continue_from(state.now)
        self._lateness = Lateness(self._clock, self._inbox.put_first)
        self._performer = Performer(
            self._listener.channels, self._inbox, self._clock, self._gate, self._recording.search
        )
        self._turns = Turns(state, self._inbox, self._clock, self._lateness, self._recording, self._performer)
        self._inbox.put(Started(project=str(self.project), version=devmesh.__version__, limits=self._limits))

    async def _first_turn(self, state: MeshState | None = None) -> None:
        """Of this state, or of what is on record. Raises what hindered it."""
        self._take_over(state or await self._recording.recover(self._clock.wall()))
        try:
            await self._in_force.turn()
        except TurnFailed as failed:
            raise (failed.__cause__ or failed) from None

    def _publish(self) -> None:
        process = Process()
        self.connection = Connection(
            project=str(self.project),
            home=str(self.home),
            url=self._place.url,
            port=self._listener.port,
            pid=process.pid,
            pid_create_time=process.create_time(),
            epoch=self._in_force.state.epoch,
            version=devmesh.__version__,
            tokens=self._tokens,
            socket=str(self._place.socket or ""),
        )
        with storage_errors(self.home):
            write_connection(self.connection)
        self._listener.closed_for = ""

    # ---- while it runs ----

    async def _coordinate(self) -> None:
        """Take turns until told to stop; start over from the record when one fails."""
        while True:
            self._takes_turns = True
            if self._stopping:
                self._inbox.put(Stopping(reason=self._stopping))
            try:
                await self._in_force.run()
            except TurnFailed as failed:
                self._takes_turns = False
                await self._start_over(failed)
            else:
                return

    async def _start_over(self, failed: TurnFailed) -> None:
        """Nobody was told anything of that turn: forget it, and go on from what is on record.

        Everybody is disconnected, comes back, and asks again for what was not answered. Raises when it is no use.
        """
        cause = failed.__cause__
        story = None if isinstance(cause, StorageError) else cause  # the other says it all in its own words
        _log.error("a turn failed", events=len(failed.events), reason=str(cause), exc_info=story)
        self._setbacks.refuse_to_go_on(cause, self._clock.now())
        careful = self._suspect(failed)
        self._listener.closed_for = "starting over"
        self._listener.drop_all(CloseCode.SERVICE_RESTART, "the coordinator starts over")
        self._performer.stop()
        self._lateness.stop()
        await self._gate.idle()
        await self._begin_again()
        self._in_force.one_by_one = _CAREFUL if careful else 0
        self._lateness.start()

    def _suspect(self, failed: TurnFailed) -> bool:
        """A request that cannot be decided is refused when it comes again. True: it is not known which one it was."""
        if passes(failed.__cause__):
            return False
        if len(failed.events) == 1:
            if isinstance(failed.events[0], Heard):
                self._reception.blame(failed.events[0])
            return False
        return True

    async def _begin_again(self) -> None:
        """Until the first turn is on record and can be found. While the disk is full, nothing else is any use.

        Raises StorageError when it is to stop meanwhile: its goodbye cannot be recorded.
        """
        pause = _FIRST_PAUSE
        while (full := await self._refused_by_disk()) is not None:
            if self._stopping:
                raise full
            self._listener.closed_for = "the disk is full"
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told_to_stop.wait(), pause)
            pause = min(_LONGEST_PAUSE, pause * 2)

    async def _refused_by_disk(self) -> StorageError | None:
        """Why the first turn could not be kept by a full disk; None once it is. Raises what else hindered it."""
        try:
            await self._first_turn()
            self._publish()
        except StorageError as error:
            if is_full(error):
                return error
            raise
        return None

    async def _sample(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with suppress(RuntimeError, OSError):
                self._inbox.put(await loop.run_in_executor(self._aside, self._sampler.look))
            with suppress(RuntimeError, OSError):
                await self._gate.tidy()
            await asyncio.sleep(EVERY)

    # ---- stop ----

    async def _say_goodbye(self) -> None:
        if self._turns is not None:
            self._performer.stop()
        await self._listener.close(self._stopping or "the coordinator ended")

    def _unpublish(self) -> None:
        if self.connection is not None:
            with suppress(MeshError, OSError):
                remove_connection(self.connection)

    async def _close_record(self) -> None:
        """With a last snapshot only where the state is known to be as on record."""
        stopped = self._turns is not None and bool(self._stopping) and not self._turns.state.running
        await self._recording.close(self._turns.state if stopped and self._turns is not None else None)
