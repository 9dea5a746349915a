"""The inbox: what an agent asks is one row there until it is answered, by hand or by rule."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from devmesh.errors import Refused
from devmesh.mesh import Mesh
from devmesh.vocabulary.facts import QuestionAnswered, QuestionAsked
from devmesh.vocabulary.requests import Ask
from devmesh.vocabulary.terms import QuestionKind
from tests.mesh.visitor import Visitor

pytestmark = pytest.mark.slow


@pytest.fixture
def visitor(mesh: Mesh) -> Iterator[Visitor]:
    """An agent with questions."""
    made = Visitor(mesh)
    yield made
    made.leave()


def put(mesh: Mesh, visitor: Visitor, text: str, **fields: object) -> int:
    """Ask it; its number, once the mesh's handle knows it."""
    number = visitor.ask(QuestionAsked, Ask(text=text, **fields)).question  # type: ignore[arg-type]
    mesh._door.replica.when(lambda state: number in state.questions or None).result(5)
    return number


def test_a_question_is_in_the_inbox_until_it_is_answered_and_the_asker_is_told(mesh: Mesh, visitor: Visitor) -> None:
    """Once: a second answer is refused, and the first stays on record."""
    number = put(mesh, visitor, "Which port?", default="7700")
    assert [int(question) for question in mesh.inbox] == [number]
    question = mesh.inbox[number]
    assert (question.text, question.agent, question.default, question.is_open) == (
        "Which port?", "visitor-1", "7700", True,
    )  # fmt: skip
    assert mesh.status().questions == 1
    assert repr(question.answer("8080")) == f"answered question {number}"
    assert len(mesh.inbox) == 0
    assert question.answered == ("8080", "person")
    told = [one.fact for one in visitor.heard if isinstance(one.fact, QuestionAnswered)]
    assert [(fact.question, fact.answer) for fact in told] == [(number, "8080")]
    with pytest.raises(Refused, match="answered by person"):
        mesh.answer(number, "9090")


def test_an_answer_must_be_one_of_the_options(mesh: Mesh, visitor: Visitor) -> None:
    """Refused with what there is to choose from."""
    number = put(mesh, visitor, "May I?", options=("yes", "no"), question_kind=QuestionKind.PERMISSION)
    with pytest.raises(Refused, match="'yes', 'no'"):
        mesh.answer(number, "perhaps")
    mesh.answer(number, "no")
    assert mesh.inbox[number].answered == ("no", "person")


def test_a_rule_answers_what_matches_now_and_later_until_it_is_dropped(mesh: Mesh, visitor: Visitor) -> None:
    """In the order in which rules were set; by kind where one is named."""
    before = put(mesh, visitor, "May I run pip install six?")
    rule = mesh.inbox.rule("*pip install*", "no")
    after = put(mesh, visitor, "May I run pip install attrs?")
    assert [mesh.inbox[number].answered for number in (before, after)] == [("no", f"rule {rule}")] * 2
    assert [(each.number, each.pattern, each.answer, each.kind) for each in mesh.inbox.rules] == [
        (rule, "*pip install*", "no", None)
    ]
    mesh.inbox.drop(rule)
    assert not mesh.inbox.rules
    assert mesh.inbox[put(mesh, visitor, "May I run pip install rich?")].is_open
    only = mesh.inbox.rule("*", "yes", kind="permission")
    assert [each.kind for each in mesh.inbox.rules] == [QuestionKind.PERMISSION]
    assert len(mesh.inbox) == 1, f"rule {only} answers permissions only"


def test_the_inbox_shows_itself_as_a_table(mesh: Mesh, visitor: Visitor) -> None:
    """Text of an agent stays text; an unknown number is a KeyError."""
    assert repr(mesh.inbox) == "inbox: none"
    put(mesh, visitor, "<b>May I?</b>", options=("yes", "no"))
    shown = mesh.inbox._bundle()
    assert "<b>" not in shown["text/html"]
    assert "yes, no" in repr(mesh.inbox)
    assert list(mesh.inbox.df()["text"]) == ["<b>May I?</b>"]
    with pytest.raises(KeyError, match="no question 99"):
        mesh.inbox[99]
