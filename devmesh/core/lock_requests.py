"""What is decided about locks: granted, queued, refused, released, expired. Records facts; changes nothing itself.

After every decision `promote` hands on what became free, in the order of the tickets.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from devmesh.core.deadlock import Effort, circle, circle_through, told, youngest
from devmesh.core.locks import Blockers, Lock, Waiting
from devmesh.core.targets import canonical
from devmesh.core.turn import Turn
from devmesh.errors import BadTarget, Code
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import LockMode

WITHDRAWN: Final = "WITHDRAWN"
NAMED: Final = 10
"At most so many are named as being in the way."
PORTION: Final = 250
"Leases, and waits, that one alarm ends."
_LINE: Final = 500
_YEAR: Final = 31_536_000.0
"A line and a number of seconds hold no more."


def request(turn: Turn, agent: str, asked: requests.RequestLock) -> None:
    """Grant all the targets, or queue the request, or refuse it.

    Rule 3, the lock hierarchy: READ, INTENT, WRITE. A holder changes the mode of its lock in place, up or down; the new
    grant names the token it `replaces`. It waits for other holders where the matrix says so, never for those queued
    behind its own lock; going down it never waits. Beyond the matrix the rule refuses one thing: a lock under which
    a change is landing at this moment keeps its mode and token until it has landed.
    Asking again for what is held gives a fresh token that replaces the old one: same target, same mode, no wait.
    """
    table = turn.state.locks
    targets = _canonical(turn, asked.targets)
    if targets is None or _over_limit(turn, agent, targets):
        return
    if (landing := table.pinned_of(agent, targets)) is not None:
        message = f"a change is landing under your lock on {landing.target[:200]}"
        turn.refuse(Code.WRONG_STATE, message, rule=3, field="targets", hint="Ask again when it has landed.")
        return
    first = next(table.in_the_way(agent, targets, asked.mode), None)
    if first is None:
        _grant(turn, agent, targets, asked.mode, task=asked.task)
        promote(turn, agent)
    elif asked.wait == 0:
        blockers = table.conflicts(agent, targets, asked.mode)
        turn.refuse(Code.LOCK_HELD, _in_words(blockers), rule=3, field="targets")
    else:
        _queue(turn, agent, targets, asked, first)


def release(turn: Turn, agent: str, tokens: Iterable[int], reason: str = "") -> None:
    """Give back those of the tokens that the agent holds; the others are ignored.

    So is a lock under which a change is landing: it ends with its lease, or by a later release.
    """
    table = turn.state.locks
    for token in dict.fromkeys(tokens):
        lock = table.locks.get(token)
        if lock is not None and lock.agent == agent and token not in table.pinned:
            _let_go(turn, lock, reason)
    promote(turn, agent)


def release_all(turn: Turn, agent: str, reason: str) -> None:
    """Give back everything the agent holds, as `release` does."""
    release(turn, agent, [lock.token for lock in turn.state.locks.of(agent)], reason)


def force_release(turn: Turn, token: int, reason: str) -> None:
    """Take the lock from whoever holds it; refused while a change is landing under it."""
    lock = turn.state.locks.locks.get(token)
    if lock is None:
        turn.refuse(Code.UNKNOWN, f"no lock has the token {token} now", field="token")
    elif token in turn.state.locks.pinned:
        turn.refuse(Code.WRONG_STATE, "a change is landing under this lock", field="token", hint="Try again soon.")
    else:
        _let_go(turn, lock, f"forced: {reason}"[:_LINE])
        promote(turn, lock.agent)


def withdraw_waiting(turn: Turn, agent: str, task: int | None = None) -> None:
    """End the agent's waiting requests: all, or those of one task."""
    for waiting in turn.state.locks.waiting_of(agent):
        if task is None or waiting.task == task:
            _end_waiting(turn, waiting, WITHDRAWN, "")
    promote(turn, agent)


def sweep(turn: Turn) -> None:
    """End what is over, never early: leases, unless the coordinator makes up for its own lateness; then waits.

    At most so much at once; the rest is still over when the alarm rings again, at once.
    """
    table = turn.state.locks
    expired, _ = table.due(turn.now)
    if turn.now >= turn.state.no_expiry_before:
        for lock in expired[:PORTION]:
            turn.record(
                facts.LockExpired(
                    token=lock.token, agent=lock.agent, target=lock.target, mode=lock.mode, held=_held(turn, lock)
                )
            )
    promote(turn, *(lock.agent for lock in expired[:PORTION]))
    impatient = table.due(turn.now)[1][:PORTION]
    for waiting in impatient:
        _end_waiting(turn, waiting, Code.LOCK_TIMEOUT, _in_words(_blockers(turn, waiting)))
    promote(turn, *(waiting.agent for waiting in impatient))


