"""What is particular to Codex's app-server protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from devmesh.bridge.tools.codex import UNKNOWN_METHOD
from devmesh.bridge.tools.tool import UsageCounted, Wants
from devmesh.vocabulary.terms import Blockage
from tests.bridge.tools.rehearsal import HELD, Rehearsal
from tests.coordinator.rig import looped


def answer(number: int, **result: Any) -> dict[str, Any]:
    """To a request of ours."""
    return {"id": number, "result": result}


def news(method: str, **params: Any) -> dict[str, Any]:
    """Of thread t1, turn u1."""
    return {"method": method, "params": {"threadId": "t1", "turnId": "u1", **params}}


def begun(tmp_path: Path, wants: Wants | None = None) -> Rehearsal:
    """A conversation whose first turn runs."""
    talk = Rehearsal("codex", tmp_path, wants=wants)
    talk.begin()
    talk.says(answer(1), answer(2, thread={"id": "t1"}), answer(3, turn={"id": "u1"}))
    return talk


def tokens(total: int, last: int) -> dict[str, Any]:
    """The thread's count."""
    return {"total": {"inputTokens": total, "outputTokens": 0}, "last": {"inputTokens": last, "outputTokens": 0}}


@looped
async def test_a_new_thread_asks_before_it_acts(tmp_path: Path) -> None:
    """In the workspace, in a sandbox, with every act to be approved; a known one is resumed the same way."""
    started = begun(tmp_path).sent[2]
    assert (started["method"], started["params"]["approvalPolicy"]) == ("thread/start", "untrusted")
    assert started["params"]["cwd"] == str(tmp_path)
    resumed = begun(tmp_path, Wants(asks=True, resume="t1")).sent[2]
    assert (resumed["method"], resumed["params"]["threadId"]) == ("thread/resume", "t1")
    assert resumed["params"]["approvalPolicy"] == "untrusted"


@looped
async def test_a_resumed_thread_costs_only_what_is_new(tmp_path: Path) -> None:
    """Its past is told again, under the number of an earlier turn."""
    talk = begun(tmp_path, Wants(asks=True, resume="t1"))
    talk.says(news("thread/tokenUsage/updated", turnId="u0", tokenUsage=tokens(100, 40)))
    talk.says(news("thread/tokenUsage/updated", tokenUsage=tokens(107, 7)))
    assert [said for said in talk.heard if isinstance(said, UsageCounted)] == [UsageCounted(7, 0)]


@looped
async def test_a_reason_that_came_too_late_for_the_turn_begins_another(tmp_path: Path) -> None:
    """The model hears of every refusal."""
    talk = begun(tmp_path)
    item = {"type": "fileChange", "id": "i1", "changes": [{"path": "locked", "kind": {"type": "add"}}]}
    talk.says(news("item/started", item=item))
    talk.says({"id": 0, **news("item/fileChange/requestApproval", itemId="i1")})
    await talk.until(lambda: talk.sent[-1].get("method") == "turn/steer")
    assert talk.sent[-2] == {"id": 0, "result": {"decision": "decline"}}
    talk.says({"id": talk.sent[-1]["id"], "error": {"code": -1, "message": "no turn"}})
    talk.says(news("turn/completed", turn={"id": "u1", "status": "completed"}))
    assert talk.sent[-1]["method"] == "turn/start"
    assert HELD in str(talk.sent[-1]["params"]["input"])
    assert not talk.closed


@looped
async def test_a_move_is_asked_for_at_both_ends(tmp_path: Path) -> None:
    """The file that goes, and the one that comes."""
    talk = begun(tmp_path)
    item = {"type": "fileChange", "id": "i1", "changes": [{"path": "a", "kind": {"type": "update", "move_path": "b"}}]}
    talk.says(news("item/started", item=item), {"id": 0, **news("item/fileChange/requestApproval", itemId="i1")})
    await talk.until(lambda: talk.wishes)
    assert talk.wishes[0].paths == ("a", "b")


@looped
async def test_a_question_to_the_person_comes_back_answered(tmp_path: Path) -> None:
    """By its number."""
    talk = begun(tmp_path)
    question = {"id": "q1", "question": "Which?", "options": [{"label": "a", "description": ""}]}
    talk.says({"id": 5, **news("item/tool/requestUserInput", questions=[question])})
    await talk.until(lambda: talk.sent[-1].get("id") == 5)
    assert talk.wishes[0].options == ("a",)
    assert set(talk.sent[-1]["result"]["answers"]) == {"q1"}


@looped
async def test_what_it_asks_besides_is_declined(tmp_path: Path) -> None:
    """As a method that is not there."""
    talk = begun(tmp_path)
    talk.says({"id": 6, **news("item/permissions/requestApproval")})
    assert talk.sent[-1]["error"]["code"] == UNKNOWN_METHOD


@looped
async def test_a_failed_turn_says_why_and_with_which_status(tmp_path: Path) -> None:
    """Wherever the status lies in what it says."""
    talk = begun(tmp_path)
    error = {"message": "no luck", "codexErrorInfo": {"responseTooManyFailedAttempts": {"httpStatusCode": 429}}}
    talk.says(news("turn/completed", turn={"id": "u1", "status": "failed", "error": error}))
    judgement = talk.dialogue.judge(0, "")
    assert (judgement.reason, judgement.blockage) == ("it says that it failed: no luck", Blockage.RATE_LIMIT)


@looped
async def test_a_request_of_ours_that_fails_ends_it(tmp_path: Path) -> None:
    """A thread that is not there, for one."""
    talk = Rehearsal("codex", tmp_path, wants=Wants(asks=True, resume="gone"))
    talk.begin()
    talk.says(answer(1), {"id": 2, "error": {"code": -32600, "message": "no rollout found"}})
    assert talk.closed
    assert "no rollout found" in talk.dialogue.judge(0, "").reason


@looped
async def test_an_interrupt_names_the_turn(tmp_path: Path) -> None:
    """And before there is one, ends the conversation."""
    talk = begun(tmp_path)
    talk.dialogue.interrupt()
    assert talk.sent[-1]["params"] == {"threadId": "t1", "turnId": "u1"}
    talk.says(news("turn/completed", turn={"id": "u1", "status": "interrupted"}))
    assert talk.closed
    early = Rehearsal("codex", tmp_path)
    early.begin()
    early.dialogue.interrupt()
    assert early.closed
