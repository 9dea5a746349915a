"""What is particular to Claude Code's control protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from devmesh.bridge.tools.claude import wish_of
from devmesh.bridge.tools.tool import Permission, ResultGiven, Wish
from devmesh.vocabulary.terms import Blockage
from tests.bridge.tools.rehearsal import PROMPT, Rehearsal
from tests.coordinator.rig import looped

GREETED = {"type": "control_response", "response": {"subtype": "success", "request_id": "devmesh-1"}}


def asks(number: str, name: str, **given: Any) -> dict[str, Any]:
    """It wants to use a tool."""
    request = {"subtype": "can_use_tool", "tool_name": name, "input": given}
    return {"type": "control_request", "request_id": number, "request": request}


def ends(**fields: Any) -> dict[str, Any]:
    """Its turn is over."""
    return {"type": "result", "subtype": "success", "is_error": False, **fields}


@looped
async def test_the_prompt_goes_out_after_the_handshake(tmp_path: Path) -> None:
    """And not before; a handshake that fails ends it."""
    talk = Rehearsal("claude", tmp_path)
    talk.begin()
    assert [message["type"] for message in talk.sent] == ["control_request"]
    talk.says(GREETED)
    assert talk.sent[-1]["message"]["content"] == PROMPT
    refused = Rehearsal("claude", tmp_path)
    refused.begin()
    refused.says({"type": "control_response", "response": {**GREETED["response"], "subtype": "error", "error": "no"}})  # type: ignore[dict-item]
    assert refused.closed
    assert refused.dialogue.judge(0, "").reason == "it says that it failed: no"


def test_a_wish_is_told_in_the_words_of_all_tools() -> None:
    """Files, commands and questions."""
    assert wish_of("Edit", {"file_path": "/w/a", "old_string": "x"}) == Wish("Edit", paths=("/w/a",))
    assert wish_of("NotebookEdit", {"notebook_path": "/w/n"}) == Wish("NotebookEdit", paths=("/w/n",))
    assert wish_of("Bash", {"command": "ls"}) == Wish("Bash", command="ls")
    question = {"question": "Which?", "options": [{"label": "a"}, {"label": "b"}]}
    asked = wish_of("AskUserQuestion", {"questions": [question]})
    assert (asked.question, asked.options) == ("Which?", ("a", "b"))


@looped
async def test_a_question_to_the_person_comes_back_answered(tmp_path: Path) -> None:
    """By its own text, as the tool expects it."""

    async def person(wish: Wish) -> Permission:
        return Permission(granted=True, reason="b")

    talk = Rehearsal("claude", tmp_path, gate=person)
    talk.begin()
    talk.says(GREETED, asks("r1", "AskUserQuestion", questions=[{"question": "Which?", "options": []}]))
    await talk.until(lambda: len(talk.sent) == 3)
    answer = talk.sent[-1]["response"]["response"]
    assert (answer["behavior"], answer["updatedInput"]["answers"]) == ("allow", {"Which?": "b"})


@looped
async def test_a_request_it_takes_back_is_not_answered(tmp_path: Path) -> None:
    """Whoever waited for a lock stops waiting."""
    stopped = []

    async def never(wish: Wish) -> Permission:
        import asyncio

        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stopped.append(wish)
            raise
        raise AssertionError

    talk = Rehearsal("claude", tmp_path, gate=never)
    talk.begin()
    talk.says(GREETED, asks("r1", "Bash", command="ls"))
    await talk.until(lambda: talk.wishes)
    talk.says({"type": "control_cancel_request", "request_id": "r1"})
    await talk.until(lambda: stopped)
    assert len(talk.sent) == 2


@looped
async def test_what_it_asks_besides_is_declined(tmp_path: Path) -> None:
    """A hook callback or a message to a server of ours that there is not."""
    talk = Rehearsal("claude", tmp_path)
    talk.begin()
    talk.says({"type": "control_request", "request_id": "r9", "request": {"subtype": "mcp_message"}})
    assert talk.sent[-1]["response"]["subtype"] == "error"


@looped
async def test_an_interrupt_is_asked_for_and_its_result_ends_it(tmp_path: Path) -> None:
    """Without a success."""
    talk = Rehearsal("claude", tmp_path)
    talk.begin()
    talk.says(GREETED)
    talk.dialogue.interrupt()
    assert talk.sent[-1]["request"] == {"subtype": "interrupt"}
    assert talk.closed == 0
    talk.says(ends(subtype="error_during_execution", is_error=True, errors=["aborted"]))
    assert talk.closed == 1
    assert talk.heard[-1] == ResultGiven(success=False)


@looped
async def test_a_refusal_of_the_service_is_told_by_its_status(tmp_path: Path) -> None:
    """Also where the words say nothing of it."""
    talk = Rehearsal("claude", tmp_path)
    talk.begin()
    talk.says(GREETED, ends(is_error=True, api_error_status=429, result="Not now."))
    judgement = talk.dialogue.judge(1, "")
    assert (judgement.success, judgement.blockage) == (False, Blockage.RATE_LIMIT)
