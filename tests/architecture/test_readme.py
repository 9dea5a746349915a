"""What the README tells in tables is what the code goes by: settings, locks, rules, weights, tools, commands, tests."""

from __future__ import annotations

import re

import pytest

from devmesh.bridge.tools.catalogue import load
from devmesh.core.arbitration import WEIGHTS
from devmesh.core.locks import COMPATIBLE
from devmesh.core.rules import RULES
from devmesh.settings import VARIABLES
from devmesh.terminal.app import COMMANDS
from devmesh.vocabulary.terms import LockMode
from tests.architecture.walls import ROOT

README = ROOT / "README.md"

#: Named in the README, and set by devmesh for its tools rather than read by it.
TOLD_TO_TOOLS = {"DEVMESH_TASK_ATTEMPT", "DEVMESH_TASK_ID", "DEVMESH_RUN"}


@pytest.fixture(scope="module")
def readme() -> str:
    """Its text."""
    return README.read_text(encoding="utf-8")


def table(readme: str, first: str) -> list[list[str]]:
    """The rows of the one table whose heading begins with that cell, without the heading."""
    lines = readme.splitlines()
    (start,) = [number for number, line in enumerate(lines) if line.startswith(f"| {first} |")]
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def test_every_variable_is_in_the_readme(readme: str) -> None:
    """The configuration table is complete, and says of each what the settings say."""
    rows = {tuple(row) for row in table(readme, "variable")}
    missing = [f"| `{row.name}` | {row.default} | {row.meaning} |" for row in VARIABLES]
    missing = [line for line, row in zip(missing, VARIABLES, strict=True) if (f"`{row.name}`", *row[1:]) not in rows]
    assert not missing, "README.md does not say:\n" + "\n".join(missing)
    assert len(rows) == len(VARIABLES)


def test_the_readme_names_no_variable_that_is_not_read(readme: str) -> None:
    """A setting that was renamed is renamed there too."""
    named = set(re.findall(r"DEVMESH_[A-Z][A-Z_]+[A-Z]", readme))
    assert named <= {row.name for row in VARIABLES} | TOLD_TO_TOOLS


def test_the_lock_matrix_is_the_one_that_decides(readme: str) -> None:
    """Cell by cell: held by row, requested by column."""
    heading = next(line for line in readme.splitlines() if line.startswith("| held \\ requested |"))
    columns = [LockMode[cell.strip()] for cell in heading.strip("|").split("|")[1:]]
    written = {
        (LockMode[held], requested): cell
        for held, *cells in table(readme, "held \\ requested")
        for requested, cell in zip(columns, cells, strict=True)
    }
    decided = {
        (held, requested): "yes" if requested in COMPATIBLE[held] else "no"
        for held in LockMode
        for requested in LockMode
    }
    assert written == decided


def test_the_ten_rules_are_told_word_for_word(readme: str) -> None:
    """Number, name and text, in order."""
    assert table(readme, "rule") == [[str(rule.number), rule.name, rule.text] for rule in RULES]


def test_the_weights_of_the_bidding_are_those_used(readme: str) -> None:
    """All of them, and no other."""
    assert {part: float(weight) for part, weight, _ in table(readme, "part")} == WEIGHTS


def test_every_tool_of_the_registry_is_told_and_no_other(readme: str) -> None:
    """With its title, whether it edits, and how its row was seen."""
    told = {name.strip("`"): rest for name, *rest in table(readme, "name")}
    known = {
        name: [_short(entry.title), "yes" if entry.edits else "no", _seen(name, entry.seen)]
        for name, entry in load().tools.items()
    }
    assert told == known


def _short(title: str) -> str:
    return title if ":" not in title else title.partition(":")[0] + ")"


def _seen(name: str, seen: str) -> str:
    if name == "scripted":
        return "comes with devmesh"
    return f"program, {seen.removeprefix('V ')}" if seen.startswith("V ") else "documentation"


def test_every_command_it_shows_exists(readme: str) -> None:
    """`devmesh serve` and the others."""
    shown = {cells[0].strip("`").split()[1] for cells in table(readme, "command")}
    assert shown <= {name for name, _, _ in COMMANDS}
    assert shown >= {"serve", "join", "post", "status", "tools", "audit", "demo", "doctor"}


def test_there_are_eleven_promises_each_with_tests_that_exist(readme: str) -> None:
    """Where a promise is said to be tested, there is a test."""
    rows = table(readme, "#")
    assert [row[0] for row in rows] == [str(number) for number in range(1, 12)]
    for _, _, tested, _ in rows:
        files = re.findall(r"`(tests/[\w/]+\.py)`", tested)
        assert files
        assert [name for name in files if not (ROOT / name).is_file()] == []


def test_every_link_to_a_file_leads_somewhere(readme: str) -> None:
    """Pictures, documents and source alike."""
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", readme) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
