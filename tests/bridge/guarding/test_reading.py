"""The lists of options against the programs themselves: what each prints about itself, and no run of more than that."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from devmesh.bridge.guarding import programs
from devmesh.bridge.guarding.commands import told
from devmesh.bridge.guarding.options import Options
from devmesh.bridge.guarding.programs import PROGRAMS
from devmesh.bridge.guarding.reading import READING

WRITING = {
    "rm": programs._REMOVE,
    "touch": programs._TOUCH,
    "mkdir": programs._MAKE_FOLDER,
    "tee": programs._TEE,
    "chmod": programs._MODE,
    "cp": programs._COPY,
    "mv": programs._MOVE,
    "truncate": programs._TRUNCATE,
    "uniq": programs._UNIQ,
    "xargs": programs._XARGS,
    "date": programs._DATE,
    "sed": programs._SED,
}
SHORTENED = sorted({name for name, known in READING.items() if known.shortened} | WRITING.keys())
ALL = sorted({*READING, *WRITING})
BEHIND = {"date": "", "xargs": "cat", "chmod": "+x a", "sed": "p a", "uniq": "a", "head": "a"}
"What makes a command of it that is told, if its option is; of the others: two files."
_TAKING = {None: "", "=": ":", " ": ":", "[=": "::"}
_IN_SMALL = {"jq"}
"What prints the names of values in small letters, like words of its own."


def known_of(name: str) -> Options:
    """Its list."""
    return READING.get(name) or WRITING[name]


@cache
def help_of(name: str) -> str:
    """What it prints about itself. Skips where it is not installed."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not on this machine")
    run = subprocess.run(
        [program, "--help"],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=20,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd="/",
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
    )
    return run.stdout + run.stderr


def long_options(name: str) -> dict[str, str]:
    """Those it lists, each with how it takes a value."""
    found: dict[str, str] = {}
    for line in help_of(name).splitlines():
        if not line.lstrip().startswith("-"):
            continue
        head = re.split(r"\s{2,}(?![-\s])", line.strip(), maxsplit=1)[0]
        for each in re.finditer(r"(?<![\w-])--([a-z][\w-]+)(\[=|=| (?=<|[A-Z]+\b))?", head):
            how = _TAKING[each[2]]
            found[each[1]] = how if found.get(each[1], how) == how else "::"
    return found


def is_let_through(name: str, option: str, folder: Path) -> bool:
    """Whether a command with it is told."""
    return not told(f"{name} {option} {BEHIND.get(name, 'a b')}", folder).untold


@pytest.mark.parametrize("name", SHORTENED)
def test_an_abbreviation_is_judged_like_the_option(name: str, tmp_path: Path) -> None:
    """For every long option that the program prints, and every beginning of it that is no other's."""
    listed = long_options(name)
    if not listed:
        pytest.skip(f"{name} prints no long options")
    wrong = []
    for option, taking in listed.items():
        value = "=1" if taking == ":" else ""
        whole = is_let_through(name, f"--{option}{value}", tmp_path)
        for end in range(1, len(option)):
            meant = [other for other in listed if other.startswith(option[:end])]
            if meant == [option] and is_let_through(name, f"--{option[:end]}{value}", tmp_path) is not whole:
                wrong.append(f"--{option[:end]} of --{option}")
    assert not wrong


@pytest.mark.parametrize("name", sorted(set(ALL) - _IN_SMALL))
def test_a_value_is_taken_as_the_program_takes_it(name: str) -> None:
    """Else the next word would be believed to be a value, and be an option."""
    listed = long_options(name)
    known = known_of(name)
    assert {one: known.names[one] for one in known.names if one in listed} == {
        one: taking for one, taking in listed.items() if one in known.names
    }
    for line in help_of(name).splitlines():
        if found := re.match(r"\s{1,10}-(\w),\s+--([a-z][\w-]+)(\[=|=(?![a-z])| (?=<|[A-Z]+\b))?", line):
            letter, taking = known.letters.get(found[1]), _TAKING[found[3]]
            assert letter in (None, taking) or (taking == "::" and not letter), line


HARMFUL = {
    "sort": ("output", "compress-program", "temporary-directory"),
    "date": ("set", "file"),
    "file": ("compile", "magic-file", "uncompress", "files-from"),
    "sed": ("file", "follow-symlinks"),
    "cp": ("target-directory", "backup", "suffix", "link", "symbolic-link", "parents"),
    "mv": ("target-directory", "backup", "suffix"),
    "touch": ("reference", "no-dereference"),
    "truncate": ("reference",),
    "chmod": ("reference",),
    "xargs": ("arg-file", "replace", "process-slot-var"),
    "diff": ("paginate",),
    "rg": ("pre", "hostname-bin", "search-zip"),
    "fd": ("exec", "exec-batch", "list-details"),
    "tree": ("output",),
}


@pytest.mark.parametrize("name", HARMFUL)
def test_no_beginning_of_a_harmful_option_goes_through(name: str, tmp_path: Path) -> None:
    """Whether the program is on this machine or not: its own version may read it as the harm."""
    known = known_of(name)
    for option in HARMFUL[name]:
        for end in range(1, len(option) + 1):
            spelled = option[:end]
            if not any(other.startswith(spelled) for other in known.names):
                assert not is_let_through(name, f"--{spelled}=x", tmp_path), spelled
                assert not is_let_through(name, f"--{spelled} x", tmp_path), spelled
        assert not is_let_through(name, f"--{option}", tmp_path)


@pytest.mark.parametrize("name", sorted({*READING, *PROGRAMS} - {"exit", "set"}))
@pytest.mark.parametrize("option", ["--devmesh", "--devmesh=x", "-\u00e9"])
def test_what_is_on_no_list_is_not_let_through(name: str, option: str, tmp_path: Path) -> None:
    """Of any program."""
    assert told(f"{name} {option} a b", tmp_path).untold
