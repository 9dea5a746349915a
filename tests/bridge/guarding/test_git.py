"""What git would write, in folders that could be a trap, and by its own patterns."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from devmesh.bridge.guarding.commands import told
from devmesh.bridge.guarding.git import READING

HARMFUL = {
    "blame": ("--contents", "--textconv"),
    "cat-file": ("--textconv", "--filters"),
    "diff": ("--output", "--ext-diff", "--textconv", "-O"),
    "grep": ("--open-files-in-pager", "-O", "--textconv"),
    "log": ("--output", "--ext-diff", "--textconv", "--show-signature"),
    "show": ("--output", "--ext-diff", "--textconv", "--show-signature"),
    "shortlog": ("--output",),
}


@pytest.mark.parametrize("name", HARMFUL)
def test_no_beginning_of_a_harmful_option_goes_through(name: str, tmp_path: Path) -> None:
    """Git takes abbreviations; these lists take none."""
    for option in HARMFUL[name]:
        for end in range(3 if option.startswith("--") else 2, len(option) + 1):
            for text in (f"{option[:end]}=x", f"{option[:end]}x", option[:end]):
                assert option[2:end] in READING[name].names or told(f"git {name} {text}", tmp_path).untold, text


@pytest.mark.parametrize("name", sorted(READING))
def test_a_value_is_taken_as_git_takes_it(name: str, tmp_path: Path) -> None:
    """As far as git lists its options: else a word believed to be a value would be an option."""
    run = subprocess.run(["git", name, "-h"], capture_output=True, text=True, cwd=tmp_path, check=False, timeout=20)
    for line in (run.stdout + run.stderr).splitlines():
        if found := re.match(r"\s+(?:-(\w), )?--([a-z][\w-]+)(\[=| [<\[]|=)?", line):
            taking = {None: "", "[=": "::"}.get(found[3], ":")
            ours = (READING[name].names.get(found[2], taking), READING[name].letters.get(found[1] or "", taking))
            assert taking == ":" or ":" not in ours, line


@pytest.mark.parametrize("planted", ["sub", "."])
def test_a_folder_that_git_takes_for_a_repository_is_a_trap(planted: str, tmp_path: Path) -> None:
    """Its `config` names programs, and a tool may have written it file by file."""
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    commands = ("cd sub && git diff", "cd sub/deep && git status", "cd sub; echo $(git log)")
    assert not any(told(command, tmp_path).untold for command in commands)
    (tmp_path / planted / "HEAD").write_text("ref: refs/heads/main\n")
    assert all(told(command, tmp_path).untold for command in commands)
    (tmp_path / "sub" / ".git").mkdir()
    assert not any(told(command, tmp_path).untold for command in commands[:2])


def test_what_a_command_writes_first_may_be_the_trap(tmp_path: Path) -> None:
    """Unless the folder has a repository of its own, which goes before."""
    commands = ("cp a.txt HEAD; git diff", "cp a.txt HEAD; echo $(git diff)", "cp a.txt HEAD; echo $(echo $(git diff))")
    assert all(told(command, tmp_path).untold for command in commands)
    (tmp_path / ".git").mkdir()
    assert not any(told(command, tmp_path).untold for command in commands)


def test_only_what_is_there_and_named_is_restored(tmp_path: Path) -> None:
    """A folder with all in it."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").touch()
    assert told("git restore sub", tmp_path).writes == [f"{tmp_path}/sub/", f"{tmp_path}/sub/a.txt"]
    for text in ("gone.txt", "'sub/*'", "sub/*", ":/", "':!sub'"):
        assert told(f"git checkout -- {text}", tmp_path).untold
