"""The program talked with in both directions: it asks before it acts, and is heard while it works."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scripted.test_program import COMMAND, ENVIRONMENT

pytestmark = pytest.mark.slow


class Talk:
    """The other side of one conversation."""

    def __init__(self, folder: Path, script: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "--talk"],
            cwd=folder,
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.say({"type": "control_request", "request_id": "1", "request": {"subtype": "initialize"}})
        self.say({"type": "user", "message": {"role": "user", "content": f"```script\n{script}\n```\n"}})

    def say(self, message: dict[str, Any]) -> None:
        """One line."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def hear(self, kind: str) -> dict[str, Any]:
        """The next message of that kind."""
        return next(message for message in self._messages() if message["type"] == kind)

    def answer(self, asked: dict[str, Any], **verdict: object) -> None:
        """The answer to what was asked."""
        response = {"subtype": "success", "request_id": asked["request_id"], "response": verdict}
        self.say({"type": "control_response", "response": response})

    def end(self) -> int:
        """Hang up; its exit code."""
        self.process.communicate(timeout=30)
        return self.process.returncode

    def _messages(self) -> Iterator[dict[str, Any]]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            yield json.loads(line)


def test_it_asks_before_each_edit_and_command_and_obeys(tmp_path: Path) -> None:
    """What is refused is not done; why, it repeats."""
    talk = Talk(tmp_path, "write a.txt\n| a\nor write b.txt\n| b\nrun sh -c 'echo c > c.txt'")
    assert talk.hear("control_response")["response"]["subtype"] == "success"
    asked = talk.hear("control_request")
    assert asked["request"] == {"subtype": "can_use_tool", "tool_name": "Edit", "input": {"file_path": "a.txt"}}
    talk.answer(asked, behavior="deny", message="it is held")
    talk.answer(talk.hear("control_request"), behavior="allow")
    shell = talk.hear("control_request")
    assert (shell["request"]["tool_name"], shell["request"]["input"]["command"]) == ("Bash", "sh -c 'echo c > c.txt'")
    talk.answer(shell, behavior="deny", message="no commands")
    result = talk.hear("result")
    assert (result["is_error"], "no commands" in result["result"]) == (True, True)
    assert talk.end() == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.txt"]


def test_a_question_is_answered(tmp_path: Path) -> None:
    """In the form in which it was asked."""
    talk = Talk(tmp_path, "ask Which?\n| red\n| blue")
    asked = talk.hear("control_request")
    (question,) = asked["request"]["input"]["questions"]
    assert [option["label"] for option in question["options"]] == ["red", "blue"]
    talk.answer(asked, behavior="allow", updatedInput={"questions": [question], "answers": {"Which?": "blue"}})
    assert talk.hear("assistant")["message"]["content"][0]["text"] == "Answered: blue"
    assert talk.hear("result")["subtype"] == "success"
    assert talk.end() == 0


def test_it_is_interrupted_in_the_middle(tmp_path: Path) -> None:
    """At once, with a result that says so; and it ends when nobody is there to answer."""
    talk = Talk(tmp_path, "say waiting\nsleep 60")
    talk.hear("assistant")
    talk.say({"type": "control_request", "request_id": "2", "request": {"subtype": "interrupt"}})
    assert talk.hear("result")["result"] == "Interrupted."
    assert talk.end() == 130
    alone = Talk(tmp_path, "write a.txt\n| a")
    alone.hear("control_request")
    assert alone.end() == 1
