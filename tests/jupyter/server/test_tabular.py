"""The formats of the record, and who gets which."""

from __future__ import annotations

import pandas as pd
import pytest

from devmesh.jupyter.server import tabular
from devmesh.jupyter.server.tabular import ARROW, CSV, JSON, NotAcceptable, wanted, written

ASKED = {
    ("csv", ""): CSV,
    ("json", "text/csv"): JSON,
    (None, ""): JSON,
    (None, "*/*"): JSON,
    (None, "text/html, text/csv;q=0.9"): CSV,
    (None, "application/vnd.apache.arrow.stream"): ARROW,
}


@pytest.mark.parametrize("asked", ASKED)
def test_what_is_asked_for_is_given(asked: tuple[str | None, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The parameter first, then the header, in its order. Arrow where its library is."""
    monkeypatch.setattr(tabular, "find_spec", lambda _: object())
    assert wanted(*asked) == ASKED[asked]


@pytest.mark.parametrize("asked", [("xml", ""), (None, "image/png"), (None, "text/html")])
def test_what_there_is_not_is_not_acceptable(asked: tuple[str | None, str]) -> None:
    """And what there is, is said."""
    with pytest.raises(NotAcceptable, match="csv"):
        wanted(*asked)


def test_arrow_without_its_library_is_not_acceptable(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not one of ours."""
    monkeypatch.setattr(tabular, "find_spec", lambda _: None)
    with pytest.raises(NotAcceptable, match="pyarrow"):
        wanted("arrow", "")


def test_no_cell_of_a_csv_is_a_formula() -> None:
    """What an agent wrote is text to a spreadsheet, too."""
    frame = pd.DataFrame({"said": ["=1+1", "+1", "-1", "@x", "\tx", "fine", None], "number": [-1] * 7})
    lines = written(frame, CSV).decode().splitlines()[1:]
    assert [line.rpartition(",")[0].strip('"')[:1] for line in lines] == ["'"] * 5 + ["f", ""]
    assert all(line.endswith(",-1") for line in lines)
