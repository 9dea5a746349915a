"""Nothing acknowledged is lost and no lock is held twice, however often the coordinator is killed, stopped and cut off.

`python -m tests.faults.test_chaos [SEED] [SECONDS]` goes on for longer.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import pytest

from devmesh.address import home_of
from devmesh.audit.database import open_reader
from devmesh.audit.journal import Journal
from devmesh.audit.proving import prove
from devmesh.audit.rows import facts_after
from devmesh.audit.verify import verify
from devmesh.settings import Settings
from devmesh.vocabulary import facts
from tests.faults.authors import FILES, unchained
from tests.faults.callers import Figures
from tests.faults.chaos import chaos
from tests.faults.linearizable import linearizable

SECONDS = 12.0


def judged(folder: Path, figures: Figures) -> list[str]:
    """Everything that is wrong with what happened; nothing, that is."""
    home = home_of(folder / "project", Settings.load(home=folder / "state"))
    Journal.open(home, now_wall=0.0).close()  # brings the mirror up to date, as the next start would
    with open_reader(home) as connection:
        record = [recorded.fact for recorded in facts_after(connection, 0)]
    wrong = list(figures.surprises)
    tokens = [fact.token for fact in record if isinstance(fact, facts.LockGranted)]
    if tokens != sorted(set(tokens)):
        wrong.append("a token came twice, or out of order")
    if lost := set(figures.tokens) - set(tokens):
        wrong.append(f"grants that were acknowledged and are not on record: {sorted(lost)}")
    posted = [fact.task for fact in record if isinstance(fact, facts.TaskPosted)]
    if lost := set(figures.tasks) - set(posted):
        wrong.append(f"tasks that were acknowledged and are not on record: {sorted(lost)}")
    if len(figures.tasks) != len(set(figures.tasks)) or len(posted) > len(figures.tasks) + 1:
        wrong.append(f"{len(posted)} tasks on record, {len(figures.tasks)} were posted")
    wrong += [f"{fact}" for fact in record if isinstance(fact, facts.AgentLost | facts.LockExpired)]
    wrong += [f"{path}: no order explains it" for path, one in figures.histories.items() if not linearizable(one)]
    wrong += unchained(home, folder / "project", figures)
    wrong += [str(found) for found in (verify(home), prove(home).fault) if found is not None]
    return wrong


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_what_was_acknowledged_survives_chaos(tmp_path: Path) -> None:
    """Kills, stops, cuts, silence and wrong bytes, over the real socket, with every answer checked."""
    figures = asyncio.run(chaos(tmp_path, 7, SECONDS))
    assert judged(tmp_path, figures) == []
    assert figures.kills >= 2
    assert len(figures.tokens) > 20
    assert figures.tasks
    assert figures.landed
    file = next(path for name in FILES if (path := tmp_path / "project" / name).exists())
    file.write_text("made from nothing\n")
    assert len(judged(tmp_path, figures)) == 1


def main(seed: int, seconds: float) -> None:
    """Print what happened; fails when something is wrong with it."""
    with tempfile.TemporaryDirectory(prefix="devmesh-chaos-") as folder:
        figures = asyncio.run(chaos(Path(folder), seed, seconds))
        wrong = judged(Path(folder), figures)
    operations = sum(map(len, figures.histories.values()))
    sys.stdout.write(
        f"{seconds:g} s from seed {seed}: {figures.kills} kills, {figures.stops} stops, {figures.cuts} cuts, "
        f"{figures.garbled} wrong bytes; {figures.calls} calls, {figures.retries} retries, "
        f"{len(figures.tokens)} grants, {len(figures.tasks)} tasks, {len(figures.landed)} changes "
        f"landed and {figures.returned} came back, "
        f"{len(figures.histories)} histories of {operations} operations\n"
    )
    sys.stdout.write("".join(f"WRONG: {one}\n" for one in wrong))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1, float(sys.argv[2]) if len(sys.argv) > 2 else 60.0)
