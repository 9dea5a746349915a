"""The program talked with in both directions, in the manner of Claude Code: it asks before each edit and command."""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

from devmesh.scripted.stream import Stream

_EDIT, _SHELL, _QUESTION = "Edit", "Bash", "AskUserQuestion"


class Hearing:
    """Standard input, line by line, read apart from the work: an interruption is heard at once."""

    def __init__(self) -> None:
        self._answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._prompts: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def prompt(self) -> str:
        """What the other side wants; empty when it says nothing more."""
        return self._prompts.get() or ""

    def answer(self) -> dict[str, Any]:
        """The answer to what was asked last; a refusal when the other side is gone."""
        return self._answers.get() or {"behavior": "deny", "message": "nobody is there to ask"}

    def _read(self) -> None:
        for line in _lines():
            said = json.loads(line)
            if said["type"] == "user":
                self._prompts.put(str(said["message"]["content"]))
            elif said["type"] == "control_response":
                self._answers.put(said["response"].get("response") or {})
            elif said["request"]["subtype"] == "interrupt":
                os.kill(os.getpid(), signal.SIGINT)
            else:
                _write({"type": "control_response", "response": _done(said["request_id"])})
        self._answers.put(None)
        self._prompts.put(None)


class TalkingStream(Stream):
    """Says the same as its parent in the other manner, and asks."""

    hearing: Hearing

    def emit(self, kind: str, **fields: object) -> None:
        """One event, as Claude Code would say it; what it has no word for is left out."""
        if kind == "session":
            _write({"type": "system", "subtype": "init", **fields})
        elif kind == "text":
            self._speak({"type": "text", "text": fields["text"]})
        elif kind == "tool_start":
            paths = fields["paths"] or [""]
            given = {"file_path": paths[0] if isinstance(paths, list) else ""}
            self._speak({"type": "tool_use", "id": fields["id"], "name": fields["tool"], "input": given})
        elif kind == "tool_end":
            told = {"type": "tool_result", "tool_use_id": fields["id"], "content": fields["message"]}
            _write({"type": "user", "message": {"content": [told]}})
        elif kind == "result":
            _write({"type": "result", "total_cost_usd": self.dollars, **fields})

    def refusal(self, tool: str, paths: list[str], argument: str) -> str:
        """Ask for leave, for each path by itself."""
        del tool
        wishes = [(_EDIT, {"file_path": path}) for path in paths] or [(_SHELL, {"command": argument})]
        for name, given in wishes:
            answer = self._ask(name, given)
            if answer.get("behavior") != "allow":
                return str(answer.get("message") or "not permitted")
        return ""

    def ask(self, question: str, options: list[str]) -> str | None:
        """Put a question to the person."""
        asked = {"question": question, "options": [{"label": option} for option in options]}
        answer = self._ask(_QUESTION, {"questions": [asked]})
        told = (answer.get("updatedInput") or {}).get("answers", {}).get(question)
        return None if told is None else str(told)

    def _ask(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        self.calls += 1
        request = {"subtype": "can_use_tool", "tool_name": name, "input": given}
        _write({"type": "control_request", "request_id": f"ask_{self.calls}", "request": request})
        return self.hearing.answer()

    def _speak(self, part: dict[str, Any]) -> None:
        _write({"type": "assistant", "message": {"content": [part]}})


def _lines() -> Iterator[bytes]:
    """Standard input by lines, past Python's own buffer: a thread that waits in that aborts the program at its end."""
    unread = b""
    while piece := os.read(0, 65536):
        *lines, unread = (unread + piece).split(b"\n")
        yield from lines


def _done(number: object) -> dict[str, Any]:
    return {"subtype": "success", "request_id": number, "response": {}}


_writing = threading.Lock()


def _write(message: dict[str, Any]) -> None:
    with _writing:
        sys.stdout.write(json.dumps(message, ensure_ascii=False) + "\n")
        sys.stdout.flush()
