"""A question is answered once: by the person, a rule, another agent where it may, or the default when nobody does."""

from __future__ import annotations

from typing import Any

import pytest

from devmesh.core import events
from devmesh.core.questions import OPEN_PER_AGENT
from devmesh.core.snapshot import freeze, thaw
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import Limits, QuestionKind, Role
from tests.core.rig import Rig, only


def asking(**wishes: Any) -> tuple[Rig, facts.QuestionAsked]:
    """Two agents, and a question of the first."""
    rig = Rig(Limits(lease=1e6))
    rig.join("a", "b")
    return rig, only(rig.say("a-1", requests.Ask(text="May I run pip install x?", **wishes)), facts.QuestionAsked)


def answer(rig: Rig, who: str, text: str, question: int = 1) -> list[Any]:
    """Say it."""
    return rig.say(who, requests.AnswerQuestion(question=question, answer=text))


def test_the_person_answers_and_the_one_who_asked_is_told() -> None:
    """Once: a second answer is refused, and says what the first was."""
    rig, _ = asking()
    said = only(answer(rig, rig.person(), "yes"), facts.QuestionAnswered)
    assert (said.answer, said.answered_by, said.agent) == ("yes", "person", "a-1")
    assert said in rig.told[rig.connections["a-1"]]
    refused = only(answer(rig, rig.person(), "no"), facts.RequestRefused)
    assert refused.code == "WRONG_STATE"
    assert "'yes'" in refused.message


def test_the_default_counts_when_nobody_answers_in_time() -> None:
    """Its own time, or the mesh's."""
    rig, _ = asking(default="no", wait=10.0)
    assert not any(isinstance(fact, facts.QuestionAnswered) for fact in rig.pass_time(9))
    said = only(rig.pass_time(2), facts.QuestionAnswered)
    assert (said.answer, said.answered_by) == ("no", "default")
    rig, asked = asking()
    assert asked.wait == rig.limits.question_wait


def test_a_rule_answers_at_once_and_also_what_waits_already() -> None:
    """The first rule that fits, named in the answer."""
    rig, _ = asking()
    said = rig.say(rig.person(), requests.SetAnswerRule(pattern="*pip install*", answer="no"))
    assert only(said, facts.QuestionAnswered).answered_by == "rule 1"
    again = rig.say("a-1", requests.Ask(text="Really, pip install y?"))
    assert only(again, facts.QuestionAnswered).answer == "no"
    rig.say(rig.person(), requests.DropAnswerRule(rule=1))
    assert not any(
        isinstance(fact, facts.QuestionAnswered) for fact in rig.say("a-1", requests.Ask(text="pip install z?"))
    )


@pytest.mark.parametrize(
    ("wishes", "rule"),
    [
        ({"question_kind": QuestionKind.PERMISSION}, {"question_kind": QuestionKind.QUESTION, "answer": "yes"}),
        ({"options": ("allow", "deny")}, {"answer": "yes"}),
        ({}, {"pattern": "*npm*", "answer": "yes"}),
    ],
    ids=["another kind", "no option", "another text"],
)
def test_a_rule_answers_only_what_it_fits(wishes: dict[str, Any], rule: dict[str, Any]) -> None:
    """Kind, options and text."""
    rig, _ = asking(**wishes)
    said = rig.say(rig.person(), requests.SetAnswerRule(**{"pattern": "*", **rule}))
    assert not any(isinstance(fact, facts.QuestionAnswered) for fact in said)


@pytest.mark.parametrize(
    ("who", "wishes", "taken"),
    [
        ("b-1", {"agents_may_answer": True}, True),
        ("b-1", {}, False),
        ("a-1", {"agents_may_answer": True}, False),
        ("b-1", {"agents_may_answer": True, "question_kind": QuestionKind.PERMISSION}, False),
    ],
    ids=["another agent", "not asked", "oneself", "a permission"],
)
def test_an_agent_answers_only_others_open_questions(who: str, wishes: dict[str, Any], taken: bool) -> None:  # noqa: FBT001
    """Never its own, never a permission: what a tool may do is for the person to say."""
    rig, _ = asking(**wishes)
    said = answer(rig, who, "80")
    if taken:
        assert only(said, facts.QuestionAnswered).answered_by == who
    else:
        assert only(said, facts.RequestRefused).code == "FORBIDDEN"


def test_an_observer_answers_nothing() -> None:
    """It changes nothing at all."""
    rig, _ = asking()
    rig.connect("eye", Role.OBSERVER)
    assert only(answer(rig, "eye", "yes"), facts.RequestRefused).code == "FORBIDDEN"


def test_only_the_options_are_answers() -> None:
    """The refusal lists them; so does that of a default which is none."""
    rig, _ = asking(options=("allow", "deny"), default="deny")
    assert "'allow', 'deny'" in only(answer(rig, rig.person(), "perhaps"), facts.RequestRefused).message
    said = rig.say("a-1", requests.Ask(text="?", options=("x",), default="y"))
    assert only(said, facts.RequestRefused).field == "default"


def test_a_question_outlives_the_coordinator() -> None:
    """It waits in the inbox of the next one, and its time goes on there."""
    rig, _ = asking(default="no", wait=100.0)
    rig.pass_time(40)
    rig.state = thaw(freeze(rig.state))
    rig.feed(events.Started(project="rig", version="test", limits=rig.limits))
    assert only(rig.pass_time(70), facts.QuestionAnswered).answered_by == "default"


def test_questions_nobody_waits_for_are_closed() -> None:
    """Of an agent that is gone, and of an attempt that has ended."""
    rig = Rig()
    rig.join("a", "b")
    award = rig.begin(rig.post(), "a-1")
    rig.say("a-1", requests.Ask(text="?", task=award.task))
    rig.say("b-1", requests.Ask(text="?"))
    said = only(rig.say(rig.person(), requests.CancelTask(task=award.task)), facts.QuestionAnswered)
    assert (said.question, said.answered_by) == (1, "nobody: it was asked no more")
    assert only(rig.say("b-1", requests.Leave()), facts.QuestionAnswered).question == 2


def test_one_agent_cannot_fill_the_inbox() -> None:
    """Answering one makes room."""
    rig, _ = asking()
    for _ in range(OPEN_PER_AGENT - 1):
        only(rig.say("a-1", requests.Ask(text="?")), facts.QuestionAsked)
    assert only(rig.say("a-1", requests.Ask(text="?")), facts.RequestRefused).code == "LIMIT"
    answer(rig, rig.person(), "yes")
    assert only(rig.say("a-1", requests.Ask(text="?")), facts.QuestionAsked).agent == "a-1"


def test_what_is_not_there_is_named() -> None:
    """An unknown question, an unknown rule."""
    rig, _ = asking()
    assert only(answer(rig, rig.person(), "yes", 9), facts.RequestRefused).field == "question"
    assert only(rig.say(rig.person(), requests.DropAnswerRule(rule=9)), facts.RequestRefused).field == "rule"
