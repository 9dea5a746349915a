"""The documents that are made from the code say what the code says."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """What `python docs/wire.py` would write."""
    return runpy.run_path(str(DOCS / "wire.py"))


@pytest.mark.parametrize(("name", "maker"), [("wire.schema.json", "schema"), ("wire.md", "page")])
def test_the_wire_is_documented_as_it_is(made: dict[str, Any], name: str, maker: str) -> None:
    """`python docs/wire.py` brings them up to date."""
    assert (DOCS / name).read_text(encoding="utf-8") == made[maker]()


def test_every_reference_of_the_schema_leads_somewhere() -> None:
    """It can be used as it is."""
    text = (DOCS / "wire.schema.json").read_text(encoding="utf-8")
    schema = json.loads(text)
    references = {part.partition('"')[0] for part in text.split('"#/$defs/')[1:]}
    assert references
    assert references <= set(schema["$defs"])