def promote(turn: Turn, *touched: str) -> None:
    """Grant every waiting request that nothing stands in the way of any more, the earliest first.

    `touched` are agents whose locks changed: they, and those granted to, may have closed a circle of waiters that no
    request announced. Its youngest request ends.
    """
    suspects, effort = dict.fromkeys(touched), Effort()
    while True:
        suspects.update(dict.fromkeys(_hand_over(turn)))
        if not turn.state.locks.waiting:
            return
        circles = (circle_through(turn.state.locks, agent, effort) for agent in suspects)
        closed = next((way for way in circles if way is not None), None)
        if closed is None:
            return
        _end_waiting(turn, youngest(closed), Code.DEADLOCK, told(waiting.agent for waiting in closed))


def _canonical(turn: Turn, targets: Iterable[str]) -> tuple[str, ...] | None:
    """Each target once, sorted; None, and refused, if one of them is none."""
    try:
        return tuple(sorted({canonical(target) for target in targets}))
    except BadTarget as error:
        turn.refuse(error.code, error.message, field=error.field, hint=error.hint or "")
        return None


def _over_limit(turn: Turn, agent: str, targets: tuple[str, ...]) -> bool:
    table, limit = turn.state.locks, turn.state.limits.locks_per_agent
    wanted = sum(table.holding(agent, target) is None for target in targets)
    load = table.load(agent)
    if not wanted or load + wanted <= limit:
        return False
    message = f"{load} locks held or waited for, {wanted} more asked for: at most {limit} per agent"
    turn.refuse(Code.LIMIT, message, field="targets", hint="Lock a directory or a glob instead of its files.")
    return True


def _grant(
    turn: Turn, agent: str, targets: Iterable[str], mode: LockMode, *, task: int | None, waiting: Waiting | None = None
) -> None:
    table = turn.state.locks
    for target in targets:
        replaced = table.holding(agent, target)
        turn.record(
            facts.LockGranted(
                token=turn.next_sequence,
                agent=agent,
                target=target,
                mode=mode,
                lease=turn.state.limits.lease,
                task=task,
                ticket=waiting.ticket if waiting else None,
                waited=_waited(turn, waiting) if waiting else 0.0,
                replaces=replaced.token if replaced else None,
            )
        )


def _queue(
    turn: Turn, agent: str, targets: tuple[str, ...], asked: requests.RequestLock, first: Lock | Waiting
) -> None:
    """Wait, unless somebody in the way waits for this very agent: the youngest request of a circle is the new one."""
    table = turn.state.locks
    behind = table.conflicts(agent, targets, asked.mode).agents
    way = circle(table, agent, behind)
    if way is not None:
        names = (agent, *(waiting.agent for waiting in way))
        turn.refuse(Code.DEADLOCK, told(names), rule=3, field="targets", hint="Release what you hold, then ask again.")
        return
    ticket = turn.next_sequence
    turn.record(
        facts.LockQueued(
            ticket=ticket,
            agent=agent,
            targets=targets,
            mode=asked.mode,
            wait=turn.state.limits.lock_wait if asked.wait is None else asked.wait,
            behind=behind[:NAMED],
            task=asked.task,
        )
    )
    table.vigil.watch(ticket, first.number)


def _hand_over(turn: Turn) -> list[str]:
    """Look at every restless request: grant it, or let it watch what is still in its way. Returns who was granted."""
    table, granted = turn.state.locks, []
    while (ticket := table.vigil.first()) is not None:
        waiting = table.waiting[ticket]
        first: Lock | Waiting | None = next(
            table.in_the_way(waiting.agent, waiting.targets, waiting.mode, ticket),
            table.pinned_of(waiting.agent, waiting.targets),
        )
        if first is not None:
            table.vigil.watch(ticket, first.number)
        else:
            _grant(turn, waiting.agent, waiting.targets, waiting.mode, task=waiting.task, waiting=waiting)
            granted.append(waiting.agent)
    return granted


def _let_go(turn: Turn, lock: Lock, reason: str) -> None:
    turn.record(
        facts.LockReleased(
            token=lock.token,
            agent=lock.agent,
            target=lock.target,
            mode=lock.mode,
            held=_held(turn, lock),
            reason=reason,
        )
    )


def _end_waiting(turn: Turn, waiting: Waiting, code: str, message: str) -> None:
    turn.record(
        facts.LockWaitEnded(
            ticket=waiting.ticket,
            agent=waiting.agent,
            code=code,
            waited=_waited(turn, waiting),
            message=message[:_LINE],
        )
    )


def _blockers(turn: Turn, waiting: Waiting) -> Blockers:
    return turn.state.locks.conflicts(waiting.agent, waiting.targets, waiting.mode, before_ticket=waiting.ticket)


def _held(turn: Turn, lock: Lock) -> float:
    return min(turn.now - lock.granted_at, _YEAR)


def _waited(turn: Turn, waiting: Waiting) -> float:
    return min(turn.now - waiting.asked_at, _YEAR)


def _in_words(blockers: Blockers) -> str:
    """Who holds what in which mode, and who asked earlier."""
    held = [f"{lock.agent} holds {lock.target[:200]} ({lock.mode})" for lock in blockers.holders[:NAMED]]
    asked = [f"{waiting.agent} asked earlier ({waiting.mode})" for waiting in blockers.waiters[:NAMED]]
    return "; ".join([*held, *asked][:NAMED])[:_LINE]
