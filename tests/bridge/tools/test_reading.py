"""Output of real CLIs, shortened, and what it comes to: recorded with the versions the registry names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from devmesh.bridge.tools import catalogue
from devmesh.bridge.tools.reading import LONGEST_ANSWER, LONGEST_LINE, LONGEST_REASON, OutputReader
from devmesh.bridge.tools.tool import Said, SessionNamed, TextSaid, ToolEnded, ToolStarted, UsageCounted


def reader(tool: str) -> OutputReader:
    """For one run of that tool."""
    return OutputReader(catalogue.find(tool))


def said(on: OutputReader, *events: Any) -> list[Said]:
    """What these events say, cut into pieces of a few bytes as pipes do."""
    data = b"".join(json.dumps(event).encode() + b"\n" for event in events)
    pieces = [data[start : start + 7] for start in range(0, len(data), 7)]
    return [one for piece in pieces for one in on.feed(piece)] + on.end()


def claude_says(*content: Any) -> dict[str, Any]:
    """A message of the claude dialect."""
    return {"type": "assistant", "message": {"content": list(content)}}


RESULT = {"type": "result", "subtype": "success", "is_error": False, "result": "fine"}

RUNS: dict[str, tuple[str, list[Any], list[Said], str]] = {
    "claude": (
        "claude",
        [
            {"type": "system", "subtype": "init", "session_id": "s1", "tools": ["Task"]},
            claude_says({"type": "tool_use", "name": "Write", "input": {"file_path": "/w/n.txt", "content": "ok"}}),
            {"type": "user", "message": {"content": [{"type": "tool_result", "content": "created"}]}},
            claude_says({"type": "text", "text": "done it"}),
            RESULT | {"usage": {"input_tokens": 5, "output_tokens": 6}, "total_cost_usd": 0.25},
        ],
        [SessionNamed("s1"), ToolStarted("Write", ("/w/n.txt",)), TextSaid("done it\n"), UsageCounted(5, 6, 0.25)],
        "fine",
    ),
    "codex": (
        "codex",
        [
            {"type": "thread.started", "thread_id": "t1"},
            {"type": "turn.started"},
            {"type": "item.started", "item": {"type": "file_change", "changes": [{"path": "/w/n.txt", "kind": "add"}]}},
            {"type": "item.completed", "item": {"type": "agent_message", "text": "done"}},
            {"type": "turn.completed", "usage": {"input_tokens": 5, "output_tokens": 6}},
        ],
        [SessionNamed("t1"), ToolStarted("file_change", ("/w/n.txt",)), TextSaid("done\n"), UsageCounted(5, 6)],
        "done",
    ),
    "gemini": (
        "gemini",
        [
            {"type": "init", "session_id": "g1"},
            {"type": "message", "role": "user", "content": "the prompt"},
            {"type": "message", "role": "assistant", "content": "do", "delta": True},
            {"type": "message", "role": "assistant", "content": "ne", "delta": True},
            {"type": "result", "status": "success", "stats": {"input_tokens": 5, "output_tokens": 6}},
        ],
        [SessionNamed("g1"), TextSaid("do"), TextSaid("ne"), UsageCounted(5, 6)],
        "done",
    ),
    "copilot": (
        "copilot",
        [
            {"type": "tool.execution_start", "data": {"toolName": "create", "arguments": {"path": "/w/n.txt"}}},
            {"type": "tool.execution_complete", "data": {"fileEdits": [{"path": "/w/n.txt"}], "success": True}},
            {"type": "assistant.message", "data": {"content": "done"}},
            {"type": "result", "sessionId": "c1", "exitCode": 0},
        ],
        [ToolStarted("create", ("/w/n.txt",)), ToolEnded("", ("/w/n.txt",)), TextSaid("done\n"), SessionNamed("c1")],
        "done",
    ),
    "opencode": (
        "opencode",
        [
            {"type": "tool_use", "part": {"tool": "write", "state": {"input": {"filePath": "/w/n.txt"}}}},
            {"type": "step_finish", "part": {"reason": "tool-calls", "tokens": {"input": 1, "output": 1}, "cost": 0}},
            {"type": "text", "part": {"text": "done"}},
            {"type": "step_finish", "part": {"reason": "stop", "tokens": {"input": 5, "output": 6}, "cost": 0}},
        ],
        [ToolEnded("write", ("/w/n.txt",)), UsageCounted(1, 1, 0.0), TextSaid("done\n"), UsageCounted(6, 7, 0.0)],
        "done",
    ),
    "droid": (
        "droid",
        [
            {"type": "system", "subtype": "init", "session_id": "d1"},
            {"type": "message", "role": "assistant", "text": "did"},
            {"type": "completion", "finalText": "done", "usage": {"input_tokens": 5, "output_tokens": 6}},
        ],
        [SessionNamed("d1"), TextSaid("did\n"), UsageCounted(5, 6)],
        "done",
    ),
    "continue": ("continue", [{"response": "done", "status": "success"}], [], "done"),
}


@pytest.mark.parametrize("run", RUNS)
def test_a_good_run_is_understood(run: str) -> None:
    """Session, words, edits, usage and result, in the CLI's own form, come out in ours."""
    tool, events, expected, answer = RUNS[run]
    on = reader(tool)
    heard = said(on, *events)
    assert [one for one in heard if not type(one).__name__.startswith("Result")] == expected
    judgement = on.judge(0, "")
    assert (judgement.success, judgement.answer) == (True, answer)


