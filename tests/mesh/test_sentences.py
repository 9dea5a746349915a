"""Every fact as one short line."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given, settings, strategies as st
from msgspec.structs import replace

from devmesh.mesh.sentences import SENTENCES, sentence
from devmesh.vocabulary.facts import AnyFact, LockGranted, TaskPosted, UsageReported
from devmesh.vocabulary.terms import LockMode
from tests.audit.samples import any_fact, any_of


@given(any_fact())
def test_any_fact_is_one_line(fact: Any) -> None:
    """Whatever it holds: no line break, and short enough for a table."""
    line = sentence(fact)
    assert "\n" not in line
    assert len(line) <= 200


@pytest.mark.parametrize("kind", SENTENCES, ids=lambda kind: kind.__name__)
@settings(max_examples=10)
@given(draws=st.data())
def test_every_row_of_the_table_reads_fields_that_exist(kind: type[Any], draws: st.DataObject) -> None:
    """A field that was renamed is found here, not by whoever opens the panel."""
    assert kind in get_args(AnyFact)
    assert isinstance(SENTENCES[kind](draws.draw(any_of(kind))), str)


def test_a_line_says_what_matters() -> None:
    """The title of a task; mode, file and token of a lock, and the wait when there was one."""
    assert sentence(TaskPosted(task=1, prompt="long\ntext", title="Short")) == "Short"
    held = LockGranted(token=7, agent="a-1", target="src/", mode=LockMode.WRITE, lease=30.0, waited=2.0)
    assert sentence(held) == "write src/, lock 7 after 2.0 s"
    spent = UsageReported(task=1, attempt=1, agent="a-1", input_tokens=12_400, output_tokens=5)
    assert sentence(spent) == "12,400 tokens in, 5 out"
    assert sentence(replace(spent, dollars=0.42)) == "12,400 tokens in, 5 out, $0.42"
    assert sentence(replace(spent, dollars=10.0)) == "12,400 tokens in, 5 out, $10"
