"""The loop of one bridge: joins, bids, begins what it is awarded, and obeys every fact about it at once.

Knows not how work or a review is done.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devmesh.bridge.assignments import Assignments
from devmesh.bridge.attempt import Bench
from devmesh.bridge.availability import Availability
from devmesh.bridge.errands import Errands
from devmesh.bridge.guarding.own import OwnGate
from devmesh.bridge.heartbeat import Heartbeat
from devmesh.bridge.inbox import Inbox
from devmesh.bridge.lane import Lane
from devmesh.bridge.link import Link, LinkState
from devmesh.bridge.locks import Locks
from devmesh.bridge.mcp.handlers import Seat
from devmesh.bridge.planning import Planning
from devmesh.bridge.tools.tool import Gate, Tool
from devmesh.bridge.workspace import Workspaces
from devmesh.errors import DevMeshError, MeshLost, Refused
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.requests import Bid, Decline, Join, Leave
from devmesh.vocabulary.terms import Resources

_log = logging.getLogger(__name__)

_FAREWELL = 0.4
"Seconds each step of saying goodbye may take."


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bridge works, and who reads along."""

    project: Path
    logs: Path
    tell: Callable[[str], None] = _log.info
    "Short progress lines, for a person at a terminal."


class Conversation:
    """One agent's conversation with the mesh, from `run` to its end."""

    def __init__(
        self,
        link: Link,
        tool: Tool,
        workspaces: Workspaces,
        place: Place,
        options: tuple[str, ...] = (),
        lane: Lane | None = None,
    ) -> None:
        self.agent: str | None = None
        "Our name in the mesh, while we are an agent of it."
        self._link = link
        self._tool = tool
        self._place = place
        self._heartbeat = Heartbeat(link, self._used, self._lost)
        self._locks = Locks(link, self._heartbeat.now)
        self._heartbeat.tokens = lambda: self._locks.tokens
        self._heartbeat.renewed = self._locks.renewed
        self.inbox = Inbox(link)
        self._lane = lane or Lane(badge=tool.badge)
        self._bench = Bench(
            link,
            self._locks,
            tool,
            workspaces,
            place.project,
            place.logs,
            options,
            self.inbox,
            self._lane.wants(Seat(link, self._locks, place.project, place.logs.parent, lambda: self.agent, self.inbox)),
            self._own_gate,
            self._lane,
        )
        self._assignments = Assignments(self._bench, place.tell)
        self._availability = Availability(tool, place.tell)
        self._availability.planning = self._is_planning
        self._leaving: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._errands = Errands(link)
        self._planning: Planning | None = None
        self._plan: asyncio.Task[Any] | None = None
        self._joining = False

    async def run(self) -> str:
        """Be an agent until told to go; returns why. Raises MeshLost when the mesh is gone, Refused when not let in."""
        stop_listening = self._link.subscribe(self._heard)
        ended = asyncio.create_task(self._link.until(LinkState.CLOSED))
        beating: asyncio.Task[None] | None = None
        try:
            await self._join()
            beating = asyncio.create_task(self._heartbeat.run())
            await asyncio.wait((self._leaving, ended, beating), return_when=asyncio.FIRST_COMPLETED)
            if self._leaving.done():
                return self._leaving.result()
            raise self._link.failure or MeshLost("the link to the mesh was closed")
        finally:
            ended.cancel()
            if beating is not None:
                beating.cancel()
            await self._part()
            stop_listening()

    def leave(self, reason: str) -> None:
        """Stop the tools and go. `run` returns."""
        self._availability.leaving = True
        if not self._leaving.done():
            self._leaving.set_result(reason)

    # ---- joining and leaving ----

    async def _join(self) -> None:
        tool = self._tool
        request = Join(
            tool=tool.name,
            model=tool.model,
            capabilities=tool.capabilities,
            host=socket.gethostname()[:100],
            pid=os.getpid(),
            badge=self._lane.badge,
            declared=tool.declared,
            workspace=self._lane.kind,
            probes=self._lane.probes,
            confined=self._lane.confined,
        )
        reply = await self._link.request(request)
        if any(joined.pid != os.getpid() for joined in reply.all(facts.AgentJoined)):
            # Another process had this session, and died: what it began is given back, then we begin afresh.
            await self._link.request(Leave(reason="the bridge was started anew"))
            reply = await self._link.request(request)
        for joined in reply.all(facts.AgentJoined):
            self._admitted(joined)

    def _admitted(self, joined: facts.AgentJoined) -> None:
        if self.agent == joined.agent:
            return
        self.agent = joined.agent
        self._assignments.rulebook = joined.rulebook
        self._heartbeat.interval = joined.limits_heartbeat
        self._locks.trust(joined.lease, joined.margin)
        self._place.tell(f"joined as {joined.agent}: {self._place.project}")

    def _lost(self) -> None:
        """We are no agent any more: whatever we did is somebody else's now. Become one again."""
        if self._leaving.done() or self._joining:
            return
        self._joining = True
        self._place.tell(f"{self.agent} was given up by the mesh; joining again")
        self.agent = None
        self._availability.forget()
        self._assignments.take_all_away()
        self._locks.forget()
        self.inbox.forget()
        if self._plan is not None:
            self._plan.cancel()
        self._errands.begin(self._rejoin())

    async def _rejoin(self) -> None:
        try:
            await self._join()
        except Refused as refused:
            self.leave(f"not let in again: {refused}")
        finally:
            self._joining = False

    async def _part(self) -> None:
        """Stop every tool, then say goodbye where anybody listens. Takes less than 2 s in all."""
        if self._plan is not None:
            self._plan.cancel()
        await self._assignments.stop()
        if self._link.state is LinkState.OPEN and self.agent is not None:
            try:
                await self._link.ask(Leave(reason="the bridge ends"), timeout=_FAREWELL)
            except (DevMeshError, TimeoutError) as error:
                _log.info("left without a goodbye: %s", error)
        await self._errands.give_up()

    # ---- listening ----

    def _heard(self, recorded: Recorded) -> None:
        """Every fact told to us. What concerns a process of ours is acted upon before anything else is heard."""
        self._locks.heard(recorded)
        self.inbox.heard(recorded)
        act = self._ACTIONS.get(type(recorded.fact))
        if act is not None:
            act(self, recorded, recorded.fact)
        self._assignments.heard(recorded)

    def _on_joined(self, _: Recorded, joined: facts.AgentJoined) -> None:
        if joined.pid == os.getpid():
            self._admitted(joined)

    def _on_bidding(self, _: Recorded, opened: facts.BiddingOpened) -> None:
        if self.agent not in opened.agents:
            return
        if reason := self._availability.reason_to_decline(opened):
            self._errands.say(Decline(task=opened.task, reason=reason))
        else:
            self._errands.say(Bid(task=opened.task, confidence=self._tool.confidence))

    def _on_awarded(self, _: Recorded, awarded: facts.TaskAwarded) -> None:
        if awarded.agent == self.agent:
            self._assignments.begin(awarded)

    def _on_over(self, _: Recorded, fact: facts.TaskCancelled | facts.TaskAbandoned | facts.TaskFailed) -> None:
        """The mesh ended it, or gave it away."""
        if fact.agent in {None, self.agent}:
            self._assignments.take_away(fact.task)

    def _on_task_paused(self, _: Recorded, fact: facts.TaskPaused) -> None:
        self._assignments.pause(fact.task, paused=True)

    def _on_task_resumed(self, _: Recorded, fact: facts.TaskResumed) -> None:
        self._assignments.pause(fact.task, paused=False)

    def _on_agent_paused(self, _: Recorded, fact: facts.AgentPaused) -> None:
        if fact.agent == self.agent:
            self._pause(paused=True)

    def _on_agent_resumed(self, _: Recorded, fact: facts.AgentResumed) -> None:
        if fact.agent == self.agent:
            self._pause(paused=False)

    def _pause(self, *, paused: bool) -> None:
        self._availability.paused = paused
        self._assignments.pause_all(paused=paused)
        if self._planning is not None:
            (self._planning.pause if paused else self._planning.resume)()

    def _on_parked(self, _: Recorded, fact: facts.AgentParked) -> None:
        if fact.agent == self.agent:
            self._availability.park(fact)

    def _on_unparked(self, _: Recorded, fact: facts.AgentUnparked) -> None:
        if fact.agent == self.agent:
            self._availability.unpark()

    def _on_dismissed(self, _: Recorded, fact: facts.AgentDismissed) -> None:
        if fact.agent == self.agent:
            self.leave(f"dismissed: {fact.reason}" if fact.reason else "dismissed")

    def _on_gone(self, _: Recorded, fact: facts.AgentLost | facts.AgentLeft) -> None:
        if fact.agent == self.agent:
            self._lost()

    def _on_opened(self, _: Recorded, __: facts.SessionOpened) -> None:
        """A new session: the mesh has forgotten the old one, and us with it."""
        if self.agent is not None:
            self._lost()

    def _on_resumed(self, _: Recorded, __: facts.SessionResumed) -> None:
        """Back: have the mesh renew, or disown, what we believe."""
        if self.agent is not None:
            self._errands.begin(self._heartbeat.now())

    def _on_standing(self, recorded: Recorded, standing: facts.Standing) -> None:
        """What was missed while away, as things now are."""
        if standing.agent == self.agent:
            self._availability.reconcile(standing)
            self._assignments.reconcile(recorded, standing)

    def _on_framework_requested(self, _: Recorded, asked: facts.FrameworkRequested) -> None:
        """We are the architect (Rule 1): plan with the tool, beside nothing else."""
        if asked.agent != self.agent:
            return
        if self._plan is not None:
            self._plan.cancel()
        self._planning = Planning(self._bench, asked, self._place.tell)
        if self._availability.paused:
            self._planning.pause()
        self._plan = self._errands.begin(self._planning.perform())

    def _is_planning(self) -> bool:
        running = self._plan is not None and not self._plan.done()
        return running and self._planning is not None and self._planning.at_work

    _ACTIONS: dict[type[Any], Callable[[Conversation, Recorded, Any], None]] = {
        facts.AgentJoined: _on_joined,
        facts.BiddingOpened: _on_bidding,
        facts.TaskAwarded: _on_awarded,
        facts.TaskCancelled: _on_over,
        facts.TaskAbandoned: _on_over,
        facts.TaskFailed: _on_over,
        facts.TaskPaused: _on_task_paused,
        facts.TaskResumed: _on_task_resumed,
        facts.AgentPaused: _on_agent_paused,
        facts.AgentResumed: _on_agent_resumed,
        facts.AgentParked: _on_parked,
        facts.AgentUnparked: _on_unparked,
        facts.AgentDismissed: _on_dismissed,
        facts.AgentLost: _on_gone,
        facts.AgentLeft: _on_gone,
        facts.SessionOpened: _on_opened,
        facts.SessionResumed: _on_resumed,
        facts.Standing: _on_standing,
        facts.FrameworkRequested: _on_framework_requested,
    }

    def _own_gate(self, workspace: Path, task: int | None) -> Gate:
        return OwnGate(workspace, self.inbox.ask, task)

    def _used(self) -> Resources:
        return self._assignments.used()