BAD: dict[str, tuple[str, list[Any], int, str]] = {
    "exit code 1 after a success": ("claude", [RESULT], 1, "exit code 1"),
    "the result says it failed": ("claude", [RESULT | {"subtype": "error_max_turns", "is_error": True}], 0, "failed"),
    "no result at all": ("claude", [claude_says({"type": "text", "text": "I am"})], 0, "without saying"),
    "is_error alone": ("claude", [RESULT | {"is_error": True}], 0, "failed"),
    "one where a boolean belongs": ("claude", [RESULT | {"is_error": 0}], 0, "failed"),
    "a turn that failed": ("codex", [{"type": "turn.failed", "error": {"message": "bad req"}}], 1, "bad req"),
    "a result without success": ("gemini", [{"type": "result", "status": "error"}], 0, "failed"),
    "the exit code inside the result": ("copilot", [{"type": "result", "exitCode": 1}], 0, "failed"),
    "a success that is an error message": ("qwen", [RESULT | {"result": "[API Error: 400 bad req]"}], 0, "API Error"),
    "an error event": ("opencode", [{"type": "error", "error": {"data": {"message": "bad req"}}}], 0, "bad req"),
    "a model that could not be asked": ("continue", [{"status": "error", "message": "400"}], 0, "failed"),
}


@pytest.mark.parametrize("run", BAD)
def test_a_bad_run_is_not_believed(run: str) -> None:
    """Whatever its exit code, and whatever it claims."""
    tool, events, code, reason = BAD[run]
    on = reader(tool)
    said(on, *events)
    judgement = on.judge(code, "")
    assert not judgement.success
    assert reason in judgement.reason
    assert "\n" not in judgement.reason


def test_plain_text_goes_by_the_exit_code() -> None:
    """There is nothing else, but for the signs of failure that its row names."""
    fine, refused, crashed = reader("aider"), reader("aider"), reader("sgpt")
    fine.feed(b"Applied edit to n.txt\n")
    refused.feed(b"Repo-map: disabled\n\nlitellm.BadRequestError: OpenAIException - bad req\n")
    assert fine.judge(0, "").success
    assert not refused.judge(0, "").success
    assert crashed.judge(1, "Traceback\nModuleNotFoundError: click\n").reason.endswith("ModuleNotFoundError: click")


def test_a_warning_among_the_events_is_words() -> None:
    """A line that is no event, or a broken one, is shown and decides nothing."""
    on = reader("claude")
    heard = on.feed(b'npm WARN old\n{"type": "resul\n') + said(on, RESULT)
    assert [one.text for one in heard if isinstance(one, TextSaid)] == ["npm WARN old\n", '{"type": "resul\n']
    assert on.judge(0, "").success


def test_a_flood_is_kept_within_bounds() -> None:
    """A line without an end, then much text: memory stays small, and the end of the words is kept."""
    on = reader("claude")
    for _ in range(20):
        on.feed(b"x" * 1_000_000)
    assert len(on._line) == LONGEST_LINE
    on.feed(b"\n")
    for number in range(3000):
        on.feed(b"%d" % number + b"y" * 1000 + b"\n")
    assert LONGEST_ANSWER - 1100 < len(on._all_words()) <= LONGEST_ANSWER
    assert on._all_words().endswith("y\n")
    assert sum(map(len, on._words)) < 3 * LONGEST_ANSWER


KEY = "sk-ant-api03-A1b2C3d4E5f6G7h8J9k0"


@pytest.mark.parametrize("at", [5, 14, 20, len(KEY) - 1])
def test_a_limit_that_cuts_a_secret_shows_no_part_of_it(at: int) -> None:
    """Of a line, of the words that are kept, of a result and of a reason."""
    line, words, result = reader("claude"), reader("claude"), reader("claude")
    heard = line.feed(b"x" * (LONGEST_LINE - at - 1) + b" " + KEY.encode() + b"\n")
    assert [KEY[6:14] in one.text for one in heard if isinstance(one, TextSaid)] == [False]
    words.feed(f"{KEY}\n{'y ' * ((LONGEST_ANSWER - len(KEY) + at) // 2)}".encode())
    words.end()
    assert KEY[-8:] not in words.judge(0, "").answer
    said(result, RESULT | {"result": KEY + " z" * ((LONGEST_ANSWER - len(KEY) + at) // 2)})
    assert KEY[-8:] not in result.judge(0, "").answer
    reason = reader("claude").judge(1, "w " * ((LONGEST_REASON - at) // 2) + KEY).reason
    assert KEY[6:14] not in reason


def test_what_is_no_utf_8_and_nested_without_end_is_survived() -> None:
    """Bytes are shown as replacement characters; brackets are only words."""
    on = reader("claude")
    on.feed(b"\xff\xfe{\n" + b"[" * 100_000 + b"\n")
    said(on, [1, "a", None], {"type": ["result"]}, {"type": "assistant", "message": 3}, RESULT)
    assert on.judge(0, "").success
