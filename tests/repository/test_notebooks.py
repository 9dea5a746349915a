"""Notebooks merge cell by cell: no cell is ever lost, outputs stay with their source, and the result is a notebook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from devmesh.repository.git import Git
from devmesh.repository.merging import MergeResult, merge_content

HERE = Git(Path("/"))
NAME = "work/nb.ipynb"

Cell = dict[str, Any]


def code(name: str, source: str, output: str = "") -> Cell:
    """A code cell, run if it has an output."""
    outputs = [{"output_type": "stream", "name": "stdout", "text": output}] if output else []
    count = 1 if output else None
    return {
        "cell_type": "code", "id": name, "source": source, "metadata": {}, "outputs": outputs, "execution_count": count
    }  # fmt: skip


def prose(name: str, source: str, **metadata: Any) -> Cell:
    """A Markdown cell."""
    return {"cell_type": "markdown", "id": name, "source": source, "metadata": metadata}


def notebook(*cells: Cell, minor: int = 5, **metadata: Any) -> bytes:
    """As JupyterLab writes it."""
    content = {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": minor}
    return json.dumps(content, indent=1).encode() + b"\n"


def merge(base: bytes, ours: bytes, theirs: bytes) -> tuple[list[Cell], int]:
    """The cells of the merge, each source as one text, and the conflicts."""
    found = merge_content(HERE, NAME, (base, ours, theirs))
    assert not found.reason
    return cells_of(found.data), found.conflicts


def cells_of(data: bytes) -> list[Cell]:
    """The cells of a notebook, each source as one text."""
    cells: list[Cell] = json.loads(data)["cells"]
    return [{**cell, "source": "".join(cell["source"])} for cell in cells]


def sources(cells: list[Cell]) -> dict[str, str]:
    """By id, in order."""
    return {cell["id"]: cell["source"] for cell in cells}


KERNEL = {"name": "python3", "display_name": "Python 3"}
A, B, C = code("a", "x = 1\ny = 2\nz = 3\n", "1"), prose("b", "# Title"), code("c", "print(x)", "1")
BASE = notebook(A, B, C)


def test_different_cells_and_different_lines_of_one_cell_merge() -> None:
    """Both sides' work is there."""
    cells, conflicts = merge(
        BASE,
        notebook({**A, "source": "x = 10\ny = 2\nz = 3\n"}, B, C),
        notebook({**A, "source": "x = 1\ny = 2\nz = 30\n"}, prose("b", "# Other title"), C),
    )
    assert conflicts == 0
    assert sources(cells) == {"a": "x = 10\ny = 2\nz = 30\n", "b": "# Other title", "c": "print(x)"}


def test_both_append_a_cell() -> None:
    """The most common case, which lines of JSON cannot merge: ours comes first."""
    cells, conflicts = merge(BASE, notebook(A, B, C, code("d", "ours")), notebook(A, B, C, code("e", "theirs")))
    assert (list(sources(cells)), conflicts) == (["a", "b", "c", "d", "e"], 0)


def test_one_moves_and_the_other_adds_and_deletes() -> None:
    """The order of who moved, the content of both."""
    moved, changed = notebook(C, B, A), notebook(code("n", "new"), A, code("m", "after a"), C)
    for ours, theirs in ((moved, changed), (changed, moved)):
        cells, conflicts = merge(BASE, ours, theirs)
        assert (list(sources(cells)), conflicts) == (["n", "c", "a", "m"], 0)


def test_the_same_lines_of_a_cell_are_a_conflict_in_its_source() -> None:
    """It is still a notebook, with markers where the cell is."""
    cells, conflicts = merge(BASE, notebook(A, B, code("c", "print(y)")), notebook(A, B, code("c", "print(z)")))
    assert conflicts == 1
    assert sources(cells)["c"].startswith("<<<<<<< project\nprint(y)\n||||||| base\nprint(x)\n")


@pytest.mark.parametrize("deleted_here", [True, False])
def test_a_cell_deleted_here_and_rewritten_there_is_a_conflict(deleted_here: bool) -> None:  # noqa: FBT001
    """The rewritten text is in it."""
    without, rewritten = notebook(A, B), notebook(A, B, code("c", "print(x + 1)"))
    cells, conflicts = merge(BASE, *((without, rewritten) if deleted_here else (rewritten, without)))
    assert conflicts == 1
    assert "print(x + 1)" in sources(cells)["c"]


def test_a_deleted_cell_that_was_only_run_is_deleted() -> None:
    """Outputs are not work."""
    cells, conflicts = merge(BASE, notebook(A, B), notebook(A, B, code("c", "print(x)", "2")))
    assert (list(sources(cells)), conflicts) == (["a", "b"], 0)


def test_outputs_stay_with_their_source() -> None:
    """Of who ran the source that is kept; none where the source is nobody's."""
    ran, rewritten = notebook(A, B, code("c", "print(x)", "2")), notebook(A, B, code("c", "print(x, 1)"))
    cells, _ = merge(BASE, ran, rewritten)
    assert cells[2]["outputs"] == []
    cells, _ = merge(BASE, ran, notebook({**A, "source": "x = 7"}, B, C))
    assert cells[2]["outputs"][0]["text"] == ["2"]
    one, other = {**A, "source": "x = 0\ny = 2\nz = 3\n"}, {**A, "source": "x = 1\ny = 2\nz = 0\n"}
    cells, conflicts = merge(BASE, notebook(one, B, C), notebook(other, B, C))
    assert (cells[0]["outputs"], cells[0]["execution_count"], conflicts) == ([], None, 0)


