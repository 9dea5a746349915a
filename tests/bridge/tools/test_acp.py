"""What is particular to the Agent Client Protocol."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from devmesh.bridge.tools.acp import REFUSED
from devmesh.bridge.tools.tool import Program, TextSaid, UsageCounted, Wants
from devmesh.vocabulary.terms import Blockage
from tests.bridge.tools.rehearsal import HELD, Rehearsal
from tests.coordinator.rig import looped


def answer(number: int, **result: Any) -> dict[str, Any]:
    """To a request of ours."""
    return {"jsonrpc": "2.0", "id": number, "result": result}


def asks(number: int, method: str, **params: Any) -> dict[str, Any]:
    """A request of its own."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": {"sessionId": "s1", **params}}


def update(**fields: Any) -> dict[str, Any]:
    """News of the session."""
    return {"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": "s1", "update": fields}}


def word(text: str) -> dict[str, Any]:
    """Something said."""
    return update(sessionUpdate="agent_message_chunk", content={"type": "text", "text": text})


async def prompted(talk: Rehearsal) -> Rehearsal:
    """Up to its first prompt."""
    talk.begin()
    await talk.until(lambda: len(talk.sent) == 1)
    talk.says(answer(0, protocolVersion=1, agentCapabilities={"loadSession": True}))
    await talk.until(lambda: len(talk.sent) == 2)
    talk.says(answer(1, sessionId="s1"))
    await talk.until(lambda: len(talk.sent) == 3)
    return talk


@looped
async def test_a_session_is_told_of_the_server(tmp_path: Path) -> None:
    """In the protocol's own form."""
    program = Program(("/bin/server", "-x"), {"A": "1"})
    talk = await prompted(Rehearsal("gemini", tmp_path, wants=Wants(asks=True, mcp=program)))
    (server,) = talk.sent[1]["params"]["mcpServers"]
    assert server == {
        "name": "devmesh", "command": "/bin/server", "args": ["-x"], "env": [{"name": "A", "value": "1"}]
    }  # fmt: skip
    await talk.dialogue.close()


@looped
async def test_a_session_that_is_continued_does_not_say_its_past_again(tmp_path: Path) -> None:
    """What was said while it was loaded is no news."""
    talk = Rehearsal("gemini", tmp_path, wants=Wants(asks=True, resume="s1"))
    talk.begin()
    await talk.until(lambda: talk.sent)
    talk.says(answer(0, protocolVersion=1))
    await talk.until(lambda: len(talk.sent) == 2)
    assert (talk.sent[1]["method"], talk.sent[1]["params"]["sessionId"]) == ("session/load", "s1")
    talk.says(word("long ago"), answer(1))
    await talk.until(lambda: len(talk.sent) == 3)
    talk.says(word("now"), answer(2, stopReason="end_turn"))
    await talk.until(lambda: talk.closed)
    assert [said for said in talk.heard if isinstance(said, TextSaid)] == [TextSaid("now")]
    await talk.dialogue.close()


@looped
async def test_files_outside_of_the_workspace_are_neither_read_nor_written(tmp_path: Path) -> None:
    """By us, for anybody: also not through a link."""
    workspace = tmp_path / "w"
    workspace.mkdir()
    (tmp_path / "secret").write_text("s")
    (workspace / "link").symlink_to(tmp_path)
    talk = await prompted(Rehearsal("gemini", workspace))
    paths = (str(tmp_path / "secret"), str(workspace / "link" / "secret"), "../secret")
    for number, path in enumerate(paths):
        talk.says(asks(2 * number, "fs/write_text_file", path=path, content="x"))
        talk.says(asks(2 * number + 1, "fs/read_text_file", path=path))
    await talk.until(lambda: len(talk.sent) == 3 + 6)
    assert all(message["error"]["code"] == REFUSED for message in talk.sent[3:])
    assert (tmp_path / "secret").read_text() == "s"
    assert talk.wishes == []
    await talk.dialogue.close()


@looped
async def test_a_file_that_is_not_there_reads_as_empty(tmp_path: Path) -> None:
    """Agents look before they create; and they may ask for some lines only."""
    (tmp_path / "n.txt").write_text("a\nb\nc\n")
    talk = await prompted(Rehearsal("qwen", tmp_path))
    talk.says(asks(7, "fs/read_text_file", path=str(tmp_path / "none.txt")))
    talk.says(asks(8, "fs/read_text_file", path=str(tmp_path / "n.txt"), line=2, limit=1))
    await talk.until(lambda: len(talk.sent) == 5)
    found = {message["id"]: message["result"]["content"] for message in talk.sent[3:]}
    assert found == {7: "", 8: "b\n"}
    await talk.dialogue.close()


@looped
async def test_a_write_that_nobody_permitted_is_asked_for(tmp_path: Path) -> None:
    """Each time; one that was permitted a moment ago is not asked for twice."""
    talk = await prompted(Rehearsal("gemini", tmp_path))
    talk.says(asks(1, "fs/write_text_file", path=str(tmp_path / "locked"), content="x"))
    await talk.until(lambda: len(talk.sent) == 4)
    assert talk.sent[3]["error"]["message"] == HELD
    options = [{"optionId": "ok", "kind": "allow_once"}, {"optionId": "no", "kind": "reject_once"}]
    call = {"toolCallId": "c1", "kind": "edit", "locations": [{"path": str(tmp_path / "free")}]}
    talk.says(asks(2, "session/request_permission", toolCall=call, options=options))
    await talk.until(lambda: len(talk.sent) == 5)
    talk.says(asks(3, "fs/write_text_file", path=str(tmp_path / "free"), content="x"))
    await talk.until(lambda: len(talk.sent) == 6)
    talk.says(asks(4, "fs/write_text_file", path=str(tmp_path / "free"), content="y"))
    await talk.until(lambda: len(talk.sent) == 7)
    assert len(talk.wishes) == 3
    await talk.dialogue.close()


