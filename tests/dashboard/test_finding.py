"""What a panel looks up or sends as a form is strict on its way in, and bounded and harmless on its way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from devmesh.vocabulary.requests import AnswerQuestion, PostTask, SetBudget
from devmesh.vocabulary.terms import Budget
from devmesh_widgets.deeds import DEEDS, Launch, filled
from devmesh_widgets.finding import SIZE_LIMIT, answer, harmless
from devmesh_widgets.messages import Do, Look, understood
from tests.dashboard.payloads import PAYLOADS
from tests.dashboard.rows import Still, view


class Telling(Still):
    """Tells what it is given, to whatever is asked."""

    def __init__(self, found: object) -> None:
        super().__init__(view())
        self.found = found

    def look(self, _look: Look, told: Callable[[object], None], /) -> None:
        """Tell it."""
        told(self.found)

    def do(self, request: object, told: Callable[[object], None], /) -> None:
        """Tell the request itself."""
        told(repr(request))


def said_to(source: object, said: Look | Do) -> dict[str, Any]:
    """The one answer."""
    answers: list[dict[str, Any]] = []
    answer(source, said, answers.append)
    (only,) = answers
    return only


def test_a_form_is_the_request_it_fills_in() -> None:
    """Field by field, as strict as the wire."""
    assert filled(Do(id=1, deed="post", fields={"prompt": "x", "files": ["a"], "copies": 2})) == PostTask(
        prompt="x", files=("a",), copies=2
    )
    assert filled(Do(id=1, deed="answer", fields={"question": 3, "answer": "yes"})) == AnswerQuestion(
        question=3, answer="yes"
    )
    assert filled(Do(id=1, deed="budget", fields={"budget": {"dollars": 5}})) == SetBudget(budget=Budget(dollars=5.0))
    assert filled(Do(id=1, deed="launch", fields={"tool": "claude", "count": 2})) == Launch(tool="claude", count=2)


@pytest.mark.parametrize(
    ("deed", "fields", "says"),
    [
        ("nonsense", {}, "there is no form 'nonsense'"),
        ("post", {"prompt": ""}, "prompt: Expected"),
        ("post", {"prompt": "x", "priority": 9}, "priority: Expected"),
        ("post", {"prompt": "x", "agent": "me"}, "unknown field `agent`"),
        ("launch", {"tool": "../sh"}, "tool: Expected"),
        ("launch", {"tool": "claude", "count": 1000}, "count: Expected"),
        ("launch", {"tool": "claude", "options": ["--yes"]}, "unknown field `options`"),
        ("judge", {"change": 1, "verdict": "land it"}, "verdict: Invalid"),
    ],
)
def test_a_form_that_does_not_fit_is_refused_by_its_field(deed: str, fields: dict[str, Any], says: str) -> None:
    """One line for the person, nothing done; and no form says who is speaking or gives a program an argument."""
    refused = said_to(Telling("done"), Do(id=7, deed=deed, fields=fields))
    assert refused["id"] == 7
    assert says in refused["refused"]


def test_every_form_is_one_the_person_may_send() -> None:
    """Nothing of an agent's is among them."""
    assert {kind.__name__ for kind in DEEDS.values()}.isdisjoint({"Join", "Bid", "Finish", "OfferChange", "Heartbeat"})


def test_a_page_may_say_nothing_beyond_the_messages_there_are() -> None:
    """An unknown field, kind or a number below one is no message."""
    for content in (
        {"kind": "look", "id": 0, "what": "task"},
        {"kind": "look", "id": 1, "what": "task", "path": "/etc/passwd"},
        {"kind": "do", "id": 1, "deed": "x" * 41},
        {"kind": "eval", "id": 1},
    ):
        with pytest.raises(msgspec.ValidationError):
            understood(content)


def test_what_is_found_is_harmless_and_bounded() -> None:
    """No control, no direction mark; long texts and lists are cut, and it is said that they were."""
    found = harmless({"text": "\n".join(PAYLOADS), "list": list(range(10_000)), "deep": [{"x": "y" * 900_000}]})
    assert not set("\x1b\x07\u202e\u2066\u0000") & set(found["text"])
    assert len(found["list"]) == 500
    assert found["deep"][0]["x"].endswith("characters more")
    many = harmless([{"text": "long " * 4_000} for _ in range(400)])
    assert len(msgspec.json.encode(many)) <= SIZE_LIMIT


def test_an_error_is_one_line() -> None:
    """Whatever it was, and whoever could not be asked."""
    assert said_to(Telling(LookupError("gone\nfor good")), Look(id=3, what="task")) == {
        "kind": "found", "id": 3, "refused": "gone",
    }  # fmt: skip
    assert said_to(Telling(KeyError()), Look(id=3, what="task"))["refused"] == "KeyError"
    assert said_to(Still(view()), Look(id=4, what="task"))["refused"] == "only a mesh that runs can be asked this"