def test_metadata_merges_by_key() -> None:
    """What a program writes anew is no conflict, what a person set is."""
    base = notebook(
        prose("b", "x", tags=["one"]), kernelspec=KERNEL, language_info={"name": "python", "version": "3.11"}
    )
    ours = notebook(
        prose("b", "x", tags=["one", "two"]), kernelspec=KERNEL, language_info={"name": "python", "version": "3.12"}
    )
    theirs = notebook(
        prose("b", "x", tags=["one"], editable=False),
        kernelspec=KERNEL,
        language_info={"name": "python", "version": "3.13"},
    )
    cells, conflicts = merge(base, ours, theirs)
    assert (cells[0]["metadata"], conflicts) == ({"tags": ["one", "two"], "editable": False}, 0)
    clash = notebook(prose("b", "x", tags=["three"]), kernelspec=KERNEL)
    assert merge(base, ours, clash)[1] == 1


NOT_MERGED = {
    "older than ids": (notebook(A, B, C, minor=4), "older than nbformat 4.5"),
    "two of one id": (notebook(A, A), "same id"),
    "no notebook": (b'{"cells": 7}\n', "no notebook"),
    "no JSON": (b"<<<<<<< not\n", "no notebook"),
    "deep": (b'{"cells": ' + b"[" * 5000 + b"]" * 5000 + b"}", "no notebook"),
    "no text": (b"\xff\xfe", "no notebook"),
}


@pytest.mark.parametrize("name", NOT_MERGED)
def test_what_is_no_notebook_with_ids_is_not_merged(name: str) -> None:
    """One conflict that says why, ours untouched, whichever of the three it is."""
    other, reason = NOT_MERGED[name]
    changed = notebook(A, B)
    for versions in ((other, BASE, changed), (BASE, other, changed), (BASE, changed, other)):
        found = merge_content(HERE, NAME, versions)
        assert (found.data, found.conflicts) == (versions[1], 1)
        assert reason in found.reason


def test_what_only_one_side_changed_is_taken_byte_by_byte() -> None:
    """However it is written: no notebook is rewritten for nothing."""
    odd = json.dumps(json.loads(notebook(A))).encode()
    assert merge_content(HERE, NAME, (BASE, BASE, odd)) == MergeResult(odd, 0)
    assert merge_content(HERE, NAME, (BASE, odd, BASE)) == MergeResult(odd, 0)


# ---- any three notebooks

SOURCES = st.sampled_from(["", "a", "a\nb\nc", "x\nb\nc", "a\nb\ny", "a\nb\nc\nd", "q"])
RUNS = st.sampled_from(["", "", "1", "2"])
CODE = st.builds(code, st.just(""), SOURCES, RUNS)
PROSE = st.builds(prose, st.just(""), SOURCES)
NAMES = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=6)


@st.composite
def histories(draw: st.DrawFn) -> tuple[dict[str, Cell], dict[str, Cell], dict[str, Cell]]:
    """A base, and two that were made from it: cells kept, changed, added, deleted and moved."""
    base = {name: {**draw(CODE | PROSE), "id": name} for name in draw(NAMES)}

    def edited(fresh: str) -> dict[str, Cell]:
        names = draw(st.permutations([*base, *fresh[: draw(st.integers(0, 3))]]) | st.just([*base, *fresh[:1]]))
        kept = [name for name in names if name not in base or draw(st.integers(0, 4))]
        made = {}
        for name in kept:
            same = name in base and draw(st.booleans())
            made[name] = base[name] if same else {**draw(CODE | PROSE), "id": name}
        return made

    return base, edited("mnop"), edited("rstm")


@settings(max_examples=300, deadline=None)
@given(histories())
def test_no_cell_and_no_side_s_text_is_ever_lost(
    history: tuple[dict[str, Cell], dict[str, Cell], dict[str, Cell]],
) -> None:
    """Whatever was done: each cell that a side added or rewrote is there with its text, or that is a conflict."""
    base, ours, theirs = history
    found = merge_content(HERE, NAME, tuple(notebook(*cells.values()) for cells in history))  # type: ignore[arg-type]
    assert not found.reason
    merged = {cell["id"]: cell for cell in cells_of(found.data)}
    assert len(merged) == len(cells_of(found.data))
    for side, other in ((ours, theirs), (theirs, ours)):
        for name, cell in side.items():
            worked = name not in base or base[name]["source"] != cell["source"]
            if worked:
                assert name in merged, f"{name} is lost"
            if worked and (name not in other or other[name] == base.get(name)):
                assert cell["source"] in merged[name]["source"]
            if worked and not found.conflicts:
                lines = set(cell["source"].split("\n")) - set(base.get(name, code("", ""))["source"].split("\n"))
                assert lines <= set(merged[name]["source"].split("\n"))
    for name in merged:
        assert name in ours or name in theirs, "a cell came back"


@settings(max_examples=100, deadline=None)
@given(histories())
def test_a_notebook_merges_alike_whoever_is_called_ours(
    history: tuple[dict[str, Cell], dict[str, Cell], dict[str, Cell]],
) -> None:
    """The same cells with the same sources; only the order of what both put at one place may differ."""
    base, ours, theirs = (notebook(*cells.values()) for cells in history)
    one, other = merge_content(HERE, NAME, (base, ours, theirs)), merge_content(HERE, NAME, (base, theirs, ours))
    assert (one.conflicts == 0) == (other.conflicts == 0)
    if not one.conflicts:
        assert sources(cells_of(one.data)) == sources(cells_of(other.data))
