"""The inbox as it was."""

from __future__ import annotations

from devmesh.audit.tables.questions import QUESTION_FACTS, fold_questions
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
from tests.audit.samples import History, working


def kept(told: History) -> list[Recorded]:
    """What the frame reads."""
    return [one for one in told.recorded if isinstance(one.fact, QUESTION_FACTS)]


def test_a_question_has_its_answer_and_how_long_it_took() -> None:
    """Mesh time between the two."""
    (row,) = fold_questions(kept(working()))
    assert (row.agent, row.text, row.answer, row.answered_by, row.took) == (
        "claude-1", "Which port?", "8080", "person", 5.0,
    )  # fmt: skip


def test_an_open_question_has_none() -> None:
    """All about its answer is missing."""
    told = working()
    told.add(facts.QuestionAsked(question=2, agent="claude-1", text="And the host?"))
    row = fold_questions(kept(told))[-1]
    assert (row.answered, row.took, row.answer, row.answered_by) == (None, None, None, None)
