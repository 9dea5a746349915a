"""Columns of fixed types."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from devmesh.audit.columns import DTYPES, Count, Moment, Span, Word, columns_of, frame_of, series

ROOT = Path(__file__).resolve().parents[2]


class Row(Struct):
    """A row with a working memory."""

    name: Word
    count: Count = None
    when: Moment = None
    took: Span = None
    memory: float = 0.0


def test_annotated_attributes_are_columns() -> None:
    """And no others."""
    assert columns_of(Row) == {"name": "category", "count": "number", "when": "moment", "took": "span"}


@pytest.mark.parametrize("kind", DTYPES)
@pytest.mark.parametrize("values", [[], [None], [None, None]])
def test_nothing_has_a_type_too(kind: str, values: list[Any]) -> None:
    """A column of nothing, or of missing values, has the type of a full one."""
    assert str(series(values, kind).dtype) == DTYPES[kind]


def test_values_are_exact() -> None:
    """Whole numbers beyond 2**52, microseconds, and gaps."""
    table = frame_of(Row, [Row(name="a", count=2**53 - 1, when=1_790_000_000.123456, took=0.000001), Row(name="a")])
    assert table["count"].iloc[0] == 2**53 - 1
    assert table["when"].iloc[0].isoformat() == "2026-09-21T14:13:20.123456+00:00"
    assert table["took"].iloc[0].total_seconds() == 0.000001
    assert table.iloc[1].isna().tolist() == [False, True, True, True]


def test_pandas_is_not_imported_before_it_is_needed() -> None:
    """Importing every module of the room stays light."""
    script = (
        "import sys, pkgutil, importlib, devmesh.audit as room;"
        "[importlib.import_module(m.name) for m in pkgutil.walk_packages(room.__path__, 'devmesh.audit.')];"
        "assert 'pandas' not in sys.modules and 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=30)
