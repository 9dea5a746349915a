"""The record as DataFrames: the same columns and types full or empty, beside a living mesh."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from devmesh.audit import frames
from devmesh.audit.columns import DTYPES
from devmesh.audit.fact_table import FACT_COLUMNS
from devmesh.audit.frames import SCHEMAS, When
from devmesh.audit.journal import Journal
from devmesh.audit.kinds import KINDS, fields_of, matching
from devmesh.errors import Malformed, StorageError
from devmesh.vocabulary import facts
from tests.audit.samples import WALL, History, working

if TYPE_CHECKING:
    import pandas as pd


def present() -> float:
    """Unix seconds, now."""
    return datetime.now(UTC).timestamp()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A living mesh's record: a minute between facts, the last one a minute ago."""
    journal = Journal.open(tmp_path, now_wall=WALL)
    recorded, now = working().recorded, present()
    for one in recorded:
        journal.append([one], now - 60.0 * (len(recorded) - one.sequence + 1))
    yield tmp_path
    journal.close()


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A record of nothing."""
    Journal.open(tmp_path, now_wall=WALL).close()
    return tmp_path


def asked(noun: str, home: Path) -> pd.DataFrame:
    """The frame of a noun."""
    made: pd.DataFrame = getattr(frames, noun)(home, *([1] if noun == "outputs" else []))
    return made


def dtypes(table: pd.DataFrame) -> dict[str, str]:
    """Its columns and their types, in words."""
    return {str(name): str(kind) for name, kind in table.dtypes.items()}


@pytest.mark.parametrize("noun", SCHEMAS)
def test_columns_and_types_never_vary(noun: str, tmp_path: Path) -> None:
    """A frame of nothing and a frame of much have the columns of the table, of the types of the table."""
    expected = {name: DTYPES[kind] for name, kind in SCHEMAS[noun].items()}
    journal = Journal.open(tmp_path, now_wall=WALL)
    assert dtypes(asked(noun, tmp_path)) == expected
    assert len(asked(noun, tmp_path)) == 0
    for one in working().recorded:
        journal.append([one], WALL)
    assert dtypes(asked(noun, tmp_path)) == expected
    assert len(asked(noun, tmp_path)) > 0
    journal.close()


@pytest.mark.parametrize("pattern", ["*", *KINDS, "lock_*", "task_*", "change_*"])
def test_facts_have_fixed_columns_too(pattern: str, empty: Path) -> None:
    """Every pattern gives the same columns and types whether anything matches or not."""
    kinds = matching(pattern)
    fields = {"body": "text"} if pattern == "*" else fields_of(kinds)
    expected = {name: DTYPES[kind] for name, kind in (fields | FACT_COLUMNS).items()}
    assert {**dtypes(frames.facts(empty, pattern))} == expected
    assert list(frames.facts(empty, pattern).columns[: len(FACT_COLUMNS)]) == list(FACT_COLUMNS)


def test_facts_of_few_kinds_are_flat(home: Path) -> None:
    """A field of a fact is a column; what is nested stays what it is; what a kind does not have is missing."""
    table = frames.facts(home, "lock_*")
    assert list(table["kind"]) == ["lock_queued", *["lock_granted"] * 2, *["lock_released"] * 2]
    assert list(table["target"].dropna()) == ["a.py", "b.py", "a.py", "b.py"]
    assert table["targets"].iloc[0] == ["a.py", "b.py"]
    assert list(table["task"]) == [1, 1, 1, *[None] * 2] or table["task"].isna().sum() == 2
    assert str(table["time"].dt.tz) == "UTC"
    assert dtypes(table)["token"] == "Int64"
    assert dtypes(frames.facts(home, "lock_released")) == dtypes(
        frames.facts(home, "lock_released", since=present() + 9)
    )


def test_the_newest_or_the_next(home: Path) -> None:
    """Without a cursor the newest, in order; with one the first that follow it."""
    every = frames.facts(home, limit=None)
    last = len(every)
    assert list(every["sequence"]) == list(range(1, last + 1))
    assert list(frames.facts(home, limit=3)["sequence"]) == [last - 2, last - 1, last]
    assert list(frames.facts(home, after=2, limit=3)["sequence"]) == [3, 4, 5]
    assert every["body"].str.startswith("{").all()
    assert len(frames.facts(home, limit=0)) == 0


def test_narrowed_by_task_and_agent(home: Path) -> None:
    """Only theirs."""
    assert set(frames.facts(home, task=3)["kind"]) == {"task_posted", "task_cancelled"}
    assert set(frames.facts(home, agent="codex-1")["agent"]) == {"codex-1"}


AGO = 150.0
"Seconds: between the second and the third fact from the end."


def local() -> datetime:
    """That moment, in words without a zone."""
    return datetime.fromtimestamp(present() - AGO)  # noqa: DTZ006 - local time on purpose


def aware() -> datetime:
    """That moment, with a zone."""
    return datetime.fromtimestamp(present() - AGO, UTC)


@pytest.mark.parametrize(
    "since",
    [
        lambda: "150s",
        lambda: "2m30s",
        lambda: timedelta(seconds=AGO),
        lambda: present() - AGO,
        aware,
        local,
        lambda: aware().isoformat(),
        lambda: local().isoformat(),
    ],
)
def test_time_in_many_words(home: Path, since: Callable[[], When]) -> None:
    """So long ago, or that moment; without a zone it is local time. Until works alike."""
    every = len(frames.facts(home))
    assert len(frames.facts(home, since=since())) == 2
    assert len(frames.facts(home, until=since())) == every - 2
    assert len(frames.facts(home, since=since(), until="90s")) == 1


def test_nonsense_is_named(home: Path) -> None:
    """A pattern that matches no kind and a time that is none: said with what was probably meant."""
    with pytest.raises(Malformed, match="lock_granted") as pattern:
        frames.facts(home, "lok_granted")
    assert pattern.value.field == "pattern"
    with pytest.raises(Malformed, match="is no time"):
        frames.facts(home, since="yesteryear")
    with pytest.raises(StorageError, match="no record"):
        frames.facts(home / "nowhere")


def test_kinds_of_a_newer_mesh_are_shown(home: Path, tmp_path: Path) -> None:
    """A fact this version has no word for is in the frame all the same."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(tmp_path / "audit.db")) as connection:
        connection.execute(
            "INSERT INTO facts (sequence, at, now, epoch, kind, body) VALUES (999, ?, 1, 1, 'lock_admired', '{}')",
            (present(),),
        )
        connection.commit()
    assert list(frames.facts(home, "lock_a*")["sequence"]) == [999]
    assert 999 in set(frames.facts(home)["sequence"])


