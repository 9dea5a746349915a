"""The program itself, run as any CLI is run: events on its output, and an exit code that agrees with its result."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.architecture.walls import ROOT

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-m", "devmesh.scripted"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


def run(folder: Path, script: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """One run of the program on a prompt with that script."""
    return subprocess.run(
        [*COMMAND, *options],
        input=f"Please:\n```script\n{script}\n```\n",
        cwd=folder,
        env=ENVIRONMENT | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def events(done: subprocess.CompletedProcess[str], *kinds: str) -> list[dict[str, Any]]:
    """What it said, of those kinds."""
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return [event for event in said if not kinds or event["type"] in kinds]


def test_a_script_is_performed_and_told(tmp_path: Path) -> None:
    """Session first, each tool with its paths and outcome, usage, and the result last."""
    done = run(
        tmp_path, "say Hello\nwrite src/a.txt\n| one\nappend src/a.txt\n| two\nrename src/a.txt -> b.txt\nanswer Ready"
    )
    assert done.returncode == 0
    assert (tmp_path / "b.txt").read_text() == "one\ntwo\n"
    assert [event["type"] for event in events(done)] == [
        "session",
        "text",
        *["tool_start", "tool_end"] * 3,
        "usage",
        "result",
    ]
    assert [event["paths"] for event in events(done, "tool_end")] == [
        ["src/a.txt"],
        ["src/a.txt"],
        ["src/a.txt", "b.txt"],
    ]
    result = events(done)[-1]
    assert {name: result[name] for name in ("subtype", "is_error", "result", "num_turns")} == {
        "subtype": "success",
        "is_error": False,
        "result": "Ready",
        "num_turns": 3,
    }


def test_the_prompt_comes_by_any_way(tmp_path: Path) -> None:
    """On standard input, as an argument, in a file."""
    prompt = "```script\nwrite a.txt\n| x\n```"
    (tmp_path / "prompt").write_text(prompt)
    for given in ([prompt], ["--prompt-file", "prompt"]):
        subprocess.run([*COMMAND, *given], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, check=True)
        (tmp_path / "a.txt").unlink()


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    """Every edit says `unchanged`."""
    script = "write a.txt\n| one\nrename a.txt -> b.txt\nappend c.txt\n| x\ndelete d.txt"
    run(tmp_path, script)
    again = run(tmp_path, script.removeprefix("write a.txt\n| one\n"))
    assert again.returncode == 0
    assert {event["status"] for event in events(again, "tool_end")} == {"unchanged"}


def test_alternatives_are_tried_in_order(tmp_path: Path) -> None:
    """What failed is told as an error, and the step succeeds with the first that fits."""
    (tmp_path / "a.txt").write_text("theirs\n")
    done = run(tmp_path, "replace a.txt\n| base\nwith\n| mine\nor replace a.txt\n| theirs\nwith\n| both")
    assert (tmp_path / "a.txt").read_text() == "both\n"
    assert [event["status"] for event in events(done, "tool_end")] == ["error", "ok"]
    assert done.returncode == 0


@pytest.mark.parametrize(
    "script",
    [
        "replace a.txt\n| x\nwith\n| y",
        "write ../a.txt\n| x",
        "rename a.txt -> b.txt",
        'run python -c "raise SystemExit(3)"',
        "run no-such-program",
        "fail I give up",
    ],
)
def test_what_cannot_be_done_is_an_error_result(tmp_path: Path, script: str) -> None:
    """With exit code 1, the reason in the result, and later steps left out."""
    done = run(tmp_path, script + "\nwrite later.txt\n| x")
    result = events(done)[-1]
    assert (done.returncode, result["type"], result["is_error"], result["subtype"]) == (1, "result", True, "error")
    assert result["result"]
    assert not (tmp_path / "later.txt").exists()


def test_a_prompt_without_a_script_is_refused_in_words(tmp_path: Path) -> None:
    """Exit code 2, and a pointer to the help."""
    for options, wanted in (((), "```script;"), (("--kind", "review"), "```script review;")):
        done = subprocess.run(
            [*COMMAND, *options],
            input="hello",
            cwd=tmp_path,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert wanted in done.stderr


def test_a_script_that_cannot_be_read_is_refused_in_words(tmp_path: Path) -> None:
    """Exit code 2 and the line, before anything is done."""
    done = run(tmp_path, "write a.txt\n| x\nsing")
    assert (done.returncode, done.stdout) == (2, "")
    assert "line 3: no such verb: 'sing'" in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_first_attempts_fail_when_told_so(tmp_path: Path) -> None:
    """Counted by the bridge's word, or in the state folder."""
    for attempt, code in ((1, 1), (2, 1), (3, 0)):
        assert run(tmp_path, "say x", "--fail-first", "2", DEVMESH_TASK_ATTEMPT=str(attempt)).returncode == code
    codes = [
        run(tmp_path, "say x", "--fail-first", "1", "--state", str(tmp_path / "state")).returncode for _ in range(2)
    ]
    assert codes == [1, 0]


