"""Between two looks lie the versions that a witness read, in their order, each of which something is lost."""

from __future__ import annotations

import pytest

from devmesh.bridge.guarding.between import telling, used_up
from devmesh.bridge.guarding.witness import Sight

A, B, C, D = b"a\n", b"b\n", b"c\n", b"d\n"


@pytest.mark.parametrize(
    ("sights", "found", "contents", "until"),
    [
        ([], A, [], 2.0),
        ([(0.5, A), (0.9, B)], B, [A, B], 2.0),
        ([(0.5, A), (1.5, B)], B, [A, B], 1.5),
        ([(0.5, A), (1.5, B)], A, [A], 1.0),
        ([(1.2, A), (1.4, B), (1.6, C)], B, [A, B], 1.4),
        ([(1.2, A), (1.4, B), (1.6, A)], A, [A, B, A], 1.6),
        ([(1.2, A)], D, [], 1.0),
        ([(0.5, A), (2.5, B)], A, [A], 2.0),
    ],
    ids=[
        "nothing was seen",
        "all before the look",
        "what it found was written while it looked",
        "something was written after it had read",
        "both",
        "it was written, and undone",
        "what it found nobody saw",
        "what came after the look is for the next",
    ],
)
def test_a_look_uses_up_what_lies_before_it(
    sights: list[tuple[float, bytes]], found: bytes, contents: list[bytes], until: float
) -> None:
    """It took from the first second to the second one."""
    seen = [Sight(at, content) for at, content in sights]
    used, end = used_up(seen, found, 1.0, 2.0)
    assert ([one.content for one in used], end) == (contents, until)


@pytest.mark.parametrize(
    ("before", "between", "after", "told"),
    [
        (A, [B], C, [B]),
        (A, [B], A, [B]),
        (A, [A, B, B], B, []),
        (A, [A + B, A + B + C], A + B + C + D, []),
        (A, [A + B], B, [A + B]),
        (A, [B], B + C, [B]),
        (A, [b""], C, [b""]),
        (None, [A], A + B, []),
        (A, [B], None, [B]),
        (A + A, [A + A + B, A + B], A + B + C, [A + A + B, A + B]),
    ],
    ids=[
        "overwritten",
        "undone",
        "written again as it was",
        "only ever added to",
        "it lost something afterwards",
        "it took something away",
        "emptied",
        "a new file",
        "removed",
        "one of two lines that are the same",
    ],
)
def test_a_version_tells_something_if_anything_is_lost_with_it(
    before: bytes | None, between: list[bytes], after: bytes | None, told: list[bytes]
) -> None:
    """What only grows is all there in the end."""
    assert telling(before, [Sight(0.0, content) for content in between], after) == told


@pytest.mark.parametrize(
    ("landed", "told"),
    [((True, True), [B]), ((True, False), [B, C, B]), ((False, False), [B, C, B])],
    ids=["the gate took it back", "somebody undid what had landed", "somebody undid what somebody had written"],
)
def test_what_the_gate_took_back_never_was(landed: tuple[bool, bool], told: list[bytes]) -> None:
    """It found that somebody had written in between, and put that in place again."""
    sights = [Sight(0.0, B), Sight(0.1, C, landed[0]), Sight(0.2, B, landed[1])]
    assert telling(A, sights, D) == told


@pytest.mark.parametrize(("apart", "told"), [(0.001, [B]), (1.0, [None, B])], ids=["at once", "later"])
def test_what_is_there_again_at_once_was_never_gone(apart: float, told: list[bytes | None]) -> None:
    """Some write by removing first."""
    sights = [Sight(0.0, None), Sight(apart, B), Sight(2.0, None), Sight(4.0, C)]
    assert telling(A, sights, C) == [*told, None]


def test_what_landed_is_told_with_what_it_landed_upon() -> None:
    """Also where each only adds to the one before: by these two a landing is known."""
    versions = [A, A + B, A + B + C, A + B + C + D]
    sights = [Sight(0.0, versions[1]), Sight(0.1, versions[2], landed=True)]
    assert telling(versions[0], sights, versions[3]) == versions[1:3]
