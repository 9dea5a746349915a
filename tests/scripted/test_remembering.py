"""Conversations that are continued by the program itself: in their folder, by their name, from where they were."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from devmesh.scripted.remembering import Forgotten, Memory, recall
from tests.scripted.test_program import COMMAND, ENVIRONMENT, events, run

pytestmark = pytest.mark.slow


def continued(folder: Path, *options: str, prompt: str = "Go on.") -> subprocess.CompletedProcess[str]:
    """The same conversation once more."""
    command = [*COMMAND, "--session-file", str(folder.parent / "memory"), "--resume", "talk", *options]
    return subprocess.run(
        command, input=prompt, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=30, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a conversation is held; its memory lies beside."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def begin(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """A conversation by the name of talk."""
    return run(folder, script, "--session-file", str(folder.parent / "memory"), "--session", "talk")


def test_one_that_was_done_is_done_again_by_its_name_alone(folder: Path) -> None:
    """The prompt holds no script: it is remembered."""
    begin(folder, "run sh -c 'echo x >> count'")
    done = continued(folder)
    assert done.returncode == 0
    assert (folder / "count").read_text() == "x\nx\n"
    assert events(done, "session")[0]["session_id"] == "talk"
    assert events(done, "text")[0]["text"] == "Continuing with step 1 of 1."


def test_what_is_to_be_done_then_can_be_said_beforehand(folder: Path) -> None:
    """By a script of its own kind; a new script in the prompt goes before either."""
    begin(folder, "say one\n```\n```script again\nsay two")
    assert "two" in continued(folder).stdout
    assert "three" in continued(folder, prompt="```script\nsay three\n```\n").stdout


def test_one_that_was_killed_goes_on_with_the_step_it_was_at(folder: Path) -> None:
    """What it had done is not done again."""
    script = "```script\nrun sh -c 'echo x >> count'\nsay waiting\nsleep 30\n```\n"
    command = [*COMMAND, "--session-file", str(folder.parent / "memory"), "--session", "talk", script]
    process = subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if "waiting" in line:
            break
    limit = time.monotonic() + 10
    while recall(folder.parent / "memory", "talk", folder).done < 2 and time.monotonic() < limit:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    memory = folder.parent / "memory"
    memory.write_text(memory.read_text().replace("sleep 30", "sleep 0"))
    assert "Continuing with step 3 of 3." in continued(folder).stdout
    assert (folder / "count").read_text() == "x\n"


def test_a_conversation_nobody_remembers_is_a_failure(folder: Path) -> None:
    """Of another name, of another folder, or never held."""
    begin(folder, "say one")
    memory = folder.parent / "memory"
    for file, name, place in ((memory, "other", folder), (memory, "talk", folder.parent), (None, "talk", folder)):
        with pytest.raises(Forgotten, match="No conversation found"):
            recall(file, name, place)
    assert recall(memory, "talk", folder) == Memory("talk", str(folder), "say one", done=1, ended=True)
    memory.unlink()
    done = continued(folder)
    assert done.returncode == 1
    assert events(done, "result")[0]["is_error"]


def test_it_spends_says_so_and_stops_at_its_budget(folder: Path) -> None:
    """In its usage, as it grows."""
    done = run(folder, "spend 0.25\nspend 0.5\nspend 0.5", "--budget", "1")
    assert done.returncode == 1
    assert [event.get("dollars") for event in events(done, "usage")] == [0.25, 0.75, 1.25, 1.25]
    assert "budget of 1 USD" in events(done, "result")[0]["result"]


@pytest.mark.parametrize("how", [("say x", "--refuse", "429:30"), ("refused 429 30",)])
def test_it_fails_as_when_the_service_refuses(folder: Path, how: tuple[str, ...]) -> None:
    """With the status, the words, and when to come back."""
    (result,) = events(run(folder, *how), "result")
    assert (result["api_error_status"], result["is_error"]) == (429, True)
    assert "rate limit reached; try again in 30 s" in result["result"]
