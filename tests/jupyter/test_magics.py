"""`%devmesh` in a real IPython shell: what it returns, what it says, and how it fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from devmesh.errors import DevMeshError, NoMesh
from devmesh.jupyter.commands import COMMANDS
from devmesh.mesh import Mesh, Task, current

pytestmark = pytest.mark.slow


def do(shell: InteractiveShell, line: str) -> Any:
    """What `%devmesh LINE` returns."""
    return shell.run_line_magic("devmesh", line)


def untyped(shell: InteractiveShell) -> Any:
    """The shell, whose methods have no types."""
    return shell


def test_the_first_five_minutes(shell: InteractiveShell) -> None:
    """Start, post by line and by cell, look, and stop: each hands back what Python would."""
    mesh = do(shell, "start")
    assert isinstance(mesh, Mesh)
    assert mesh is current()
    assert do(shell, "status").tasks == {}
    first = do(shell, 'task "Mend the parser" --priority 1 --files src/ README.md --review')
    assert isinstance(first, Task)
    assert (first.title, first.priority) == ("Mend the parser", 1)
    second = untyped(shell).run_cell_magic("devmesh", "task --priority 2 --after 1", "Write it down.\n\nAll of {it}.")
    assert second._read("posted").prompt == "Write it down.\n\nAll of {it}."
    assert second._read("posted").depends_on == (1,)
    assert do(shell, "task 2").number == 2
    assert do(shell, "tasks") is mesh.tasks
    assert list(do(shell, "tasks --state queued")["task"]) == [1, 2]
    assert isinstance(do(shell, "audit 'task_*' --since 10m"), pd.DataFrame)
    assert do(shell, "audit --verify").ok
    assert repr(do(shell, "pause 1 2")) == "paused task 1; paused task 2"
    assert repr(do(shell, "cancel 1 --reason enough")) == "cancelled task 1"
    assert str(mesh.project) in repr(do(shell, "stop"))
    assert mesh.is_closed


def test_a_started_mesh_is_called_mesh_where_that_name_is_free(shell: InteractiveShell) -> None:
    """So that the next cell can say `mesh.tasks`; a name of the person's own is left alone."""
    shell.user_ns["mesh"] = "mine"
    first = do(shell, "start")
    assert shell.user_ns["mesh"] == "mine"
    del shell.user_ns["mesh"]
    do(shell, "start")
    assert shell.user_ns["mesh"] is first
    do(shell, "stop")
    assert shell.user_ns["mesh"] is not do(shell, "start")
    assert shell.user_ns["mesh"] is current()


def test_the_facts_are_shown_without_empty_columns(shell: InteractiveShell) -> None:
    """A column of another kind of fact holds nothing here."""
    do(shell, "start")
    do(shell, "task hello")
    shown = do(shell, "audit task_posted")
    assert {"kind", "title", "prompt"} <= set(shown.columns) < set(current().audit.df("task_posted").columns)


def test_variables_are_filled_in(shell: InteractiveShell) -> None:
    """As in any magic: $name and {expression}."""
    shell.user_ns["what"] = "the parser"
    do(shell, "start")
    result = untyped(shell).run_cell('%devmesh task "Mend $what" --priority {1 + 1}')
    assert result.result.title == "Mend the parser"
    assert result.result.priority == 2


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("nonsense", "there is no command 'nonsense'"),
        ("stat", "Did you mean status?"),
        ("task --prority 2 hello", "unrecognized arguments: --prority. Did you mean --priority?"),
        ("task --priority 9 hello", "'9' is no priority"),
        ("task don't", "no closing quotation"),
        ("launch", "the following arguments are required: TOOL"),
        ("wait --timeout soon", "'soon' is no time span"),
        ("agents --state bored", "invalid choice: 'bored'"),
        ("start --pro .", "unrecognized arguments: --pro"),
    ],
)
def test_a_line_that_cannot_be_read_is_one_line_of_help(shell: InteractiveShell, line: str, says: str) -> None:
    """UsageError, which IPython shows without a traceback."""
    with pytest.raises(UsageError) as raised:
        do(shell, line)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_error_of_the_mesh_is_shown_without_a_traceback(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message and the hint, nothing else; and the cell has failed."""
    result = untyped(shell).run_cell("%devmesh status")
    assert isinstance(result.error_in_exec, NoMesh)
    shown = capsys.readouterr().out
    assert shown.splitlines() == [
        "devmesh: no mesh is open here",
        "Start one with %devmesh start, or join one with %devmesh connect.",
    ]


def test_an_unknown_task_is_refused_with_a_hint(shell: InteractiveShell) -> None:
    """Not a KeyError from the depths."""
    do(shell, "start")
    for line in ("task 99", "wait 99", "cancel 99"):
        with pytest.raises(DevMeshError, match="99"):
            do(shell, line)


def test_an_empty_cell_is_no_task(shell: InteractiveShell) -> None:
    """It says where the text goes."""
    do(shell, "start")
    with pytest.raises(UsageError, match="say what is to be done"):
        untyped(shell).run_cell_magic("devmesh", "task", "  \n")


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_every_command_has_help_with_its_arguments(shell: InteractiveShell, name: str) -> None:
    """`--help` returns a text and does nothing else."""
    text = do(shell, f"{name} --help").text
    assert f"%devmesh {name}" in text
    for argument in next(command for command in COMMANDS if command.name == name).arguments:
        assert argument.names[0] in text or argument.options.get("metavar", "") in text


def test_the_manual_lists_every_command(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    """`%devmesh?` is a real manual, and `%devmesh` alone the same."""
    untyped(shell).run_cell("%devmesh?")
    manual = capsys.readouterr().out
    assert all(f"  {command.name} " in manual for command in COMMANDS)
    assert all(command.help in do(shell, "").text for command in COMMANDS)


def test_doctor_and_tools_are_tables(shell: InteractiveShell, tmp_path: Path) -> None:
    """Each finding has a verdict; every CLI says whether it is here and how to get it."""
    findings = do(shell, "doctor --quick")
    assert {"Python", "git", "SQLite", "port"} <= {finding.about for finding in findings}
    assert findings.healthy
    tools = do(shell, "tools")
    assert tools[0].name == "scripted"
    assert tools[0].installed
    assert "claude" in {tool.name for tool in tools}
    assert all(tool.install for tool in tools)


def test_doctor_looks_at_the_project_of_the_mesh(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the notebook is; and at variables that are misspelt."""
    mesh = do(shell, "start --project .")
    monkeypatch.chdir("/")
    monkeypatch.setenv("DEVMESH_WS_PRT", "1")
    found = {finding.about: finding for finding in do(shell, "doctor --quick")}
    assert found["project"].found == str(mesh.project)
    assert found["mesh"].found.startswith("runs in process")
    assert (found["settings"].verdict, found["settings"].advice) == ("note", "Did you mean DEVMESH_WS_PORT?")


def test_unloading_takes_everything_away(bare_shell: InteractiveShell) -> None:
    """Neither the magic nor its completion is left; loading twice adds them once."""
    before = list(bare_shell.Completer.custom_matchers)
    bare_shell.run_line_magic("load_ext", "devmesh")
    bare_shell.run_line_magic("reload_ext", "devmesh")
    assert len(bare_shell.Completer.custom_matchers) == len(before) + 1
    bare_shell.run_line_magic("unload_ext", "devmesh")
    assert bare_shell.Completer.custom_matchers == before
    assert untyped(bare_shell).find_line_magic("devmesh") is None
    assert untyped(bare_shell).find_cell_magic("devmesh") is None
