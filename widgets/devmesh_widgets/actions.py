"""The buttons: which request each one says. A table; whether it is granted is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from devmesh.vocabulary.record import Request
from devmesh.vocabulary.requests import (
    CancelTask,
    DismissAgent,
    DropAnswerRule,
    ForceRelease,
    PauseAgent,
    PauseTask,
    ResumeAgent,
    ResumeTask,
    RetryTask,
    Review,
)
from devmesh.vocabulary.terms import Verdict
from devmesh_widgets.messages import Ask

ACTIONS: dict[str, Callable[[Ask], Request]] = {
    "agent.pause": lambda ask: PauseAgent(agent=str(ask.key)),
    "agent.resume": lambda ask: ResumeAgent(agent=str(ask.key)),
    "agent.stop": lambda ask: DismissAgent(agent=str(ask.key), reason=ask.reason or "stopped from the dashboard"),
    "task.pause": lambda ask: PauseTask(task=int(ask.key)),
    "task.resume": lambda ask: ResumeTask(task=int(ask.key)),
    "task.cancel": lambda ask: CancelTask(task=int(ask.key), reason=ask.reason or "cancelled from the dashboard"),
    "task.retry": lambda ask: RetryTask(task=int(ask.key)),
    "lock.release": lambda ask: ForceRelease(token=int(ask.key), reason=ask.reason),
    "rule.drop": lambda ask: DropAnswerRule(rule=int(ask.key)),
    "conflict.approve": lambda ask: _judged(ask, Verdict.APPROVE),
    "conflict.send_back": lambda ask: _judged(ask, Verdict.CHANGES_WANTED),
}


def _judged(ask: Ask, verdict: Verdict) -> Review:
    """Of a change, by `change 3`."""
    return Review(change=int(str(ask.key).removeprefix("change ")), verdict=verdict, remarks=ask.reason)


def request_of(ask: Ask) -> Request:
    """The request a button stands for, as strict as if it had come over the wire.

    Raises ValueError with a line for the person when there is no such button or a field does not fit.
    """
    if ask.action not in ACTIONS:
        raise ValueError(f"there is no action {ask.action!r}")
    request = ACTIONS[ask.action](ask)
    try:
        return msgspec.convert(msgspec.to_builtins(request), type=type(request))
    except msgspec.ValidationError as wrong:
        raise ValueError(str(wrong)) from None
