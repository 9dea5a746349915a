"""Random interleavings in the project itself: no hunk that could be seen is lost without a trace, and alarms are true.

`python -m tests.faults.test_shared_lost_updates [SEED] [INTERLEAVINGS]` plays a thousand.

What the claim leaves out is counted, not hidden. A witness reads what was written within milliseconds: of two writes
to one file that are closer to each other than that, the first may be gone before anybody read it (`unseen`), and one
that comes so soon upon a tool's own write may be taken for it (`mistaken`).
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from devmesh.bridge.guarding.watch import Landings, Watch
from devmesh.bridge.guarding.witness import Witness
from tests.faults.shared_crowd import Count, shared_crowd

INTERLEAVINGS = 20
"In the suite; a thousand by hand, and more in the soak."
BLOCK = 50
"Interleavings of one mesh."
SEED = 20_261_123
FALSE = 0.01
"False alarms for each write that was made rightly."
UNSEEN = 0.02
"Lines that were gone before anybody could read them, of all that were taken away: two writes in a few milliseconds."


def proved(count: Count) -> None:
    """Nothing lost that could be seen; what is reported is so."""
    verdict = count.verdict
    assert verdict.lost == []
    assert len(verdict.false) <= FALSE * verdict.right, verdict.false


def unseen(count: Count) -> float:
    """The share of lines that nobody could read, or that were taken for a tool's own, for that reason."""
    verdict = count.verdict
    return (verdict.unseen + verdict.mistaken) / (verdict.unseen + verdict.mistaken + verdict.shown)


def test_no_hunk_is_lost_without_a_trace(tmp_path: Path) -> None:
    """A few of them, in every check; and they are not idle."""
    count = shared_crowd(tmp_path, SEED, 5)
    proved(count)
    assert min(count.granted, count.behind, count.landed, count.verdict.shown) > 2


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_no_hunk_is_lost_without_a_trace_in_many_interleavings(tmp_path: Path) -> None:
    """Tools in the project, one through the gate, people, formatters and git, all on the same few files."""
    begun = perf_counter()
    count = shared_crowd(tmp_path, SEED + 1, INTERLEAVINGS)
    sys.stdout.write(f"{INTERLEAVINGS} interleavings, {count}, {perf_counter() - begun:.0f} s\n")
    proved(count)
    assert min(count.refused, count.reread, count.failed, count.verdict.reported) > 0
    assert unseen(count) <= UNSEEN


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_without_a_witness_hunks_are_gone_unseen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks alone come too late for many, and say so; what they meet is still not lost without a trace."""
    monkeypatch.setattr(Witness, "begin", lambda _: None)
    count = shared_crowd(tmp_path, SEED + 1, INTERLEAVINGS)
    proved(count)
    assert unseen(count) > UNSEEN


async def _look_and_say_nothing(self: Watch, *_: Any, **__: Any) -> None:
    del self


def _own(self: Watch, path: str, *_: Any) -> bool:
    return self._holds(path)


def _nothing_new(*_: Any) -> str:
    return ""


@pytest.mark.slow
@pytest.mark.timeout(280)
@pytest.mark.parametrize(
    ("mechanism", "without"),
    [("_judge", _look_and_say_nothing), ("_is_own", _own)],
    ids=["the judgement of what was seen", "one write for each grant"],
)
def test_without_it_hunks_are_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mechanism: str, without: Callable[..., Any]
) -> None:
    """Each mechanism taken out, the same interleavings lose hunks that were seen: the proof proves something."""
    monkeypatch.setattr(Watch, mechanism, without)
    assert shared_crowd(tmp_path, SEED + 1, INTERLEAVINGS).verdict.lost


@pytest.mark.slow
@pytest.mark.timeout(280)
@pytest.mark.parametrize("told", [True, False], ids=["told to read again", "not told to read again"])
def test_where_all_cooperate_a_tool_is_told_to_read_again(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    told: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Then nothing is lost, and nothing reported; without it, tools that wrote from memory undo what others landed."""
    if not told:
        monkeypatch.setattr(Watch, "_unread", _nothing_new)
    verdict = shared_crowd(tmp_path, SEED + 1, INTERLEAVINGS, behind=0).verdict
    assert bool(verdict.lost) != told
    assert verdict.reported == 0


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_without_what_the_gate_tells_alarms_are_false(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody who does not hear of landings can tell them from writes behind the gate."""
    monkeypatch.setattr(Landings, "heard", lambda *_: None)
    assert shared_crowd(tmp_path, SEED + 1, INTERLEAVINGS).verdict.false


def main(seed: int, interleavings: int) -> None:
    """Print what happened, block by block; fails when a hunk is lost, or an alarm in a hundred is false."""
    begun, right, false, lost, gone = perf_counter(), 0, 0, 0, 0
    for first in range(0, interleavings, BLOCK):
        with tempfile.TemporaryDirectory(prefix="devmesh-crowd-") as folder:
            count = shared_crowd(Path(folder), seed + first, min(BLOCK, interleavings - first))
        right, false = right + count.verdict.right, false + len(count.verdict.false)
        lost, gone = lost + len(count.verdict.lost), gone + count.verdict.unseen + count.verdict.mistaken
        sys.stdout.write(f"interleavings from {first}, seed {seed + first}: {count}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{interleavings} in {perf_counter() - begun:.0f} s: {lost} lost, ")
    sys.stdout.write(f"{gone} gone before anybody could read them, {false} false of {right}\n")
    sys.exit(bool(lost) or false > FALSE * right)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1, int(sys.argv[2]) if len(sys.argv) > 2 else 1_000)
