"""The log goes where it was sent, shows no secret, and steers no terminal."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devmesh import logs
from devmesh.settings import Settings
from devmesh.vocabulary import known


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    logs.close()


def lines(path: Path) -> list[dict[str, object]]:
    """The log file, decoded."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_before_it_is_configured_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Importing and logging print nothing."""
    logs.logger("coordinator").error("boom")
    assert capsys.readouterr() == ("", "")


def test_a_file_gets_one_json_object_a_line(tmp_path: Path) -> None:
    """With level, room, time in UTC, and the fields as they were given; readable by its owner only."""
    path = tmp_path / "deep" / "devmesh.log"
    assert logs.configure(Settings.load(log_file=path)) == path
    logs.logger("bridge").bind(agent="claude-1").warning("late", seconds=3)
    (line,) = lines(path)
    assert {name: line[name] for name in ("event", "level", "logger", "agent", "seconds")} == {
        "event": "late",
        "level": "warning",
        "logger": "devmesh.bridge",
        "agent": "claude-1",
        "seconds": 3,
    }
    assert str(line["timestamp"]).endswith("Z")
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_level_is_a_threshold(tmp_path: Path) -> None:
    """Below it nothing is written."""
    logs.configure(Settings.load(log_file=tmp_path / "log", log_level="ERROR"))
    logs.logger("core").warning("no")
    logs.logger("core").error("yes")
    assert [line["event"] for line in lines(tmp_path / "log")] == ["yes"]


def test_secrets_are_hidden_wherever_they_stand(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """In the message, in a field, deep inside one, in a traceback; known values whatever their form."""
    logs.configure(Settings.load(log_file=tmp_path / "log"))
    request.addfinalizer(known.forget)
    known.hide("hunter22", "no")
    log = logs.logger("listener")
    log.info("it is hunter22", password="swordfish9", deep=[{"header": "Bearer abcdefghijkl"}])
    try:
        int("hunter22")
    except ValueError:
        log.exception("failed")
    text = (tmp_path / "log").read_text()
    assert not [secret for secret in ("hunter22", "swordfish9", "abcdefghijkl") if secret in text]
    assert lines(tmp_path / "log")[0]["event"] == "it is [redacted]"


def test_agent_text_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its escapes are gone before anything is written."""
    logs.configure(Settings.load(log_file=tmp_path / "log"))
    logs.logger("bridge").info("\x1b]0;owned\x07said", text="\x1b[2Jcleared")
    shown = capsys.readouterr().err
    assert "\x1b" not in shown
    assert "said" in shown
    assert lines(tmp_path / "log")[0]["text"] == "cleared"


def test_loggers_of_libraries_can_be_sent_along(tmp_path: Path) -> None:
    """One that is named under `devmesh` comes out in the same form."""
    logs.configure(Settings.load(log_file=tmp_path / "log"))
    logging.getLogger("devmesh.websockets").warning("closed by %s", "peer")
    assert lines(tmp_path / "log")[0]["event"] == "closed by peer"


def test_configuring_twice_does_not_double_the_lines(tmp_path: Path) -> None:
    """A restarted mesh logs each thing once."""
    for _ in range(2):
        logs.configure(Settings.load(log_file=tmp_path / "log"))
    logs.logger("core").info("once")
    assert len(lines(tmp_path / "log")) == 1


@pytest.mark.slow
def test_in_a_notebook_nothing_is_printed(tmp_path: Path) -> None:
    """In a real kernel's shell the log goes to the mesh's folder, and standard output and error stay empty."""
    cell = f"""
from pathlib import Path
from ipykernel.ipkernel import IPythonKernel
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.kernel = IPythonKernel
from devmesh import logs
from devmesh.settings import Settings
assert logs.in_kernel()
logs.configure(Settings.load(), home=Path({str(tmp_path)!r}))
logs.logger("coordinator").warning("hello")
"""
    done = subprocess.run([sys.executable, "-c", cell], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    assert lines(tmp_path / logs.FILE_NAME)[0]["event"] == "hello"
