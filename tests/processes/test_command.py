"""What is run is found where the program itself would look, and a value is enough to say how it ended."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from devmesh.errors import ToolNotFound
from devmesh.processes import Command
from devmesh.processes.command import found, standard_input


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    """A program in a folder of its own."""
    file = tmp_path / "bin" / "a-tool"
    file.parent.mkdir()
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


def test_the_path_that_counts_is_the_commands_own(tool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the notebook's, in which it may be found although the tool would not be."""
    with_it, without = {"PATH": str(tool.parent)}, {"PATH": str(tmp_path)}
    assert found(Command(("a-tool",), tmp_path, with_it)) == str(tool)
    monkeypatch.setenv("PATH", str(tool.parent))
    with pytest.raises(ToolNotFound, match="a-tool was not found on PATH") as missing:
        found(Command(("a-tool",), tmp_path, without))
    assert missing.value.hint == "Install a-tool, or say where it is."


def test_a_relative_program_is_below_the_folder_it_runs_in(
    tool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever we are ourselves; PATH is not asked."""
    monkeypatch.chdir("/")
    assert found(Command(("bin/a-tool",), tmp_path, {})) == str(tool)
    assert found(Command((str(tool),), tmp_path, {})) == str(tool)


def test_a_file_nobody_may_run_and_a_folder_that_is_gone_are_refused(tool: Path, tmp_path: Path) -> None:
    """The folder is named, for the program is not to blame."""
    tool.chmod(0o644)
    with pytest.raises(ToolNotFound, match="not found"):
        found(Command(("bin/a-tool",), tmp_path, {}))
    with pytest.raises(ToolNotFound, match=f"a-tool does not start: no such folder: {tmp_path}/gone"):
        found(Command(("a-tool",), tmp_path / "gone", {"PATH": str(tool.parent)}))


def test_standard_input_is_nothing_a_pipe_or_a_file(tmp_path: Path) -> None:
    """A pipe for what is written to it now or later; a file is opened for reading, and no child inherits it unasked."""
    (tmp_path / "given").write_bytes(b"from a file")
    assert standard_input(Command(("x",), tmp_path, {})) == subprocess.DEVNULL
    assert standard_input(Command(("x",), tmp_path, {}, stdin=b"")) == subprocess.PIPE
    assert standard_input(Command(("x",), tmp_path, {}, keep_stdin_open=True)) == subprocess.PIPE
    descriptor = standard_input(Command(("x",), tmp_path, {}, stdin=tmp_path / "given"))
    try:
        assert os.read(descriptor, 99) == b"from a file"
        assert not os.get_inheritable(descriptor)
    finally:
        os.close(descriptor)