# ---- misbehaviour ----


def test_a_lie_claims_success(tmp_path: Path) -> None:
    """And the edit is not there."""
    done = run(tmp_path, "lie All tests pass.\nwrite a.txt\n| x")
    assert (done.returncode, events(done)[-1]["result"], list(tmp_path.iterdir())) == (0, "All tests pass.", [])


def test_a_crash_has_no_result(tmp_path: Path) -> None:
    """Not even with exit code 0."""
    for code in (0, 7):
        done = run(tmp_path, f"exit {code}")
        assert (done.returncode, events(done, "result")) == (code, [])


def test_a_flood_is_as_large_as_told(tmp_path: Path) -> None:
    """On either stream."""
    assert len(run(tmp_path, "flood 2").stdout) > 2_000_000
    assert len(run(tmp_path, "flood 0.5 stderr").stderr) == 500_000


def test_it_writes_outside_when_told(tmp_path: Path) -> None:
    """For the canary of those who promise that this is seen or stopped."""
    (tmp_path / "inside").mkdir()
    assert run(tmp_path / "inside", "outside ../escaped.txt\n| x").returncode == 0
    assert (tmp_path / "escaped.txt").read_text() == "x\n"


def test_it_hangs_through_everything_but_kill(tmp_path: Path) -> None:
    """SIGTERM and SIGINT do nothing."""
    program = subprocess.Popen(
        [*COMMAND, "```script\nhang\n```"], cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert program.stdout is not None
        while "do not answer" not in program.stdout.readline():
            pass
        program.terminate()
        program.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            program.wait(0.3)
    finally:
        program.kill()
        program.wait()
        if program.stdout is not None:
            program.stdout.close()


def test_a_daemon_outlives_it_in_a_session_of_its_own(tmp_path: Path) -> None:
    """What a kill of the process group misses; it even keeps standard error open."""
    prompt = "```script\ndaemon 30\n```"
    with subprocess.Popen(
        [*COMMAND, prompt], cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        daemon = psutil.Process(next(event["pid"] for line in program.stdout if (event := json.loads(line)).get("pid")))
        try:
            program.stdout.read()
            assert program.wait() == 0
            assert daemon.is_running()
            assert os.getsid(daemon.pid) != os.getsid(0)
        finally:
            daemon.kill()
            psutil.wait_procs([daemon], timeout=5)


def test_delays_can_be_repeated(tmp_path: Path) -> None:
    """The same seed, the same pauses: within half and one and a half of what was asked."""
    started = time.monotonic()
    done = run(tmp_path, "say a\nsay b", "--delay", "0.2", "--seed", "7")
    assert 0.2 <= events(done)[-1]["duration_ms"] / 1000 <= time.monotonic() - started


def test_it_starts_fast_and_stands_alone(tmp_path: Path) -> None:
    """Its version comes without any other module of devmesh."""
    code = (
        "import sys, devmesh.scripted.__main__\n"
        "print([name for name in sys.modules if name.startswith('devmesh.') and '.scripted' not in name])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=ENVIRONMENT, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
    version = subprocess.run([*COMMAND, "--version"], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert version.stdout.startswith("devmesh-scripted 0.")
