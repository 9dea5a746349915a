"""A row becomes JSON of bounded size, plain and short."""

from __future__ import annotations

import pytest

from devmesh.vocabulary.terms import TaskState
from devmesh_widgets.rows import TaskRow
from devmesh_widgets.sections import LIST_LIMIT, SECTIONS, TEXT_LIMIT, WHOLE, cells_of, key_of, short
from devmesh_widgets.wording import age, gigabytes, listed, share, span
from tests.dashboard.payloads import PAYLOADS
from tests.dashboard.rows import view
from tests.dashboard.synthetic import SyntheticSource


def test_every_section_of_a_view_can_be_told() -> None:
    """Each row has as many cells as its section has fields, and its key is the first of them."""
    shown = SyntheticSource(clock=lambda: 0.0).view()
    for section in SECTIONS.values():
        for row in section.take(shown):
            cells = cells_of(row)
            assert len(cells) == len(section.fields)
            assert cells[0] == key_of(row)


def test_tasks_are_counted_where_they_are_too_many_to_tell() -> None:
    """By state, each state once; where all are told the browser counts them itself."""
    rows = tuple(TaskRow(task=n, title="t", state=(TaskState.QUEUED, TaskState.FAILED)[n % 2]) for n in range(401))
    told = dict(cells_of(row) for row in SECTIONS["tally"].take(view(tasks=rows)))
    assert told == {str(state): {"queued": 201, "failed": 200}.get(state, 0) for state in TaskState}
    assert SECTIONS["tally"].take(view(tasks=rows[:WHOLE])) == ()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_cell_is_one_short_line_without_control(payload: str) -> None:
    """Whatever an agent wrote."""
    line = short(payload)
    assert len(line) <= TEXT_LIMIT
    assert line.isprintable()


def test_a_long_list_is_cut_and_says_so() -> None:
    """A task that names a thousand files is one row like any other."""
    row = TaskRow(task=1, title="t", files=tuple(f"{n}.py" for n in range(1_000)))
    files = cells_of(row)[-1]
    assert len(files) == LIST_LIMIT + 1
    assert files[-1] == f"and {1_000 - LIST_LIMIT} more"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-1.0, "0 s"), (12.9, "12 s"), (60.0, "1 min"), (3_599.0, "59 min"), (3_600.0, "1 h"), (200_000.0, "2 d")],
)
def test_an_age_is_one_figure_rounded_down(seconds: float, said: str) -> None:
    """Never negative."""
    assert age(seconds) == said


def test_figures_have_units_and_emptiness_a_dash() -> None:
    """Two figures that count; a decimal of a second while it says something."""
    assert (gigabytes(0.001), gigabytes(0.044), gigabytes(9.96)) == ("0 GB", "0.04 GB", "10 GB")
    assert share(1.25, 8.0) == "1.2 of 8.0 GB"
    assert (span(0.44), span(9.96), span(240.0)) == ("0.4 s", "10 s", "4 min")
    assert (listed([1, 2]), listed([])) == ("1, 2", "\N{EN DASH}")
