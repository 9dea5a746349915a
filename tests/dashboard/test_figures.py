"""Figures are drawn from frames as the audit makes them, also from empty ones."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from devmesh_widgets import figures

START = pd.Timestamp("2026-01-01 12:00", tz="UTC")


def at(*seconds: float | None) -> pd.DatetimeIndex:
    """Moments so many seconds after the start; None is a moment that has not come."""
    return pd.DatetimeIndex([None if second is None else START + pd.Timedelta(seconds=second) for second in seconds])


def tasks(count: int = 3) -> pd.DataFrame:
    """One task that completed, one at work, one that waits; then more of the first kind."""
    rest = count - 3
    return pd.DataFrame(
        {
            "task": range(1, count + 1),
            "title": ["one", "<b>two</b> & more", "three", *["more"] * rest],
            "agent": pd.Categorical(["claude-1", "codex-1", None, *["claude-1"] * rest]),
            "state": pd.Categorical(["completed", "working", "queued", *["completed"] * rest]),
            "posted": at(*[0.0] * count),
            "started": at(2, 4, None, *[2] * rest),
            "ended": at(10, None, None, *[10] * rest),
        }
    )


def locks() -> pd.DataFrame:
    """One lock that ended and one that is held."""
    return pd.DataFrame(
        {
            "target": ["a.py", "b.py"],
            "agent": pd.Categorical(["claude-1", "codex-1"]),
            "mode": pd.Categorical(["write", "read"]),
            "granted": at(0, 5),
            "ended": at(3, None),
        }
    )


def hardware() -> pd.DataFrame:
    """Two measurements of a machine without a GPU, and one of an agent."""
    return pd.DataFrame(
        {
            "time": at(0, 0, 5),
            "event": pd.Categorical(["sampled"] * 3),
            "agent": pd.Categorical([None, "claude-1", None]),
            "ram_gb": [4.0, 1.0, 5.0],
            "vram_gb": [0.0, 0.0, 0.0],
            "total_ram_gb": [16.0, None, 16.0],
            "total_vram_gb": [0.0, None, 0.0],
        }
    )


def agents() -> pd.DataFrame:
    """One agent."""
    return pd.DataFrame({"agent": ["claude-1"], "completed": [3], "failed": [1], "abandoned": [0]})


def events(count: int = 2) -> pd.DataFrame:
    """Facts of one kind."""
    return pd.DataFrame({"time": at(*range(count)), "kind": ["task_posted"] * count, "agent": [None] * count})


def test_a_task_is_drawn_from_its_start_to_its_end_and_the_wait_before_it() -> None:
    """The first task waited 2 s and was worked on for 8 s."""
    drawn = {trace.name: trace for trace in figures.tasks(tasks()).data}
    assert list(drawn["waited"].x) == [2_000, 4_000, 10_000]
    assert list(drawn["completed"].x) == [8_000]


def test_what_is_still_going_is_drawn_up_to_the_last_moment_on_record() -> None:
    """The second task began at 4 s and has not ended; the record reaches to 10 s."""
    drawn = {trace.name: trace for trace in figures.tasks(tasks()).data}
    assert list(drawn["working"].x) == [6_000]
    assert list(figures.locks(locks()).data[1].x) == [0]


def test_a_record_may_reach_further_than_its_tasks_and_locks() -> None:
    """Up to that moment they go on; what nobody has begun is only waited for."""
    later = at(30)[0]
    drawn = {trace.name: trace for trace in figures.tasks(tasks(), later).data}
    assert list(drawn["working"].x) == [26_000]
    assert list(drawn["waited"].x)[2] == 30_000
    assert "queued" not in drawn
    assert list(figures.locks(locks(), later).data[1].x) == [25_000]


def test_text_of_an_agent_is_no_markup_in_a_label() -> None:
    """Plotly reads `<b>` and `&lt;` in labels: neither may come from outside."""
    labels = figures.tasks(tasks()).data[0].y
    assert labels[1] == "#2 &lt;b>two&lt;/b> &amp; more"


def test_memory_is_drawn_for_the_machine_and_only_for_what_it_has() -> None:
    """No GPU, no line for it; an agent's own measurement is not the machine's."""
    drawn = figures.hardware(hardware()).data
    assert [trace.name for trace in drawn] == ["RAM", "RAM, total"]
    assert list(drawn[0].y) == [4.0, 5.0]


def test_what_is_left_out_is_said() -> None:
    """A picture of a thousand rows shows some and tells so."""
    assert "200 of 1,000 shown" in str(figures.tasks(tasks(1_000)).layout.title.text)
    assert "of 5,000 shown" in str(figures.events(events(5_000)).layout.title.text)


@pytest.mark.parametrize("frame", [tasks, locks, hardware, agents, events], ids=lambda frame: frame.__name__)
def test_figures_fit_a_light_and_a_dark_page_and_stand_an_empty_record(frame: Callable[[], pd.DataFrame]) -> None:
    """No background of their own; no rows is no error."""
    draw = getattr(figures, frame.__name__)
    for rows in (frame(), frame().iloc[:0]):
        figure = draw(rows)
        assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
        assert figure.to_json()


def test_what_goes_on_is_drawn_up_to_a_moment_finer_than_the_record() -> None:
    """The record counts microseconds; the clock of the one who asks may be finer, and nothing is said about it."""
    until = pd.Timestamp(1_790_000_000_123_456_789, tz="UTC")
    going_on = pd.DataFrame(
        {
            "task": [1], "title": ["One"], "agent": ["a"], "state": ["working"], "posted": [START.as_unit("us")],
            "started": [START.as_unit("us")], "ended": pd.array([pd.NaT], dtype="datetime64[us, UTC]"),
        }
    )  # fmt: skip
    assert figures.tasks(going_on, until).data[1].x[0] == pytest.approx((until - START).total_seconds() * 1000)


def test_waits_and_contention_are_drawn_beside_the_locks() -> None:
    """Who waited is drawn before the grant; the path most waited for comes first, with its seconds."""
    table = locks().assign(waited=pd.to_timedelta([0.0, 2.5], unit="s"))
    drawn = {trace.name: trace for trace in figures.locks(table).data}
    assert pd.Timestamp(drawn["waited"].base[0], tz="UTC") == at(2.5)[0]
    assert list(drawn["waited"].x) == [2_500]
    assert dict(zip(drawn["waited in all"].y, drawn["waited in all"].x, strict=True)) == {"b.py": 2.5, "a.py": 0.0}
    assert figures.locks(table).layout.xaxis2.type == "linear"
    assert "waited" not in {trace.name for trace in figures.locks(locks()).data}


def test_the_share_of_work_says_how_fair_it_was() -> None:
    """1 when all worked alike; a half when one of two did everything."""
    pair = pd.concat([agents(), agents().assign(agent="codex-1")], ignore_index=True)
    assert "fairness 1.00" in figures.agents(pair.assign(worked=[5.0, 5.0])).layout.title.text
    assert (
        "fairness 0.50" in figures.agents(pair.assign(worked=pd.to_timedelta([5.0, 0.0], unit="s"))).layout.title.text
    )
    assert "fairness" not in figures.agents(pair).layout.title.text


def spending(count: int = 3) -> pd.DataFrame:
    """Reports of two agents, one of which names prices."""
    return pd.DataFrame(
        {
            "time": at(*range(count)),
            "agent": pd.Categorical(["claude-1", "codex-1", "claude-1"] * (count // 3)),
            "input_tokens": [100, 50, 100] * (count // 3),
            "output_tokens": [10, 5, 10] * (count // 3),
            "dollars": [0.5, None, 0.25] * (count // 3),
        }
    )


def test_what_was_spent_adds_up_by_agent() -> None:
    """Tokens of both kinds, and dollars where there are any."""
    drawn = [(trace.name, trace.yaxis, list(trace.y)) for trace in figures.costs(spending()).data]
    assert ("claude-1", "y", [110.0, 220.0]) in drawn
    assert ("claude-1", "y2", [0.5, 0.75]) in drawn
    unpriced = figures.costs(spending().assign(dollars=None))
    assert {trace.yaxis for trace in unpriced.data} == {"y"}
    assert len(figures.costs(spending().head(0)).data) == 0


def test_a_long_record_of_costs_is_drawn_with_fewer_points_and_ends_right() -> None:
    """And says so; what is left out still counts."""
    figure = figures.costs(spending(60_000))
    assert "of 60,000 shown" in figure.layout.title.text
    assert figure.data[0].y[-1] == 110.0 * 40_000
    assert sum(len(trace.x) for trace in figure.data) < 40_000


def test_a_hundred_thousand_locks_are_drawn_as_a_few_thousand_bars() -> None:
    """The latest of the paths that were waited for the most."""
    many = pd.concat([locks()] * 10, ignore_index=True)
    many = pd.concat([many] * 5_000, ignore_index=True).assign(waited=0.5)
    assert sum(len(trace.x) for trace in figures.locks(many).data) <= 2 * figures.SPAN_LIMIT + 2
