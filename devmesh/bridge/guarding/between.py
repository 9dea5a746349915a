"""What a file was between two looks, from what a witness read of it and what the looks found. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from devmesh.bridge.guarding.witness import Sight

AT_ONCE = 0.02
"Seconds."


def used_up(sights: Sequence[Sight], found: bytes | None, begun: float, ended: float) -> tuple[list[Sight], float]:
    """What was there before a look found what it `found`, and the instant up to which that counts.

    The look took from `begun` to `ended`, and read the file in between, nobody knows when: not before the last sight of
    what it found. What was seen after that is for the next look. Instants in seconds of CLOCK_MONOTONIC.
    """
    before = [one for one in sights if one.at <= begun]
    during = [one for one in sights if begun < one.at <= ended]
    if not during:
        return before, ended
    for last in reversed(range(len(during))):
        if during[last].content == found:
            return before + during[: last + 1], during[last].at
    return before, begun


def telling(before: bytes | None, between: Sequence[Sight], after: bytes | None) -> list[bytes | None]:
    """Those that say more than their neighbours: a version that only adds, and is only added to, is all in the next.

    But for what the gate landed, and landed upon: that is known by its very contents. What it took back, because
    somebody had written meanwhile, never was; nor was a file gone that is there again at once, for some write so.
    """
    told: list[bytes | None] = []
    stayed = _stayed(before, between)
    for number, one in enumerate(stayed):
        following = stayed[number + 1] if number + 1 < len(stayed) else None
        previous, then = told[-1] if told else before, following.content if following else after
        landing = one.landed or (following is not None and following.landed)
        if one.content in {previous, then} or (not landing and _grows(previous, one.content, then)):
            continue
        told.append(one.content)
    return told


def _stayed(before: bytes | None, sights: Sequence[Sight]) -> list[Sight]:
    """Those that were more than a step on the way to the next."""
    stayed: list[Sight] = []
    for one, following in zip(sights, [*sights[1:], None], strict=True):
        had = stayed[-1].content if stayed else before
        if following is not None:
            taken_back = one.landed and following.landed and following.content == had
            if taken_back or (one.content is None and following.at - one.at < AT_ONCE):
                continue
        stayed.append(one)
    return stayed


def _grows(*versions: bytes | None) -> bool:
    """Whether no line of one is missing in the next."""
    lines = [Counter((version or b"").splitlines()) for version in versions]
    return all(one <= other for one, other in pairwise(lines))
