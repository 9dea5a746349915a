"""A program that speaks Claude Code's control protocol, without a model: for runs of a dialogue with a real process.

It asks leave for one file, writes it when that is granted, says what it was answered, and ends as its prompt tells.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any


def say(message: dict[str, Any]) -> None:
    """One line."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def hear(kind: str) -> dict[str, Any]:
    """The next message of that kind."""
    for line in sys.stdin:
        message: dict[str, Any] = json.loads(line)
        if message["type"] == kind:
            return message
        if message.get("request", {}).get("subtype") == "interrupt":
            say({"type": "result", "subtype": "error_during_execution", "is_error": True})
    sys.exit(0)


def main() -> None:
    """One turn."""
    greeting = hear("control_request")
    say({"type": "control_response", "response": {"subtype": "success", "request_id": greeting["request_id"]}})
    prompt = hear("user")["message"]["content"]
    say({"type": "system", "session_id": "s1"})
    if "wait" in prompt:
        hear("user")
    wish = {"subtype": "can_use_tool", "tool_name": "Write", "input": {"file_path": "n.txt"}}
    say({"type": "control_request", "request_id": "r1", "request": wish})
    answer = hear("control_response")["response"]["response"]
    if answer["behavior"] == "allow":
        Path("n.txt").write_text("ok\n")
    say({"type": "result", "subtype": "success", "is_error": False, "result": answer.get("message", "done")})
    sys.stdin.read()
    if "linger" in prompt:
        time.sleep(60)


if __name__ == "__main__":
    main()
