"""The command against a real mesh: serve, join, post, status, audit, stop."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from devmesh.terminal import exits

pytestmark = pytest.mark.slow

Run = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[str]]

SCRIPT = "Do this.\n```script\nappend notes.md\n| - from the terminal\nanswer Noted.\n```\n"


def test_without_a_mesh_every_question_is_exit_code_3(devmesh: Run) -> None:
    """And says how to start one."""
    for words in (["status"], ["post", "x"], ["stop"]):
        done = devmesh(*words)
        assert done.returncode == exits.NO_MESH, words
        assert "devmesh serve" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_job_from_the_terminal_alone(devmesh: Run, background: Start, project: Path) -> None:
    """Serve, join, post and wait, look, read the record, stop: each with JSON for a program."""
    served = background("serve", "--json")
    assert served.stdout is not None
    ready = json.loads(served.stdout.readline())
    assert ready["project"] == str(project)
    assert "token" not in json.dumps(ready)

    agent = background("join", "scripted")
    posted = devmesh("post", "-", "--wait", "--json", given=SCRIPT)
    assert posted.returncode == 0, posted.stderr
    assert json.loads(posted.stdout)["files"] == ["notes.md"]
    assert "from the terminal" in (project / "notes.md").read_text()

    status = json.loads(devmesh("status", "--json").stdout)
    assert status["agents"] == {"idle": 1}
    assert status["tasks"] == {"completed": 1}
    shown = devmesh("status").stdout
    assert "scripted-1" in shown
    assert "\x1b" not in shown

    facts = [json.loads(line) for line in devmesh("audit", "task_*", "--json").stdout.splitlines()]
    assert [fact["kind"] for fact in facts][-1] == "task_completed"
    assert "task_posted" in devmesh("audit").stdout
    assert devmesh("audit", "--verify").returncode == 0

    again = devmesh("serve")
    assert again.returncode == exits.BUSY
    assert f"process {ready['pid']} already coordinates {project}" in again.stderr
    assert "devmesh stop" in again.stderr

    assert devmesh("stop").returncode == 0
    assert served.wait(5) == 0
    agent.send_signal(signal.SIGINT)
    said, _ = agent.communicate(timeout=5)
    assert agent.returncode == 0
    assert said.splitlines() == [
        f"joined as scripted-1: {project}",
        "task 1, attempt 1: Do this.",
        "task 1, attempt 1: done",
        "the mesh does not answer; waiting for it",
        "told to end by Ctrl-C",
    ]
    assert devmesh("audit", "task_*", "--json").returncode == 0


def test_a_task_for_nobody_says_so(devmesh: Run, background: Start) -> None:
    """Whoever posts it learns why it waits, and so does whoever asks how things stand."""
    served = background("serve", "--json")
    assert served.stdout is not None
    served.stdout.readline()
    assert devmesh("post", "x").stdout == "task 1: no agent is here; devmesh join TOOL\n"
    assert "queued: no agent is here" in devmesh("status").stdout


def test_a_port_that_is_asked_for_is_the_one_or_none(devmesh: Run) -> None:
    """Exit code 6, and who has it; nothing else is taken instead."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = devmesh("serve", "--port", str(port))
    assert done.returncode == exits.BUSY
    assert f"port {port} on 127.0.0.1 is in use by" in done.stderr
    assert devmesh("serve", "--port", "99999").returncode == exits.USAGE
    assert devmesh("serve", "--project", "nowhere").returncode == exits.USAGE


def test_ctrl_c_ends_serving_cleanly(background: Start) -> None:
    """SIGINT: goodbye is said and the exit code is 0."""
    served = background("serve")
    assert served.stdout is not None
    assert "Ctrl-C stops" in served.stdout.readline()
    served.send_signal(signal.SIGINT)
    _, said = served.communicate(timeout=10)
    assert served.returncode == 0
    assert "Traceback" not in said


def test_ctrl_c_stops_waiting_and_not_the_task(devmesh: Run, background: Start) -> None:
    """130, and the task is still there."""
    served = background("serve", "--json")
    assert served.stdout is not None
    served.stdout.readline()
    waiting = background("post", "nobody is here", "--wait")
    until_posted(devmesh)
    waiting.send_signal(signal.SIGINT)
    _, said = waiting.communicate(timeout=10)
    assert waiting.returncode == exits.INTERRUPTED
    assert "Traceback" not in said
    assert json.loads(devmesh("status", "--json").stdout)["tasks"] == {"queued": 1}


def test_a_tool_that_is_not_here_cannot_join(devmesh: Run) -> None:
    """Exit code 5, with how to get it."""
    done = devmesh("join", "nosuchtool")
    assert done.returncode == exits.NO_TOOL
    assert "nosuchtool" in done.stderr


def test_stop_does_not_end_a_process_that_is_no_server(
    devmesh: Run, environment: dict[str, str], project: Path
) -> None:
    """A mesh in a notebook is stopped there: its kernel is not killed from a terminal."""
    import devmesh as package

    with package.start(project, ws_port=0, home=environment["DEVMESH_HOME"]) as mesh:
        done = devmesh("stop")
        assert done.returncode == exits.FAILED
        assert "%devmesh stop" in done.stderr
        assert mesh.is_running
        assert psutil.Process().is_running()


def until_posted(devmesh: Run) -> None:
    """Until the mesh knows a task."""
    end = time.monotonic() + 15
    while time.monotonic() < end:
        if json.loads(devmesh("status", "--json").stdout)["tasks"]:
            return
    raise AssertionError("no task was posted")
