"""The runner of the benches, without running them: nothing here is timed."""

from __future__ import annotations

import importlib
import json

import pytest

from tests.bench import run
from tests.bench.run import GOALS, Goal, names, report, row


@pytest.mark.parametrize("name", names())
def test_every_bench_can_be_run(name: str) -> None:
    """It has a `bench`, which needs no argument."""
    module = importlib.import_module(f"tests.bench.bench_{name}")
    assert callable(module.bench)
    defaults = module.bench.__defaults__ or ()
    assert module.bench.__code__.co_argcount == len(defaults)


def test_a_figure_is_shown_beside_its_goal() -> None:
    """Reached or not, in words."""
    assert "not reached" in row("lock_vs_echo_100", 0.5)
    assert ": reached" in row("lock_vs_echo_100", 0.8)
    assert ": reached" in row("lock_flat", 1.0)
    assert row("anything_else", 1234.5).split() == ["anything_else", "1,234"]


def test_more_is_better_or_less_is() -> None:
    """A goal says which; on the line is reached."""
    assert Goal("", 2, more=True).met(2)
    assert not Goal("", 2, more=True).met(1.9)
    assert Goal("", 2, more=False).met(2)
    assert not Goal("", 2, more=False).met(2.1)


def test_what_is_written_has_the_machine_the_figures_and_the_goals() -> None:
    """As JSON."""
    written = json.loads(json.dumps(report({"core": {"x": 1.0}, "coordinator": {"lock_vs_echo_100": 0.5}})))
    assert written["figures"]["core"] == {"x": 1.0}
    assert list(written["goals"]) == ["lock_vs_echo_100"]
    assert written["goals"]["lock_vs_echo_100"]["met"] is False
    assert {"python", "cpus", "devmesh", "at"} <= written.keys()


def test_every_goal_is_measured_by_some_bench() -> None:
    """A key nobody writes would be a goal for show."""
    sources = [path.read_text(encoding="utf-8") for path in run.ROOT.glob("tests/bench/bench_*.py")]
    families = {"lock_vs_echo_100": 'f"lock_vs_echo_{clients}"'}
    for name in GOALS:
        sought = families.get(name, f'"{name.removeprefix("dash_")}"')
        assert any(sought in source for source in sources), name