def test_outputs_in_order(home: Path) -> None:
    """What the tool said, with its stream."""
    table = frames.outputs(home, 1)
    assert list(table["text"]) == ["=SUM(A1)\n"]
    assert list(table["stream"]) == ["stdout"]
    assert len(frames.outputs(home, 3)) == 0


def test_no_spreadsheet_runs_it(home: Path) -> None:
    """Every cell that begins like a formula, in texts, words, objects and names of columns; numbers stay numbers."""
    table = frames.outputs(home, 1).assign(
        number=-1.5, word="@x", nested="-1", **{"=name": "\tx"}, plain="x", nothing=None
    )
    table["nested"] = table["nested"].astype("object")
    table["word"] = table["word"].astype("category")
    safe = frames.to_csv_safe(table)
    text = safe.to_csv(index=False)
    assert "'=SUM(A1)" in text
    assert "'@x" in text
    assert "'\tx" in text
    assert "'=name" in text
    assert safe["number"].iloc[0] == -1.5
    assert safe["plain"].iloc[0] == "x"
    assert table["text"].iloc[0] == "=SUM(A1)\n"
    for cell in (cell for line in text.splitlines() for cell in line.split(",")):
        assert not cell.lstrip('"').startswith(("=", "+", "@", "\t", "\r"))


def test_a_history_can_be_told_by_hand(tmp_path: Path) -> None:
    """One fact is enough for a frame."""
    journal = Journal.open(tmp_path, now_wall=WALL)
    journal.append(History().add(facts.GoalSet(text="ship it")), WALL)
    table = frames.facts(tmp_path, "goal_set")
    journal.close()
    assert table["text"].iloc[0] == "ship it"
    assert table["time"].iloc[0].timestamp() == WALL
