"""Starting bridges and knowing those one has started. Which process is which agent is found out from who joins.

A bridge is ended only by its pid and time of birth, and only when this process started it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from devmesh.bridge.guarding.canary import LIMIT
from devmesh.bridge.launch import Launched, launch
from devmesh.bridge.tools.generic import GenericTool
from devmesh.errors import DevMeshError, MeshError
from devmesh.mesh import credentials
from devmesh.processes import end, is_alive
from devmesh.vocabulary.facts import AgentLeft, AgentLost, SessionDropped
from devmesh.vocabulary.plain import ending

if TYPE_CHECKING:
    from devmesh.core.state import MeshState
    from devmesh.mesh.door import Door
    from devmesh.vocabulary.codec import Recorded

MOST = 100
"Agents of one tool that are launched at once."
JOINING = 30.0
"Seconds a bridge may take from its start until it has joined."
_LOOK_EVERY = 0.25
_LOOKS = 20
"After somebody left: a bridge may take some seconds to end its tool."
_LAST_WORDS = 2000


class Started(NamedTuple):
    """One bridge of ours."""

    tool: str
    process: Launched
    credential: int
    "Its own: revoked once the process has ended."


class Launcher:
    """The bridges this process started."""

    def __init__(self, project: Path, home: Path) -> None:
        self._project = project
        self._home = home
        self.started: list[Started] = []
        self._spent: set[int] = set()
        "Credentials of bridges that have ended, not yet revoked."
        self._watching = False
        self._revoking: asyncio.Task[None] | None = None
        self._looks = 0
        self._patience = JOINING

    async def launch(
        self,
        door: Door,
        tools: Iterable[str],
        count: int,
        options: tuple[str, ...],
        *,
        wait: bool,
        workspace: str | None = None,
    ) -> tuple[str, ...]:
        """See `Operations.launch`."""
        wanted = tuple(tools)
        if not wanted:
            raise MeshError("name at least one tool to launch", hint="devmesh tools, or %devmesh tools, lists them.")
        if count < 1:
            raise MeshError(f"count={count}: at least one agent of each")
        if count > MOST:
            raise MeshError(
                f"count={count}: at most {MOST} of each at once", hint="Each is a process, and runs a model."
            )
        for tool in wanted:
            GenericTool.find(tool, self._home.parent)
        self._patience = JOINING if workspace in {None, "own"} else JOINING + LIMIT
        bridges = [bridge for tool in wanted for bridge in await self._start(door, tool, count, options, workspace)]
        names = [await self._joined(door, bridge) for bridge in bridges] if wait else []
        return tuple(sorted(names, key=_natural))

    async def _start(
        self, door: Door, tool: str, count: int, options: tuple[str, ...], workspace: str | None
    ) -> list[Started]:
        """Each with a credential of its own, which ends with it."""
        self._watch(door)
        issued = [await credentials.issue(door, f"launched: {tool}") for _ in range(count)]
        secrets = tuple(one.secret for one in issued)
        try:
            processes = await asyncio.to_thread(
                launch,
                tool,
                self._project,
                self._home,
                count=count,
                options=options,
                secrets=secrets,
                workspace=workspace,
            )
        except BaseException:
            self._spent.update(one.number for one in issued)
            raise
        bridges = [Started(tool, process, one.number) for process, one in zip(processes, issued, strict=True)]
        self.started += bridges
        return bridges

    def _watch(self, door: Door) -> None:
        """Look who has ended whenever somebody leaves."""
        if not self._watching:
            self._watching = True
            door.replica.subscribe(lambda facts: self._heard(door, facts))

    def _heard(self, door: Door, facts: tuple[Recorded, ...]) -> None:
        if any(isinstance(recorded.fact, AgentLeft | AgentLost | SessionDropped) for recorded in facts):
            self._looks = _LOOKS
            if self._revoking is None or self._revoking.done():
                self._revoking = asyncio.get_running_loop().create_task(self._revoke_soon(door))

    async def _revoke_soon(self, door: Door) -> None:
        """Whoever left is gone a moment later."""
        while self._looks:
            self._looks -= 1
            await asyncio.sleep(_LOOK_EVERY)
            with suppress(DevMeshError):
                await self.revoke_ended(door)

    async def revoke_ended(self, door: Door) -> None:
        """Take back the credentials of bridges that have ended."""
        self.living()
        while self._spent:
            await credentials.revoke(door, self._spent.pop(), "its bridge ended")

    async def _joined(self, door: Door, bridge: Started) -> str:
        """The name under which that process has joined. Raises MeshError with its last words when it ended instead."""
        tool, process, _credential = bridge
        joined = asyncio.wrap_future(door.replica.when(lambda state: _agent_of(state, process.pid)))
        try:
            for _ in range(int(self._patience / _LOOK_EVERY)):
                if (await asyncio.wait({joined}, timeout=_LOOK_EVERY))[0]:
                    return joined.result()
                if not is_alive(process.pid, process.create_time):
                    raise MeshError(f"the bridge of {tool} ended before it joined{_last_words(tool, process.log)}")
        finally:
            joined.cancel()
        waited = f"the bridge of {tool} has not joined within {self._patience:g} s"
        raise MeshError(waited, hint=f"Its log: {process.log}")

    def living(self) -> list[Started]:
        """Those that still run."""
        gone = [bridge for bridge in self.started if not is_alive(*_named(bridge))]
        self._spent.update(bridge.credential for bridge in gone)
        self.started = [bridge for bridge in self.started if bridge not in gone]
        return list(self.started)

    def end_all(self, grace: float) -> None:
        """End those that still run: first kindly, and after `grace` seconds not."""
        for bridge in self.living():
            end(*_named(bridge), grace)


def _named(bridge: Started) -> tuple[int, float]:
    return bridge.process.pid, bridge.process.create_time


def _agent_of(state: MeshState, pid: int) -> str | None:
    return next((agent.name for agent in state.present if agent.joined.pid == pid), None)


def _natural(name: str) -> tuple[str, int]:
    """`scripted-2` before `scripted-10`."""
    tool, _, number = name.rpartition("-")
    return (tool, int(number)) if number.isdecimal() else (name, 0)


def _last_words(tool: str, log: Path) -> str:
    """The end of its log; before it had one, of what it said while starting."""
    for file in (log, log.with_name(f"{tool}.start.log")):
        try:
            text = ending(file.read_text(encoding="utf-8", errors="replace").strip(), _LAST_WORDS)
        except OSError:
            continue
        if text:
            return f":\n{text}"
    return ""
