"""The table of tools: what is offered, what each takes, and how a wrong call is answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from devmesh.bridge.mcp.handlers import Handlers
from devmesh.bridge.mcp.toolbelt import BY_NAME, INSTRUCTIONS, TOOLS, AcquireLock, Offered, understood
from devmesh.errors import DevMeshError, Malformed


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_every_tool_has_a_schema_that_stands_alone(tool: Offered) -> None:
    """Some tools resolve no reference, and all want an object that takes nothing else."""
    schema = tool.schema
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert "$ref" not in str(schema)


def test_every_tool_is_done_by_somebody() -> None:
    """The table here and the table there agree."""
    assert set(BY_NAME) == set(Handlers._DOING)


def test_the_readme_names_every_tool() -> None:
    """A person reads there what agents can ask for."""
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    assert [name for name in BY_NAME if f"`{name}`" not in readme] == []


def test_what_every_model_reads_is_short() -> None:
    """It is in the context of every call that any model makes."""
    described = sum(len(tool.description) + len(str(tool.schema)) for tool in TOOLS)
    assert described + len(INSTRUCTIONS) < 7_000


def test_arguments_become_a_value() -> None:
    """With the defaults that the schema tells."""
    asked = understood("acquire_lock", {"paths": ["a"]})
    assert asked == AcquireLock(paths=("a",), mode="write", wait_seconds=0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "paths"),
        ({"paths": []}, "paths"),
        ({"paths": "a"}, "paths"),
        ({"paths": ["a"], "mode": "x"}, "mode"),
        ({"paths": ["a"], "wait_seconds": -1}, "wait_seconds"),
        ({"paths": ["a"] * 51}, "paths"),
        ({"path": "a"}, "path"),
        ("a", "object"),
    ],
)
def test_a_wrong_argument_is_named(arguments: object, said: str) -> None:
    """On one line."""
    with pytest.raises(Malformed, match=said) as wrong:
        understood("acquire_lock", arguments)
    assert "\n" not in wrong.value.message


def test_an_unknown_tool_is_answered_with_those_there_are() -> None:
    """A model then finds the right one."""
    with pytest.raises(DevMeshError, match="board"):
        understood("lock", {})
