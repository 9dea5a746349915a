"""Whether the history of one lock could have happened one operation after the other (Wing and Gong, with memory).

An operation that was never answered may have happened at any time after it was sent, or not at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


class Operation(NamedTuple):
    """One call on one path, seen from outside."""

    client: str
    kind: str
    "`take` or `give`."
    called: float
    returned: float = math.inf
    "Infinity: no answer came."
    ok: bool | None = None
    "Whether it was granted, or given back; None: unknown."


def linearizable(history: Sequence[Operation]) -> bool:
    """Whether some order explains every answer, and contradicts no operation that ended before another began."""
    operations = sorted(history, key=lambda one: one.called)
    everything = (1 << len(operations)) - 1
    optional = sum(1 << place for place, one in enumerate(operations) if one.returned == math.inf)
    seen: set[tuple[int, str | None]] = set()
    stack: list[tuple[int, str | None]] = [(0, None)]
    while stack:
        done, holder = stack.pop()
        if done | optional == everything:
            return True
        if (done, holder) in seen:
            continue
        seen.add((done, holder))
        first_return = min(one.returned for place, one in enumerate(operations) if not done >> place & 1)
        for place, one in enumerate(operations):
            if done >> place & 1:
                continue
            if one.called > first_return:
                break
            stack += [(done | 1 << place, after) for after in _after(one, holder)]
    return False


def _after(one: Operation, holder: str | None) -> list[str | None]:
    """Who may hold the lock after the operation, if it happens now; nobody in the list: it cannot happen now."""
    if one.kind == "give":
        given = holder == one.client
        return [None if given else holder] if one.ok in {None, given} else []
    free = holder in {None, one.client}
    if one.ok is None:
        return [one.client if free else holder]
    return [one.client if one.ok else holder] if one.ok is free else []
