"""Random interleavings of agents, people and tools on one project: through the gate nothing is ever lost.

`python -m tests.faults.test_lost_updates [SEED] [INTERLEAVINGS]` plays a thousand.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from time import perf_counter

import pytest

from devmesh.coordinator.landing import RESCUED, Lander
from devmesh.repository.exchange import Displaced
from devmesh.repository.staging import Staged
from devmesh.vocabulary.terms import PlannedWrite
from tests.faults.crowd import Crowd

INTERLEAVINGS = 240
"In the suite; a thousand by hand, and in the soak."
BLOCKS = 4
SEED = 20_261_122


def crowded(folder: Path, seed: int, interleavings: int) -> Crowd:
    """So many interleavings, one after the other."""
    project = folder / "project"
    project.mkdir()
    crowd = Crowd(project, folder / "home", seed)
    for _ in range(interleavings):
        crowd.interleave()
    return crowd


def test_no_line_is_lost(tmp_path: Path) -> None:
    """A few of them, in every check; and they are not idle."""
    crowd = crowded(tmp_path, SEED, 12)
    assert crowd.count.lost == []
    assert min(crowd.count.landed, crowd.count.moved, crowd.count.foreign) > 3
    assert bool(crowd.count.rescued) == any((tmp_path / "home" / RESCUED).glob("*"))


@pytest.mark.slow
@pytest.mark.timeout(280)
@pytest.mark.parametrize("block", range(BLOCKS))
def test_no_line_is_lost_in_many_interleavings(tmp_path: Path, block: int) -> None:
    """From four seeds."""
    begun = perf_counter()
    count = crowded(tmp_path, SEED + 1 + block, INTERLEAVINGS // BLOCKS).count
    sys.stdout.write(f"{INTERLEAVINGS // BLOCKS} interleavings, {count}, {perf_counter() - begun:.0f} s\n")
    assert count.lost == []


def test_a_gate_that_does_not_look_loses_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the comparison taken out of the exchange, the same interleavings lose lines: the proof proves something."""

    def put(self: Lander, write: PlannedWrite, staged: Staged | None) -> Displaced:
        """Write, whatever is there."""
        path = self._root / write.path
        path.parent.mkdir(exist_ok=True)
        assert write.after is not None
        path.write_bytes(self._repository.read_blob(write.after))
        return Displaced(self._root, write.path, None, write.expected, write.after)

    monkeypatch.setattr(Lander, "_put", put)
    monkeypatch.setattr(Lander, "_tidy", lambda *_: None)
    assert crowded(tmp_path, SEED, 12).count.lost


def main(seed: int, interleavings: int) -> None:
    """Print what happened; fails when a line is lost."""
    with tempfile.TemporaryDirectory(prefix="devmesh-crowd-") as folder:
        count = crowded(Path(folder), seed, interleavings).count
    sys.stdout.write(f"{interleavings} interleavings from seed {seed}: {count}\n")
    sys.exit(bool(count.lost))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1, int(sys.argv[2]) if len(sys.argv) > 2 else 1_000)