@looped
async def test_a_refusal_without_an_option_for_it_cancels(tmp_path: Path) -> None:
    """Rather than to permit."""
    talk = await prompted(Rehearsal("gemini", tmp_path))
    call = {"toolCallId": "c1", "kind": "edit", "locations": [{"path": "locked"}]}
    options = [{"optionId": "ok", "kind": "allow_once"}]
    talk.says(asks(1, "session/request_permission", toolCall=call, options=options))
    await talk.until(lambda: len(talk.sent) == 4)
    assert talk.sent[3]["result"] == {"outcome": {"outcome": "cancelled"}}
    await talk.dialogue.close()


@looped
async def test_a_refused_turn_is_followed_by_the_reason(tmp_path: Path) -> None:
    """As the next prompt: the protocol has no other room for it."""
    talk = await prompted(Rehearsal("copilot", tmp_path))
    talk.says(asks(1, "fs/write_text_file", path=str(tmp_path / "locked"), content="x"))
    await talk.until(lambda: len(talk.sent) == 4)
    talk.says(answer(2, stopReason="end_turn"))
    await talk.until(lambda: len(talk.sent) == 5)
    assert talk.sent[4]["method"] == "session/prompt"
    assert HELD in talk.sent[4]["params"]["prompt"][0]["text"]
    talk.says(answer(3, stopReason="end_turn"))
    await talk.until(lambda: talk.closed)
    assert talk.dialogue.judge(0, "").success
    await talk.dialogue.close()


@pytest.mark.parametrize("stop", ["cancelled", "refusal", "max_tokens", "max_turn_requests"])
@looped
async def test_a_turn_that_ends_otherwise_is_no_success(tmp_path: Path, stop: str) -> None:
    """However the process ends."""
    talk = await prompted(Rehearsal("gemini", tmp_path))
    talk.says(answer(2, stopReason=stop))
    await talk.until(lambda: talk.closed)
    assert talk.dialogue.judge(0, "").reason == f"it says that it failed: its turn ended by {stop}"
    await talk.dialogue.close()


@looped
async def test_an_error_tells_of_the_service(tmp_path: Path) -> None:
    """With what lies in its margin."""
    talk = await prompted(Rehearsal("qwen", tmp_path))
    error = {"code": -32603, "message": "Internal error", "data": {"details": "429 Too many requests, retry after 3s"}}
    talk.says({"jsonrpc": "2.0", "id": 2, "error": error})
    await talk.until(lambda: talk.closed)
    judgement = talk.dialogue.judge(0, "")
    assert (judgement.success, judgement.blockage, judgement.retry_in) == (False, Blockage.RATE_LIMIT, 3.0)
    await talk.dialogue.close()


@looped
async def test_an_interrupt_cancels_the_session(tmp_path: Path) -> None:
    """And before there is one, ends the conversation."""
    talk = await prompted(Rehearsal("gemini", tmp_path))
    talk.dialogue.interrupt()
    assert talk.sent[-1] == {"jsonrpc": "2.0", "method": "session/cancel", "params": {"sessionId": "s1"}}
    talk.says(answer(2, stopReason="cancelled"))
    await talk.until(lambda: talk.closed)
    await talk.dialogue.close()
    early = Rehearsal("gemini", tmp_path)
    early.begin()
    await early.until(lambda: early.sent)
    early.dialogue.interrupt()
    await early.until(lambda: early.closed)
    await early.dialogue.close()


@looped
async def test_usage_is_understood_in_each_agents_form(tmp_path: Path) -> None:
    """With the turn's result, in its margin, or step by step."""
    forms: list[tuple[list[dict[str, Any]], dict[str, Any]]] = [
        ([], {"usage": {"inputTokens": 7, "outputTokens": 3}}),
        ([], {"_meta": {"quota": {"token_count": {"input_tokens": 7, "output_tokens": 3}}}}),
        ([update(sessionUpdate="agent_message_chunk", content={"type": "text", "text": ""},
                 _meta={"usage": {"inputTokens": 7, "outputTokens": 3}})], {}),
    ]  # fmt: skip
    for before, result in forms:
        talk = await prompted(Rehearsal("gemini", tmp_path))
        talk.says(*before, answer(2, stopReason="end_turn", **result))
        await talk.until(partial(getattr, talk, "closed"))
        assert [said for said in talk.heard if isinstance(said, UsageCounted)] == [UsageCounted(7, 3)]
        await talk.dialogue.close()


@looped
async def test_an_unknown_method_is_declined(tmp_path: Path) -> None:
    """A terminal, for one, was never offered."""
    talk = await prompted(Rehearsal("gemini", tmp_path))
    talk.says(asks(4, "terminal/create", command="ls"))
    await talk.until(lambda: len(talk.sent) == 4)
    assert talk.sent[3]["error"]["code"] == -32601
    await talk.dialogue.close()
