"""The inbox: what tools ask of the person, answered once: by the person, a rule, another agent, or the default."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

from devmesh.core.state import Agent, MeshState, Question
from devmesh.core.turn import Turn
from devmesh.errors import Code
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import QuestionKind

OPEN_PER_AGENT: Final = 20
"Questions one agent may have in the inbox at once."
PERSON: Final = "person"


def ask(turn: Turn, agent: Agent, request: requests.Ask) -> None:
    """Put a question into the inbox. A rule that fits answers it at once."""
    state = turn.state
    if sum(question.asked.agent == agent.name for question in open_questions(state)) >= OPEN_PER_AGENT:
        turn.refuse(Code.LIMIT, f"{agent.name} has {OPEN_PER_AGENT} questions in the inbox already")
        return
    if request.options and request.default and request.default not in request.options:
        turn.refuse(
            Code.BAD_REQUEST, f"the default is none of the options: {_listed(request.options)}", field="default"
        )
        return
    number = state.number("question")
    turn.record(
        facts.QuestionAsked(
            question=number,
            agent=agent.name,
            text=request.text,
            question_kind=request.question_kind,
            options=request.options,
            default=request.default,
            wait=request.wait if request.wait is not None else state.limits.question_wait,
            task=request.task,
            agents_may_answer=request.agents_may_answer,
        )
    )
    question = state.questions[number]
    for rule in state.answer_rules.values():
        if _fits(rule, question):
            _answered(turn, question, rule.answer, f"rule {rule.rule}")
            return


def answer(turn: Turn, by: Agent | None, request: requests.AnswerQuestion) -> None:
    """Answer it, once; as the person (None), or as an agent other than the one that asked."""
    question = turn.state.questions.get(request.question)
    if question is None:
        turn.refuse(Code.UNKNOWN, f"there is no question {request.question} in the inbox", field="question")
    elif question.answer is not None:
        told = question.answer
        turn.refuse(
            Code.WRONG_STATE, f"question {question.number} was answered by {told.answered_by}: {told.answer[:200]!r}"
        )
    elif by is not None and not _may_answer(by, question):
        turn.refuse(Code.FORBIDDEN, f"question {question.number} is for the person", rule=2, field="question")
    elif question.asked.options and request.answer not in question.asked.options:
        turn.refuse(
            Code.BAD_REQUEST, f"question {question.number} has these answers: {_listed(question.asked.options)}",
            field="answer",
        )  # fmt: skip
    else:
        _answered(turn, question, request.answer, by.name if by else PERSON)


def expire(turn: Turn, number: int) -> None:
    """Nobody answered in time: the default counts."""
    question = turn.state.questions.get(number)
    if question is not None and question.answer is None:
        _answered(turn, question, question.asked.default, "default")


def withdraw(turn: Turn, agent: str, task: int | None = None) -> None:
    """Close what nobody waits for any more: the questions of an agent that is gone, or of an attempt that ended."""
    for question in open_questions(turn.state):
        if question.asked.agent == agent and (task is None or question.asked.task == task):
            _answered(turn, question, question.asked.default, "nobody: it was asked no more")


def set_rule(turn: Turn, request: requests.SetAnswerRule) -> None:
    """Answer such questions from now on, and those that wait already."""
    rule = facts.AnswerRuleSet(
        rule=turn.state.number("rule"),
        pattern=request.pattern,
        answer=request.answer,
        question_kind=request.question_kind,
    )
    turn.record(rule)
    for question in open_questions(turn.state):
        if _fits(rule, question):
            _answered(turn, question, rule.answer, f"rule {rule.rule}")


def drop_rule(turn: Turn, request: requests.DropAnswerRule) -> None:
    """Forget a rule."""
    if request.rule not in turn.state.answer_rules:
        turn.refuse(Code.UNKNOWN, f"there is no rule {request.rule}", field="rule")
        return
    turn.record(facts.AnswerRuleDropped(rule=request.rule))


def open_questions(state: MeshState) -> list[Question]:
    """Those nobody has answered, oldest first."""
    return [question for question in state.questions.values() if question.answer is None]


def answers_for(state: MeshState, agent: str) -> tuple[facts.QuestionAnswered, ...]:
    """What that agent was answered lately: more than it can have waited for at once."""
    answers = [question.answer for question in state.questions.values() if question.asked.agent == agent]
    return tuple(answer for answer in answers if answer is not None)[-OPEN_PER_AGENT:]


def _may_answer(agent: Agent, question: Question) -> bool:
    asked = question.asked
    return asked.agents_may_answer and asked.agent != agent.name and asked.question_kind is QuestionKind.QUESTION


def _fits(rule: facts.AnswerRuleSet, question: Question) -> bool:
    asked = question.asked
    return (
        rule.question_kind in (None, asked.question_kind)
        and (not asked.options or rule.answer in asked.options)
        and fnmatchcase(asked.text, rule.pattern)
    )


def _answered(turn: Turn, question: Question, text: str, by: str) -> None:
    turn.record(
        facts.QuestionAnswered(question=question.number, agent=question.asked.agent, answer=text, answered_by=by)
    )


def _listed(options: tuple[str, ...]) -> str:
    return ", ".join(repr(option[:60]) for option in options)
