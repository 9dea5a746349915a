"""One tree of errors, and every one of them can be told to a program."""

from __future__ import annotations

import inspect
import json
import pickle

import pytest

from devmesh import errors
from devmesh.errors import (
    AlreadyRunning,
    Code,
    DevMeshError,
    IllegalTransition,
    MeshError,
    Refused,
    TaskError,
    TaskFailed,
    WaitTimeout,
)

CLASSES = [found for found in vars(errors).values() if inspect.isclass(found) and issubclass(found, DevMeshError)]
CONCRETE = [found for found in CLASSES if found not in {DevMeshError, MeshError, TaskError}]


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    """Every class stands in the module's drawing, under the class it derives from."""
    drawn: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        before, mark, after = line.partition("── ")
        depth = (len(before) // 4) + 1 if mark else 0
        if not mark and line.strip() != "DevMeshError":
            continue
        name = (after if mark else line).split()[0]
        path[depth:] = [name]
        drawn[name] = path[depth - 1] if depth else "Exception"
    assert drawn == {found.__name__: found.__bases__[0].__name__ for found in CLASSES}


@pytest.mark.parametrize("kind", CONCRETE)
def test_an_error_says_what_where_and_what_to_do(kind: type[DevMeshError]) -> None:
    """Its JSON is flat and serialisable, and its text ends with the hint."""
    error = kind("it broke", hint="mend it")
    assert error.as_json() == {
        "error": kind.__name__,
        "code": kind.code.value,
        "message": "it broke",
        "hint": "mend it",
    }
    assert json.loads(json.dumps(error.as_json()))["code"] in list(Code)
    assert str(error) == "it broke\nmend it"


@pytest.mark.parametrize("kind", CONCRETE)
def test_an_error_survives_the_way_between_processes(kind: type[DevMeshError]) -> None:
    """Pickled and back, it says the same."""
    error = kind("it broke", hint="mend it")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(again), again.as_json()) == (kind, error.as_json())


def test_a_code_is_spelt_as_its_name() -> None:
    """What a program compares is what the documentation says."""
    assert [code.value for code in Code] == [code.name for code in Code]


def test_a_refusal_carries_its_own_code_and_rule() -> None:
    """The class does not decide what was refused; the mesh did."""
    refused = Refused("somebody else waits for you", code=Code.DEADLOCK, rule=3)
    assert refused.as_json() == {
        "error": "Refused",
        "code": "DEADLOCK",
        "message": "somebody else waits for you",
        "rule": 3,
    }
    assert Refused("no").code is Refused.code


def test_an_illegal_transition_tells_its_story() -> None:
    """The text shows what happened before, oldest first."""
    assert str(IllegalTransition("no way", story=("posted", "claimed"))) == "no way\n  posted\n  claimed"


def test_waiting_too_long_is_a_timeout_for_everybody() -> None:
    """`except TimeoutError` catches it, and so does `except TaskError`."""
    assert issubclass(WaitTimeout, TimeoutError)
    assert TaskFailed("lost", task=7).as_json()["task"] == 7


def test_the_other_coordinator_is_named() -> None:
    """Who has it, and since when."""
    error = AlreadyRunning("it runs", pid=12, since=3.5)
    assert (error.pid, error.since) == (12, 3.5)
