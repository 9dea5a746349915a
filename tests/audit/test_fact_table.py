"""Many facts in one frame, cheaply."""

from __future__ import annotations

from devmesh.audit.fact_table import FactTable


def test_a_million_rows_take_no_python_object_each() -> None:
    """Words are kept once: a column of one agent costs four bytes a row."""
    table = FactTable({})
    table.add([(n, 0.0, "lock_granted", "claude-1", 1, None, "{}") for n in range(1000)])
    made = table.frame(newest_first=False)
    assert made["agent"].memory_usage(index=False) < 5000
    assert list(made["agent"].cat.categories) == ["claude-1"]


def test_chunks_make_one_frame() -> None:
    """Whatever was taken together, the rows follow each other; a word has one number in all of them."""
    table = FactTable({"target": "text", "mode": "category"})
    for n, agent in enumerate(("b", "a", "b")):
        table.add([(n, 0.0, "k", agent, None, None, f'{{"target":"x","mode":"m{n}"}}')])
    made = table.frame(newest_first=True)
    assert list(made["sequence"]) == [2, 1, 0]
    assert list(made["agent"]) == ["b", "a", "b"]
    assert list(made["mode"]) == ["m2", "m1", "m0"]
