"""One row per question: who asked what, and what they were told by whom. Folded from the facts alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct

from devmesh.audit.columns import Count, Moment, Prose, Span, Word
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded


class QuestionRow(Struct):
    """`took` is mesh time; missing, like all about the answer, while there is none."""

    question: Count
    agent: Word
    task: Count
    kind: Word
    text: Prose
    default: Prose
    asked: Moment
    answered: Moment = None
    took: Span = None
    answer: Prose = None
    answered_by: Word = None
    asked_now: float = 0.0


def fold_questions(recorded: Iterable[Recorded]) -> list[QuestionRow]:
    """Every question, oldest first."""
    rows: dict[int, QuestionRow] = {}
    for one in recorded:
        fact: Any = one.fact
        if isinstance(fact, facts.QuestionAsked):
            rows[fact.question] = QuestionRow(
                question=fact.question,
                agent=fact.agent,
                task=fact.task,
                kind=fact.question_kind.value,
                text=fact.text,
                default=fact.default,
                asked=one.at,
                asked_now=one.now,
            )
        elif (row := rows.get(fact.question)) is not None:
            row.answered, row.took = one.at, one.now - row.asked_now
            row.answer, row.answered_by = fact.answer, fact.answered_by
    return list(rows.values())


QUESTION_FACTS: Final[tuple[type[Any], ...]] = (facts.QuestionAsked, facts.QuestionAnswered)
"All that a question's row is made of."
