"""Facts about the inbox: what tools want to know or to be allowed, and what they were told."""

from __future__ import annotations

from devmesh.vocabulary.record import Fact
from devmesh.vocabulary.terms import Line, Name, Number, QuestionKind, Remarks, Seconds


class QuestionAsked(Fact):
    """It stays in the inbox until it is answered, also across a restart of the kernel."""

    question: Number
    agent: Name
    text: Remarks
    question_kind: QuestionKind = QuestionKind.QUESTION
    options: tuple[Line, ...] = ()
    default: Line = ""
    wait: Seconds = 0.0
    "Seconds until the default counts."
    task: Number | None = None
    agents_may_answer: bool = False


class QuestionAnswered(Fact):
    question: Number
    agent: Name
    "Who asked, and is told."
    answer: Remarks = ""
    answered_by: Line = ""
    "person, an agent's name, `rule 3`, or `default`."


class AnswerRuleSet(Fact):
    rule: Number
    pattern: Line
    answer: Remarks = ""
    question_kind: QuestionKind | None = None


class AnswerRuleDropped(Fact):
    rule: Number
