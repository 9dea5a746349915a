"""`%devmesh inbox`, `answer`, `rule`, `budget`, `costs`, `conflicts`, `compare`, `plot`, `command` in a real shell."""

from __future__ import annotations

from typing import Any

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from devmesh.errors import Refused
from devmesh.jupyter.completion import offers
from devmesh.vocabulary.facts import QuestionAsked
from devmesh.vocabulary.requests import Ask
from devmesh.vocabulary.terms import Budget
from tests.jupyter.test_magics import do
from tests.mesh.visitor import Visitor

pytestmark = pytest.mark.slow


def put(mesh: Any, visitor: Visitor, text: str, *options: str) -> int:
    """Ask it; its number, once the handle knows it."""
    number = visitor.ask(QuestionAsked, Ask(text=text, options=options)).question
    mesh._door.replica.when(lambda state: number in state.questions or None).result(5)
    return number


def test_a_question_is_answered_from_a_cell_and_by_rule(shell: InteractiveShell) -> None:
    """By its number, which Tab offers, as its options are; a rule can be looked at and dropped."""
    mesh = do(shell, "start")
    visitor = Visitor(mesh)
    number = put(mesh, visitor, "May I?", "yes", "no")
    assert do(shell, "inbox") is mesh.inbox
    assert offers("%devmesh answer ") == ([str(number), "yes", "no"], "")
    assert repr(do(shell, f"answer {number} yes")) == f"answered question {number}"
    with pytest.raises(Refused, match="answered by person"):
        do(shell, f"answer {number} no")
    with pytest.raises(UsageError, match="say what the answer is"):
        do(shell, f"answer {number}")
    assert [rule.answer for rule in do(shell, "rule '*pip install*' no --kind question")] == ["no"]
    assert mesh.inbox[put(mesh, visitor, "pip install six?")].answered == ("no", "rule 1")
    assert offers("%devmesh rule --drop ") == (["1"], "")
    assert repr(do(shell, "rule --drop 1")) == "dropped rule 1"
    assert list(do(shell, "rule")) == []
    assert list(do(shell, "inbox --df")["answer"]) == ["yes", "no"]
    visitor.leave()


def test_a_budget_is_set_and_read(shell: InteractiveShell) -> None:
    """For the mesh and for a task, in dollars and tokens as one writes them."""
    mesh = do(shell, "start")
    assert do(shell, "budget") == Budget()
    assert repr(do(shell, "budget --usd $5 --tokens 200k")) == "the mesh may spend $5.00 and 200,000 tokens"
    assert do(shell, "budget") == Budget(dollars=5.0, tokens=200_000)
    assert repr(do(shell, "budget --none")) == "the mesh may spend anything"
    task = do(shell, "task dear --budget-usd 2 --budget-tokens 1.5M --to 2")
    assert task._read("budget") == Budget(dollars=2.0, tokens=1_500_000)
    assert [copy.number for copy in task.copies] == [1, 2]
    assert list(do(shell, "compare 1")["task"]) == [1, 2]
    assert do(shell, "costs") is mesh.costs
    assert len(do(shell, "costs --df")) == 0
    for wrong in ("budget --usd much", "budget --tokens few", "task x --to none"):
        with pytest.raises(UsageError, match="is no"):
            do(shell, wrong)


def test_the_rest_is_handed_back_as_python_would(shell: InteractiveShell) -> None:
    """Conflicts, tools, a picture, and the command centre as a widget."""
    mesh = do(shell, "start")
    do(shell, "task one")
    assert do(shell, "conflicts") is mesh.conflicts
    with pytest.raises(Refused, match="there is no conflict 'change 3'"):
        do(shell, "conflicts change 3")
    assert do(shell, "audit verify").ok
    with pytest.raises(UsageError, match="invalid choice"):
        do(shell, "launch scripted --workspace elsewhere")
    assert do(shell, "tools") is mesh.tools
    assert mesh.tools["scripted"].installed
    assert "scripted" in repr(mesh.tools)
    assert type(do(shell, "plot tasks")).__name__ == "Figure"
    panel = do(shell, "command")
    assert panel.panels == ["command"]
    panel.close()
    assert "Replay" in type(do(shell, "replay")).__name__
    with pytest.raises(UsageError, match="invalid choice"):
        do(shell, "plot nonsense")
