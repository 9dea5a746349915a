"""From the surroundings to a server: whose it is, and for which task."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from devmesh.bridge import mcp
from devmesh.bridge.desk import SOCKET
from devmesh.bridge.mcp import starting
from devmesh.bridge.mcp.starting import main
from devmesh.bridge.tools.catalogue import packages


def test_a_program_is_told_of_its_desk_and_its_task(tmp_path: Path) -> None:
    """In its surroundings: a tool passes those on, and no secret is among them."""
    program = mcp.program(tmp_path / "desk.sock")
    assert program.env[SOCKET] == str(tmp_path / "desk.sock")
    assert mcp.about(program, 7).env == {**program.env, mcp.TASK: "7"}
    assert mcp.about(program, 0) == program


@pytest.mark.parametrize(("said", "task"), [("7", 7), ("", None), ("x", None), ("-1", None)])
def test_a_task_that_is_no_number_is_none(monkeypatch: pytest.MonkeyPatch, said: str, task: int | None) -> None:
    """The server serves all the same."""
    monkeypatch.setenv(mcp.TASK, said)
    assert starting._task() == task


def test_the_room_is_light() -> None:
    """A bridge imports it to name the program: neither the package `mcp` nor a loop comes with it."""
    code = "import sys, devmesh.bridge.mcp; sys.exit('mcp' in sys.modules or 'asyncio' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": packages()}, timeout=30, check=False)
    assert ran.returncode == 0


def test_an_unknown_option_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error: standard output is the protocol's."""
    with pytest.raises(SystemExit):
        main(["--nothing"])
    assert capsys.readouterr().out == ""
