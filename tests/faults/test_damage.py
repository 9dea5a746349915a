"""Files of the record cut, garbled and lost between two lives of a real coordinator whose clients go on asking.

`python -m tests.faults.test_damage [SEED] [ROUNDS]` goes on for longer.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from pathlib import Path
from random import Random

import pytest

from devmesh.audit.opening import repair
from tests.faults.callers import Figures
from tests.faults.damage import DAMAGES, End
from tests.faults.serving import Served, insisting, served, served_again
from tests.faults.test_chaos import judged

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

HARMLESS = [name for name, one in DAMAGES.items() if not one.end & {End.LOST, End.NAMED}]
QUICK = ["the database cut short", "the log gone", "the database gone"]


async def harmed(process: Served, names: list[str], seed: int, clean: float = 0.5) -> Figures:
    """One damage after the other, each after a stop, which is a clean one with that probability."""
    figures, chance = Figures(), Random(seed)
    async with insisting(process.home, figures):
        for name in names:
            await served_again(figures)
            process.stop() if chance.random() < clean else process.kill()
            DAMAGES[name].done(process.home, chance)
            if not process.begin():
                assert End.REFUSED in DAMAGES[name].end, (name, process.last_words)
                assert "history" in process.last_words or "older copy" in process.last_words, process.last_words
                repair(process.home, now_wall=1.0)
                process.start()
            else:
                assert DAMAGES[name].end != {End.REFUSED}, name
        await served_again(figures)
    return figures


def test_nothing_acknowledged_is_lost_to_damage_of_either_file(tmp_path: Path) -> None:
    """Cut short, overwritten, emptied, gone: one file has what the other lost, and tokens and clients go on."""
    with served(tmp_path / "project", tmp_path / "state") as process:
        figures = asyncio.run(harmed(process, QUICK, 11))
        process.kill()
    assert judged(tmp_path, figures) == []


def test_a_garbled_mirror_is_named(tmp_path: Path) -> None:
    """The record is whole all the same, and what is wrong is only that line."""
    with served(tmp_path / "project", tmp_path / "state") as process:
        figures = asyncio.run(harmed(process, ["a line of the mirror garbled"], 3))
        process.kill()
        wrong = judged(tmp_path, figures)
        assert len(wrong) == 1
        assert "audit.jsonl, line" in wrong[0]


def test_what_both_files_lost_is_named(tmp_path: Path) -> None:
    """No more is lost than what both had no longer, no token comes twice, and the record's proof says so for ever."""
    with served(tmp_path / "project", tmp_path / "state") as process:
        figures = asyncio.run(harmed(process, ["both ruined"], 5, clean=1.0))
        process.kill()
        wrong = judged(tmp_path, figures)
        assert "has been rebuilt" in process.last_words
    named = re.search(r"the facts (\d+) to (\d+) were recorded, and are lost", wrong[-1])
    assert named is not None, wrong
    assert 0 < int(named[2]) - int(named[1]) < 30
    assert not [one for one in wrong if "a token came twice" in one or "database" in one]


def main(seed: int, rounds: int) -> None:
    """Print how many damages were survived; fails when something is wrong."""
    chance = Random(seed)
    with tempfile.TemporaryDirectory(prefix="devmesh-damage-") as folder:
        with served(Path(folder, "project"), Path(folder, "state")) as process:
            figures = asyncio.run(harmed(process, chance.choices(HARMLESS, k=rounds), seed))
            process.kill()
        wrong = judged(Path(folder), figures)
    sys.stdout.write(f"seed {seed}: {rounds} damages, {len(figures.tasks)} tasks, {len(figures.tokens)} grants\n")
    sys.stdout.write("".join(f"WRONG: {one}\n" for one in wrong))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1, int(sys.argv[2]) if len(sys.argv) > 2 else 30)
