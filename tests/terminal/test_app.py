"""The command line itself: help, exit codes, JSON, colour and errors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import devmesh
from devmesh import errors
from devmesh.terminal import exits
from devmesh.terminal.app import COMMANDS, app, guarded, main

runner = CliRunner()


def test_the_help_says_what_exit_codes_mean() -> None:
    """The table is in the epilog, whole."""
    shown = runner.invoke(app, ["--help"]).output
    for code, meaning in exits.MEANINGS.items():
        assert f"{code}  {meaning}"[:60] in shown


@pytest.mark.parametrize("name", [name for name, _, _ in COMMANDS])
def test_every_command_has_examples_in_its_help(name: str) -> None:
    """Each of them begins with the command as it is typed."""
    shown = runner.invoke(app, [name, "--help"])
    assert shown.exit_code == 0
    assert "Examples:" in shown.output
    assert f"  devmesh {name}" in shown.output


def test_the_overview_has_a_line_for_every_command() -> None:
    """Its first sentence, and none is cut short."""
    shown = runner.invoke(app, ["--help"]).output
    width = 1 + max(len(name) for name, _, _ in COMMANDS)
    for name, function, _ in COMMANDS:
        assert f"  {name:<{width}} {(function.__doc__ or '').partition('.')[0]}." in shown


@pytest.mark.parametrize("words", [["nonsense"], ["post"], ["status", "--nonsense"], ["post", "x", "-p", "9"]])
def test_a_wrong_command_line_is_exit_code_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With the reason on standard error, and no traceback."""
    assert main(words) == exits.USAGE
    said = capsys.readouterr()
    assert "Error" in said.err
    assert "Traceback" not in said.err
    assert not said.out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NoMesh("no"), exits.NO_MESH),
        (errors.MeshLost("no"), exits.NO_MESH),
        (errors.Refused("no"), exits.REFUSED),
        (errors.ToolNotFound("no"), exits.NO_TOOL),
        (errors.AlreadyRunning("no"), exits.BUSY),
        (errors.PortTaken("no"), exits.BUSY),
        (errors.SettingError("no"), exits.USAGE),
        (errors.BadTarget("no"), exits.USAGE),
        (errors.TaskFailed("no"), exits.FAILED),
        (errors.StorageError("no"), exits.FAILED),
    ],
)
def test_every_error_has_its_exit_code(error: errors.DevMeshError, code: int) -> None:
    """By class; what has no row failed."""
    assert exits.code_of(error) == code


def test_an_error_is_a_message_and_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, harmless for a terminal; as JSON on standard output where a program reads."""

    def wrong(*, as_json: bool) -> int:
        raise errors.NoMesh("no \x1b[31mmesh\x07 here", hint="Start one.")

    for as_json in (False, True):
        with pytest.raises(typer.Exit) as left:
            guarded(wrong)(as_json=as_json)
        assert left.value.exit_code == exits.NO_MESH
    said = capsys.readouterr()
    assert said.err == "devmesh: no mesh here\nStart one.\n"
    assert json.loads(said.out)["code"] == "NO_MESH"


def test_ctrl_c_is_an_exit_code_and_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """130, as shells expect."""

    def interrupted() -> int:
        raise KeyboardInterrupt

    with pytest.raises(typer.Exit) as left:
        guarded(interrupted)()
    assert left.value.exit_code == exits.INTERRUPTED
    assert "Traceback" not in capsys.readouterr().err


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    """For a person and for a program."""
    for words in (["version"], ["--version"]):
        assert main(words) == 0
        assert capsys.readouterr().out.strip() == devmesh.__version__
    assert main(["version", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"devmesh": devmesh.__version__}


def test_ctrl_c_while_the_command_is_loaded_is_no_traceback() -> None:
    """The first moments are spent on imports."""
    program = (
        "import sys, signal; from devmesh.terminal.__main__ import main\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'typer': signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "sys.exit(main())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (exits.INTERRUPTED, "")


def test_tools_lists_every_cli_of_the_registry(capsys: pytest.CaptureFixture[str]) -> None:
    """Here or not, its version, and how to get it."""
    from devmesh.bridge.tools.catalogue import load

    assert main(["tools", "--json"]) == 0
    found = {tool["name"]: tool for tool in json.loads(capsys.readouterr().out)}
    assert set(found) == set(load().tools)
    assert found["scripted"]["installed"]
    assert found["scripted"]["version"]
    assert all(tool["install"] for tool in found.values())


def test_doctor_fails_when_something_is_a_problem(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1, and what to do about it."""
    assert main(["doctor", "--quick"]) == 0
    monkeypatch.setenv("PATH", "/nonexistent")
    assert main(["doctor", "--quick"]) == exits.FAILED
    assert "Install git" in capsys.readouterr().out


def test_a_setting_that_does_not_fit_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable, what it holds and what is allowed."""
    monkeypatch.setenv("DEVMESH_WS_PORT", "banana")
    assert main(["doctor"]) == exits.USAGE
    assert "DEVMESH_WS_PORT='banana'" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.slow
def test_output_that_cannot_be_written_is_one_line_and_no_traceback() -> None:
    """As on a full disk."""
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "devmesh.terminal", "version"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (ran.returncode, ran.stderr) == (1, "devmesh: the output could not be written: No space left on device\n")
