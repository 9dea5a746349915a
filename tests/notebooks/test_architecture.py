"""The notebook on the architecture draws what the code is: its output, held against the tables it is drawn from."""

from __future__ import annotations

import ast
import html
import re
import tomllib
from collections.abc import Mapping
from typing import Any

import nbformat
import pytest

from devmesh.core.locks import COMPATIBLE
from devmesh.core.rules import RULES
from devmesh.core.sessions import MAY_SAY
from devmesh.core.transitions import CHANGE_TRANSITIONS, TASK_TRANSITIONS
from tests.notebooks.test_notebooks import ROOT


@pytest.fixture(scope="module")
def drawn() -> list[str]:
    """What the cells show, as HTML, in order. They are plain Python, and need no kernel."""
    notebook: Any = nbformat.read(ROOT / "notebooks" / "90_architecture.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    names: dict[str, Any] = {}
    shown = [run(cell.source, names) for cell in notebook.cells if cell.cell_type == "code"]
    return [one._repr_html_() for one in shown if hasattr(one, "_repr_html_")]


def run(source: str, names: dict[str, Any]) -> Any:
    """Run a cell; the value of its last line, if that is one."""
    *lines, last = ast.parse(source).body
    value = isinstance(last, ast.Expr)
    exec(compile(ast.Module(lines if value else [*lines, last], []), "cell", "exec"), names)  # noqa: S102  # our own cells
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if isinstance(last, ast.Expr) else None  # noqa: S307  # see above


def only(drawn: list[str], mark: str) -> str:
    """The one output with these words in it."""
    (found,) = [one for one in drawn if mark in one]
    return found


def ticks(table: str) -> dict[str, dict[str, bool]]:
    """The rows of a matrix: which of its columns are ticked."""
    head, *lines = [
        re.findall(r"<t[hd][^>]*?>(.*?)</t[hd]>", line, re.DOTALL) for line in re.split(r"</tr>", table)[:-1]
    ]
    rows = [line for line in lines if line[1:] and not all("&nbsp;" in cell for cell in line[1:])]
    return {row[0]: dict(zip(head[1:], ("\N{CHECK MARK}" in cell for cell in row[1:]), strict=True)) for row in rows}


def test_the_floors_are_those_of_the_contract(drawn: list[str]) -> None:
    """One line for each floor, with its rooms in it."""
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]["layers"]
    floors = only(drawn, "class='house'").split("<div class='floor'>")[1:]
    shown = [re.findall(r"<div class='room' title='[^']+'>([\w.]+)</div>", floor) for floor in floors]
    assert shown == [[name.removeprefix("devmesh.") for name in re.findall(r"[\w.]+", layer)] for layer in layers]


@pytest.mark.parametrize(
    ("table", "mark"), [(TASK_TRANSITIONS, ">queued<"), (CHANGE_TRANSITIONS, ">preparing<")], ids=["tasks", "changes"]
)
def test_every_transition_is_an_arrow(drawn: list[str], table: Mapping[Any, Mapping[Any, Any]], mark: str) -> None:
    """No more and no less, and every state is a box."""
    picture = only(drawn, mark)
    arrows = sorted(re.findall(r"<title>(\w+: \w+)</title>", picture))
    assert arrows == sorted(f"{state}: {fact.__name__}" for state, facts in table.items() for fact in facts)
    assert all(f">{state}</text>" in picture for state in table)


def test_the_matrices_are_the_tables(drawn: list[str]) -> None:
    """Which locks go together, and who may say what."""
    assert ticks(only(drawn, ">co_write<")) == {
        str(held): {str(asked): asked in COMPATIBLE[held] for asked in COMPATIBLE} for held in COMPATIBLE
    }
    said = ticks(only(drawn, ">RequestLock<"))
    assert {name: {role for role, may in roles.items() if may} for name, roles in said.items()} == {
        request.__name__: {str(role) for role in roles} for request, roles in MAY_SAY.items()
    }


def test_every_rule_is_there(drawn: list[str]) -> None:
    """Its name, its text, and what enforces it."""
    book = html.unescape(only(drawn, "Framework Authority"))
    assert all(part in book for rule in RULES for part in (rule.name, rule.text, rule.enforced_in))
