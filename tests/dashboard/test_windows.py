"""Which rows of a long table are told: what views ask for, within limits, in the table's own order."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given, strategies as st

import devmesh_widgets
from devmesh.vocabulary.terms import LockMode, TaskState
from devmesh_widgets.rows import AgentRow, LockRow, TaskRow
from devmesh_widgets.sections import by_key
from devmesh_widgets.windows import _TASKS, BEGINNING, ORDERS, SPAN_LIMIT, WINDOW_LIMIT, Order, Span, Windows
from tests.dashboard.rows import locks

STATIC = Path(devmesh_widgets.__file__).parent / "static"


def test_what_nobody_asked_for_begins_at_the_top() -> None:
    """A front end that cannot be heard still shows the first rows."""
    assert list(Windows().spans("locks")) == [BEGINNING]


def test_windows_of_several_views_are_told_once() -> None:
    """Where they overlap, a row is told once; what a view does not show any more is not told."""
    windows = Windows()
    windows.ask("a", "t", "locks", 0, 100)
    windows.ask("b", "t", "locks", 50, 100)
    windows.ask("b", "u", "locks", 500, 10)
    assert list(windows.spans("locks")) == [Span(0, 100), Span(100, 150), Span(500, 510)]
    windows.ask("b", "u", "locks", 0, 0)
    windows.closed("a")
    assert list(windows.spans("locks")) == [Span(50, 150)]


def test_a_page_that_asks_for_everything_gets_a_little() -> None:
    """It is a web page: windows are few, and none is large."""
    windows = Windows()
    for number in range(100):
        windows.ask("a", str(number), "locks", number * 100_000, 100_000)
        windows.ask("a", str(number), "no such section", 0, 10)
    spans = list(windows.spans("locks"))
    assert len(spans) == WINDOW_LIMIT
    assert {span.end - span.first for span in spans} == {SPAN_LIMIT}


def lock(token: int, target: str) -> LockRow:
    """A lock somebody holds."""
    return LockRow(token=token, target=target, mode=LockMode.READ, agent="a")


@given(st.lists(st.sets(st.integers(1, 60)), max_size=6))
def test_an_order_kept_over_time_is_that_of_sorting_anew(moments: list[set[int]]) -> None:
    """Whatever comes, goes and changes in between."""
    order = Order("locks")
    for moment, tokens in enumerate(moments):
        rows = by_key([lock(token, f"{(token * 7 + moment // 2) % 50:03}") for token in tokens])
        targets = {key: str(ORDERS["locks"](row)) for key, row in rows.items()}
        assert [targets[key] for key in order.of(rows)] == sorted(targets.values())
        assert set(order.of(rows)) == tokens


def test_rows_at_rest_are_not_looked_at_again() -> None:
    """The second time the order of the very same rows is only read."""
    order, rows = Order("locks"), by_key(locks(1_000))
    first = order.of(rows)
    order._place = lambda _: 1 / 0
    assert order.of(rows) is first


def test_agents_and_tasks_stand_as_in_the_browser() -> None:
    """The architect first, then by natural number; what moves first, what is over last and the latest of it first."""
    names = [AgentRow(agent=name, tool="t", architect=name == "z-1") for name in ("b-10", "b-9", "z-1", "a-1")]
    assert [row.agent for row in sorted(names, key=ORDERS["agents"])] == ["z-1", "a-1", "b-9", "b-10"]
    tasks = [
        TaskRow(task=1, title="", state=TaskState.COMPLETED, since=1.0),
        TaskRow(task=2, title="", state=TaskState.COMPLETED, since=2.0),
        TaskRow(task=3, title="", state=TaskState.QUEUED, priority=3),
        TaskRow(task=4, title="", state=TaskState.QUEUED, priority=1),
        TaskRow(task=5, title="", state=TaskState.WORKING, priority=5),
    ]
    assert [row.task for row in sorted(tasks, key=ORDERS["tasks"])] == [5, 4, 3, 2, 1]
    found = re.search(r"TASK_ORDER = \[(.*?)\]", (STATIC / "states.js").read_text(encoding="utf-8"))
    assert found is not None
    assert re.findall(r"\w+", found[1]) == [str(state) for state in _TASKS]
