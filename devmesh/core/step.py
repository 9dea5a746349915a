"""One step: an event comes in, the rules decide, effects go out. The whole of the core behind one function."""

from __future__ import annotations

import math
from typing import assert_never

from devmesh.core import (
    agents,
    arbitration,
    events as said,
    gate,
    hardware,
    lock_requests,
    parking,
    questions,
    sessions,
    tasks,
)
from devmesh.core.effects import Effect, WakeAt
from devmesh.core.hearing import hear
from devmesh.core.state import MeshState
from devmesh.core.turn import Turn
from devmesh.vocabulary import facts


def step(state: MeshState, event: said.Event, now: float) -> list[Effect]:
    """Decide one event. `now` is mesh time in seconds and never goes back.

    Returns, in order: every fact to keep, what to tell whom, what to do, and the next alarm.
    Raises IllegalTransition only for an error of our own; the caller then recovers from the record.
    """
    turn = Turn(state, max(now, state.now))
    _decide(turn, event)
    if turn.reschedule:
        arbitration.schedule(turn)
    gate.advance(turn)
    return [*turn.effects(), WakeAt(time=next_alarm(state))]


def next_alarm(state: MeshState) -> float | None:
    """When something becomes due."""
    lease, alarm = state.locks.next_deadline(), state.alarms.next()
    if lease is None:
        return alarm
    lease = max(lease, state.no_expiry_before)
    return lease if alarm is None else min(lease, alarm)


def _decide(turn: Turn, event: said.Event) -> None:
    match event:
        case said.Heard():
            hear(turn, event)
        case said.Woke():
            _wake(turn)
        case said.Connected():
            sessions.connect(turn, event)
        case said.Lost():
            sessions.disconnect(turn, event)
        case said.Prepared() | said.Checked() | said.Applied():
            _gate(turn, event)
        case said.Stalled():
            turn.record(facts.CoordinatorStalled(seconds=event.seconds, cause=event.cause[:500]))
        case said.Sampled():
            _sample(turn, event)
        case said.Started():
            _start(turn, event)
        case said.Stopping():
            turn.record(facts.CoordinatorStopped(reason=event.reason[:500]))
        case _:
            assert_never(event)


def _gate(turn: Turn, event: said.Prepared | said.Checked | said.Applied) -> None:
    match event:
        case said.Prepared():
            gate.prepared(turn, event)
        case said.Checked():
            gate.checked(turn, event)
        case said.Applied():
            gate.applied(turn, event)
            lock_requests.promote(turn)
        case _:
            assert_never(event)
    tasks.settle(turn, event.change)


def _start(turn: Turn, event: said.Started) -> None:
    state = turn.state
    turn.record(
        facts.CoordinatorStarted(
            epoch=state.epoch + 1,
            project=event.project,
            version=event.version,
            limits=event.limits,
            clean=not state.running,
        )
    )
    gate.resume(turn)
    turn.reschedule = True


def _wake(turn: Turn) -> None:
    """Look at everything that is due. Nothing is due while the coordinator makes up for its own lateness."""
    state = turn.state
    for kind, name in state.alarms.due(turn.now):
        if state.alarms.times.get((kind, name), math.inf) > turn.now:
            continue  # what rang before it in this very turn has settled it: a lost agent ends its tasks
        if kind == "agent":
            agents.lose(turn, state.agents[name])
        elif kind == "bidding":
            arbitration.ring(turn, state.tasks[int(name)])
        elif kind == "task":
            tasks.overdue(turn, state.tasks[int(name)])
        elif kind == "parked":
            parking.unpark(turn, state.agents[name])
        elif kind == "question":
            questions.expire(turn, int(name))
        elif kind == "memory":
            state.alarms.clear(kind, name)
            hardware.release(turn, int(name))
        elif kind == "session":
            sessions.forget(turn, int(name))
    lock_requests.sweep(turn)


def _sample(turn: Turn, event: said.Sampled) -> None:
    turn.record(
        facts.HardwareSampled(
            total=event.total,
            used=event.used,
            agents=tuple(facts.Usage(agent=agent.name, used=agent.used) for agent in turn.state.present),
        )
    )
