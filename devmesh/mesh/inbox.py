"""`mesh.inbox`: what tools want to know or to be allowed; answered by hand, by rule, or by the default in time.

Reads the replica; answers through the mesh's operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from devmesh.core.questions import open_questions
from devmesh.mesh.nouns import Noun
from devmesh.mesh.waiting import Done, Several
from devmesh.vocabulary.terms import QuestionKind

if TYPE_CHECKING:
    import pandas as pd

    from devmesh.core.state import MeshState, Question as Entry
    from devmesh.mesh.operations import Operations

_SHOWN = 80
"Characters of a question in one line."


class Rule(NamedTuple):
    """Questions whose text matches `pattern` are answered at once; the first rule that fits counts."""

    number: int
    pattern: str
    answer: str
    kind: QuestionKind | None
    "None: questions and permissions alike."


class Question:
    """One question of the inbox. `question.answer("yes")` answers it, once."""

    def __init__(self, number: int, operations: Operations) -> None:
        self.number = number
        self._operations = operations

    def _entry(self) -> Entry:
        return self._operations.door.replica.read(lambda state: state.questions[self.number])

    @property
    def agent(self) -> str:
        """Who asks."""
        return self._entry().asked.agent

    @property
    def text(self) -> str:
        """What is asked: quoted text, not to be trusted."""
        return self._entry().asked.text

    @property
    def kind(self) -> QuestionKind:
        """Whether it wants to know something, or to be allowed something."""
        return self._entry().asked.question_kind

    @property
    def options(self) -> tuple[str, ...]:
        """The answers it offers; none: any text will do."""
        return self._entry().asked.options

    @property
    def default(self) -> str:
        """The answer when nobody gives one in time."""
        return self._entry().asked.default

    @property
    def task(self) -> int | None:
        """The task it is about."""
        return self._entry().asked.task

    @property
    def is_open(self) -> bool:
        """Whether it still waits for its answer."""
        return self._entry().answer is None

    @property
    def answered(self) -> tuple[str, str] | None:
        """The answer and who gave it: `person`, an agent, `rule 3` or `default`."""
        answer = self._entry().answer
        return None if answer is None else (answer.answer, answer.answered_by)

    def answer(self, answer: str) -> Done:
        """Answer it. Raises Refused when it has its answer already."""
        return self._operations.door.call(self._operations.answer(self.number, answer))

    def __int__(self) -> int:
        return self.number

    def __repr__(self) -> str:
        text = " ".join(self.text.split())
        said = "" if self.answered is None else f", answered {self.answered[0]!r} by {self.answered[1]}"
        return f"Question {self.number} of {self.agent}{said}: {text[:_SHOWN]}{'…' if len(text) > _SHOWN else ''}"


class Inbox(Noun[int, Question]):
    """The open questions, by number: `mesh.inbox[3].answer("yes")`. Those answered are in `df()`."""

    called = "inbox"
    columns = ("question", "agent", "task", "kind", "text", "options", "default", "left (s)")

    def _keys(self, state: MeshState) -> list[int]:
        return [question.number for question in open_questions(state)]

    def _held(self, key: int) -> Question:
        return Question(key, self._operations)

    def __getitem__(self, key: int) -> Question:
        """The question of that number, answered or not. Raises KeyError when it is not known any more."""
        if not self._read(lambda state: key in state.questions):
            raise KeyError(f"there is no question {key}")
        return self._held(key)

    def _row(self, state: MeshState, key: int) -> tuple[object, ...]:
        question = state.questions[key]
        asked = question.asked
        now = self._operations.door.replica.now
        left = round(max(0.0, question.asked_at + asked.wait - now), 1) if asked.wait else None
        text = " ".join(asked.text.split())[:_SHOWN]
        kind = str(asked.question_kind)
        return (key, asked.agent, asked.task, kind, text, asked.options, asked.default, left)

    def answer(self, question: Question | int, answer: str) -> Done:
        """Answer one. Raises Refused when there is none open of that number."""
        return self._operations.door.call(self._operations.answer(int(question), answer))

    # ---- answering by rule ----

    @property
    def rules(self) -> Several[Rule]:
        """The rules in force, in the order in which they are tried."""
        return Several(
            self._read(
                lambda state: [
                    Rule(rule.rule, rule.pattern, rule.answer, rule.question_kind)
                    for rule in state.answer_rules.values()
                ]
            )
        )

    def rule(self, pattern: str, answer: str, *, kind: QuestionKind | str | None = None) -> int:
        """Answer whatever matches the glob at once: `mesh.inbox.rule("*pip install*", "no")`. The rule's number."""
        return self._operations.door.call(self._operations.answer_rule(pattern, answer, kind))

    def drop(self, rule: Rule | int) -> Done:
        """Give no more answers by this rule."""
        number = rule.number if isinstance(rule, Rule) else rule
        return self._operations.door.call(self._operations.drop_rule(number))

    def df(self) -> pd.DataFrame:
        """Every question that was ever asked, and its answer, as a DataFrame."""
        return self._operations.record.frame("questions")

    def plot(self) -> Any:
        """There is no picture of questions: raises MeshError that says so."""
        return self._operations.record.figure("inbox")
