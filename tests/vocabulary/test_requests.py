"""Requests are said in the imperative, all of them are known, and none says who is speaking."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest
from msgspec import structs

from devmesh.vocabulary import requests
from devmesh.vocabulary.record import Request
from tests.vocabulary.examples import REQUESTS

ABOUT_AGENTS = {"PauseAgent", "ResumeAgent", "DismissAgent"}
"Requests of the person whose `agent` is whom they are about."
SPEAKER = {"agent", "session", "connection", "role", "key", "token", "author", "reviewer"}
"Fields by which a message could claim to be from somebody."
OBJECTS = {"ForceRelease": {"token"}, "IssueCredential": {"role"}}
"Where such a word is what the request is about."


def test_every_request_is_in_the_union() -> None:
    """What is declared can be said."""
    declared = {name for name, value in vars(requests).items() if inspect.isclass(value) and issubclass(value, Request)}
    assert declared - {"Request"} == {kind.__name__ for kind in REQUESTS}


@pytest.mark.parametrize("kind", REQUESTS, ids=lambda kind: kind.__name__)
def test_no_request_says_who_speaks(kind: type[Request]) -> None:
    """Promise 8: identity and role come from the connection."""
    named = {field.name for field in structs.fields(kind)} & SPEAKER
    assert named <= ({"agent"} if kind.__name__ in ABOUT_AGENTS else OBJECTS.get(kind.__name__, set()))


def test_every_request_with_a_docstring_says_a_sentence() -> None:
    """It is what the schema of the wire shows to others."""
    rooms = sorted(Path(requests.__path__[0]).glob("*.py"))
    trees = [ast.parse(room.read_text(encoding="utf-8")) for room in rooms]
    texts = [ast.get_docstring(node) for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)]
    assert len(texts) == len(REQUESTS)
    assert all(text.endswith(".") for text in texts if text)


def test_memory_is_asked_for_in_one_word() -> None:
    """The unit and the two kinds of memory are the same at the join, at the post and in the heartbeat."""
    assert requests.Join(tool="a").declared == requests.Heartbeat().used
    assert requests.PostTask(prompt="x").needs is None
