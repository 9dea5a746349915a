"""Shared discoveries are found by their words, whatever is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from devmesh.audit import knowledge
from devmesh.audit.journal import Journal
from devmesh.vocabulary import facts
from tests.audit.samples import WALL, History


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Three discoveries."""
    opened = Journal.open(tmp_path, now_wall=WALL)
    told = History()
    for number, (title, text) in enumerate(
        (
            ("SQLite locking", "A writer waits for busy_timeout."),
            ("Timeouts", "The suite needs SQLite, and café."),
            ("Unrelated", "Nothing of the kind."),
        ),
        start=1,
    ):
        opened.append(
            told.add(facts.DiscoveryShared(discovery=number, agent="claude-1", title=title, text=text, task=4)), WALL
        )
    yield opened
    opened.close()


def test_the_best_comes_first(journal: Journal) -> None:
    """A word in the title counts more than in the text; whoever has more of the words comes first."""
    assert [one.discovery for one in knowledge.search(journal.home, "sqlite", 5)] == [1, 2]
    assert [one.discovery for one in knowledge.search(journal.home, "cafe timeouts", 5)] == [2]
    assert [one.discovery for one in knowledge.search(journal.home, "busy_timeout unrelated", 1)] in ([1], [3])
    (found,) = knowledge.search(journal.home, "locking", 5)
    assert (found.agent, found.task, found.text) == ("claude-1", 4, "A writer waits for busy_timeout.")
    assert found.score < 0


@pytest.mark.parametrize(
    "query", ['"', "AND OR NOT", "title:", "a* NEAR(b)", "^", "'; DROP TABLE facts; --", "\0", "", "()", "-x"]
)
def test_no_query_is_wrong(journal: Journal, query: str) -> None:
    """Operators are words."""
    knowledge.search(journal.home, query, 5)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(query=st.text(max_size=500), limit=st.integers(-1, 50))
def test_any_text_can_be_asked(journal: Journal, query: str, limit: int) -> None:
    """At most as many as asked for, never an error."""
    assert len(knowledge.search(journal.home, query, limit)) <= max(0, limit)
