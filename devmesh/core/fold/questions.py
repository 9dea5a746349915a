"""Facts about the inbox, applied."""

from __future__ import annotations

from typing import Final

from devmesh.core.fold import Folds
from devmesh.core.state import MeshState, Question
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded

KEPT = 200
"Answered questions that stay in the state; older ones are in the audit."


def question_asked(state: MeshState, recorded: Recorded, fact: facts.QuestionAsked) -> None:
    state.counted["question"] = fact.question
    state.questions[fact.question] = Question(asked=fact, asked_at=recorded.now)
    state.alarms.set("question", fact.question, recorded.now + fact.wait)


def question_answered(state: MeshState, _: Recorded, fact: facts.QuestionAnswered) -> None:
    state.questions[fact.question].answer = fact
    state.alarms.clear("question", fact.question)
    answered = [number for number, question in state.questions.items() if question.answer is not None]
    for number in answered[:-KEPT]:
        del state.questions[number]


def answer_rule_set(state: MeshState, _: Recorded, fact: facts.AnswerRuleSet) -> None:
    state.counted["rule"] = fact.rule
    state.answer_rules[fact.rule] = fact


def answer_rule_dropped(state: MeshState, _: Recorded, fact: facts.AnswerRuleDropped) -> None:
    state.answer_rules.pop(fact.rule, None)


FOLD: Final[Folds] = {
    facts.QuestionAsked: question_asked,
    facts.QuestionAnswered: question_answered,
    facts.AnswerRuleSet: answer_rule_set,
    facts.AnswerRuleDropped: answer_rule_dropped,
}
