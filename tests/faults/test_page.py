"""The page of faults names only tests that exist, and every fault once."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "docs" / "faults.md", ROOT / "docs" / "promises.md")
ROW = re.compile(r"^\| (\d+) \| [^|]+ \| (held|n/a|not covered) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_every_test_that_is_named_exists() -> None:
    """File and function."""
    named = [found for page in PAGES for found in TEST.findall(page.read_text(encoding="utf-8"))]
    assert len(named) > 70
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (ROOT / file).is_file() or (name and f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8"))
    ]
    assert not missing


def test_every_fault_has_its_row() -> None:
    """1 to 66, in order; what is held names a test or another row, what is not says why."""
    rows = ROW.findall(PAGES[0].read_text(encoding="utf-8"))
    assert [int(number) for number, _, _ in rows] == list(range(1, 67))
    assert not [
        number for number, state, where in rows if state == "held" and "tests/" not in where and "fault" not in where
    ]
