"""Database and mirror compared, fact by fact."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devmesh.audit import verify as verifying
from devmesh.audit.journal import Journal
from devmesh.audit.mirror import MIRROR
from devmesh.audit.verify import Difference, verify
from devmesh.mesh.verifying import verified
from devmesh.vocabulary.codec import Recorded
from tests.audit.samples import WALL, locking
from tests.audit.tampering import tamper


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A closed record."""
    journal = Journal.open(tmp_path, now_wall=WALL)
    for batch in locking(10):
        journal.append(batch, WALL)
    journal.close()
    return tmp_path


def test_they_agree(home: Path) -> None:
    """Nothing to report."""
    assert verify(home) is None


def test_an_edited_fact_is_found(home: Path) -> None:
    """One letter in one line, still valid JSON: its number is reported."""
    text = (home / MIRROR).read_text()
    lines = text.splitlines(keepends=True)
    lines[6] = lines[6].replace("claude-1", "claude-9")
    (home / MIRROR).write_text("".join(lines))
    difference = verify(home)
    assert difference is not None
    assert difference.sequence == 7
    assert "claude-9" in difference.message


def test_a_short_mirror_and_a_missing_line_are_found(home: Path) -> None:
    """Both with the number of the first fact that is not there."""
    lines = (home / MIRROR).read_text().splitlines(keepends=True)
    (home / MIRROR).write_text("".join(lines[:-1]))
    short = verify(home)
    assert short is not None
    assert short.message == f"the mirror ends before fact {len(lines)}"
    (home / MIRROR).write_text("".join([*lines[:3], *lines[4:]]))
    gap = verify(home)
    assert gap is not None
    assert gap.sequence == 4
    (home / MIRROR).unlink()
    assert verify(home) is not None


def test_a_cut_database_is_found_by_its_longer_mirror(home: Path) -> None:
    """The mirror is never ahead: what it has more was in the database."""
    tamper(home, "DELETE FROM facts WHERE sequence > 10")
    assert verify(home) == Difference(sequence=11, message="the database ends before fact 11")


@pytest.mark.parametrize("slow", ["database", "mirror"])
def test_what_is_written_meanwhile_is_not_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slow: str) -> None:
    """However slowly the two are read: a turn is recorded between any two facts, and no difference is made up."""
    journal = Journal.open(tmp_path, now_wall=WALL)
    turns = iter(locking(400))
    for _ in range(20):
        journal.append(next(turns), WALL)
    before = journal.last_sequence

    def beside(reading: Callable[..., Iterator[Recorded]]) -> Callable[..., Iterator[Recorded]]:
        def slowly(*arguments: Any, **options: Any) -> Iterator[Recorded]:
            for recorded in reading(*arguments, **options):
                journal.append(next(turns), WALL)
                yield recorded

        return slowly

    name = {"database": "facts_after", "mirror": "read_mirror"}[slow]
    monkeypatch.setattr(verifying, name, beside(getattr(verifying, name)))
    assert verify(tmp_path) is None
    assert journal.last_sequence > before + 50
    journal.close()


def test_a_mirror_that_is_a_moment_behind_is_waited_for(home: Path) -> None:
    """Its last line is still on the way: that is no difference, unless it never comes."""
    text = (home / MIRROR).read_bytes()
    start = text.rindex(b"\n", 0, -1) + 1
    (home / MIRROR).write_bytes(text[: start + 9])
    late = threading.Timer(0.1, (home / MIRROR).write_bytes, [text])
    late.start()
    assert verified(home).ok
    late.join()
    (home / MIRROR).write_bytes(text[: start + 9])
    difference = verify(home, patience=0.1)
    assert difference is not None
    assert difference.message.startswith("the mirror ends before fact")


def test_a_record_that_is_written_all_the_while_is_whole(tmp_path: Path) -> None:
    """A mesh that never rests, looked at again and again by somebody who compares all of it."""
    done, begun = threading.Event(), threading.Event()

    def write() -> None:
        journal = Journal.open(tmp_path, now_wall=WALL)
        for number, batch in enumerate(locking(5_000)):
            journal.append(batch, WALL)
            if number == 10:
                begun.set()
            if done.is_set():
                break
        journal.close()

    writer = threading.Thread(target=write)
    writer.start()
    begun.wait(60)
    verdicts = [verified(tmp_path) for _ in range(10)]
    done.set()
    writer.join()
    assert [str(verdict) for verdict in verdicts if not verdict.ok] == []
    assert all(verdict.head.startswith(f"{verdict.facts}:") for verdict in verdicts)
    assert verdicts[-1].facts > verdicts[0].facts
