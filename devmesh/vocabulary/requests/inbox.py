"""Questions to the person, and their answers."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from devmesh.vocabulary.record import Request
from devmesh.vocabulary.terms import (
    Line,
    Number,
    QuestionKind,
    Seconds,
)


class Ask(Request):
    """Ask the person, or with `agents_may_answer` another agent. Answered by `QuestionAsked`, later by the answer."""

    text: Annotated[str, Meta(min_length=1, max_length=20_000)]
    question_kind: QuestionKind = QuestionKind.QUESTION
    options: Annotated[tuple[Line, ...], Meta(max_length=20)] = ()
    "Empty: any text will do."
    default: Line = ""
    "The answer when nobody gives one in time."
    wait: Seconds | None = None
    "Until the default counts; None: the mesh's own limit."
    task: Number | None = None
    agents_may_answer: bool = False


class AnswerQuestion(Request):
    """Answer it, once. An agent answers only others' questions that allow it, and never a permission."""

    question: Number
    answer: Annotated[str, Meta(max_length=20_000)]


class SetAnswerRule(Request):
    """Answer by rule: a question whose text matches the glob gets this answer at once. The first that fits counts."""

    pattern: Annotated[str, Meta(min_length=1, max_length=500)]
    answer: Annotated[str, Meta(max_length=20_000)]
    question_kind: QuestionKind | None = None
    "None: of either kind."


class DropAnswerRule(Request):
    rule: Number
