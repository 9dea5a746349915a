"""What Tab offers behind `%devmesh`."""

from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from devmesh.jupyter.commands import COMMANDS
from devmesh.jupyter.completion import offers


@pytest.mark.parametrize(
    ("before", "offered"),
    [
        ("%devmesh sta", ["start", "status"]),
        ("mesh = %devmesh sto", ["stop"]),
        ("%%devmesh ta", ["task", "tasks"]),
        ("%devmesh launch scr", ["scripted"]),
        ("%devmesh launch claude --c", ["--count"]),
        ("%devmesh agents --state wo", ["working"]),
        ("%devmesh audit lock_w", ["lock_wait_ended"]),
        ("%devmesh start --project ", ["inner/", "other/"]),
        ("%devmesh start --project in", ["inner/"]),
        ("%devmesh start --project inner/f", ["inner/file.txt"]),
        ("%devmesh wait ", ["--timeout", "--help"]),
        ("%devmesh launch claude -- --mo", []),
        ("%devmesh nonsense x", []),
    ],
)
def test_tab_offers_what_fits_here(
    before: str, offered: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sub-commands, options, choices, kinds of facts, tools and paths, each where it belongs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "file.txt").touch()
    (tmp_path / "other").mkdir()
    found = offers(before)
    assert found is not None
    assert found[0] == offered


def test_all_commands_are_offered_first() -> None:
    """Behind a space, the whole table."""
    assert offers("%devmesh ") == ([command.name for command in COMMANDS], "")


@pytest.mark.parametrize("before", ["devmesh sta", "%devmeshx ", "print('%devmeshes')", "%devmesh"])
def test_elsewhere_nothing_is_offered(before: str) -> None:
    """The shell's own completion is left alone."""
    assert offers(before) is None


def test_the_shell_asks_it(shell: InteractiveShell) -> None:
    """Through IPython's own completer, ahead of file names."""
    line = "mesh = %devmesh sta"
    with provisionalcompleter():
        found = [line[: one.start] + one.text for one in shell.Completer.completions(line, len(line))]
    assert found == ["mesh = %devmesh start", "mesh = %devmesh status"]


@pytest.mark.slow
def test_what_is_in_the_mesh_is_offered(shell: InteractiveShell) -> None:
    """Task numbers of now; without a mesh, nothing, and no error."""
    assert offers("%devmesh cancel ") == (["--reason", "--help"], "")
    shell.run_line_magic("devmesh", "start")
    for text in ("one", "two"):
        shell.run_line_magic("devmesh", f"task {text}")
    assert offers("%devmesh cancel ") == (["1", "2"], "")
    assert offers("%devmesh approve ") == (["--help"], "")


@pytest.mark.slow
def test_files_are_those_of_the_project_wherever_the_notebook_is(
    shell: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a task is given is a path of the project, so Tab offers no other."""
    (tmp_path / "shop" / "src").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert offers("%devmesh task x --files s") == (["shop/"], "s")
    shell.run_line_magic("devmesh", "start --project shop")
    assert offers("%devmesh task x --files s") == (["src/"], "s")
    assert offers("%devmesh start --project s") == (["shop/"], "s")
