"""The rules of the house that a machine can check: names, lengths, twins, and no trace of where it was built."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.architecture.walls import ROOT, modules

FORBIDDEN_WORDS = {"util", "utils", "helper", "helpers", "manager", "common", "base", "misc", "data"}

LONGEST = 320
LONGEST_HANDLE = 200

#: Longer files, each with the reason why it is not two nouns.
LONGER: dict[str, str] = {}

ROOMS = ("core", "vocabulary", "audit", "repository", "processes", "coordinator", "bridge")

#: Where things lay on the machines of those who wrote them. Put together here, so that this file is not a find itself.
FOREIGN = re.compile(r"(?<![\w./-])/(?:work|tmp/bash\w*|tmp/dm|home/\w+|Users/\w+|root)/".replace("/", "[/]"))

TEXT = {".py", ".js", ".css", ".md", ".toml", ".yml", ".yaml", ".txt", ".cfg", ".sh", ".ipynb", ".json", ""}


def tracked() -> list[Path]:
    """The text files git knows; everything outside hidden folders where there is no git."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return [path for path in modules() if path.is_file()]
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.suffix in TEXT and path.is_file()]


def relative(path: Path) -> str:
    """As it is written in a message."""
    return path.relative_to(ROOT).as_posix()


def test_names_are_words_of_the_trade() -> None:
    """Nothing is called utils, helpers, manager, common, base, misc or data."""
    vague = [relative(path) for path in modules() if FORBIDDEN_WORDS & set(re.split(r"[_.]", path.stem))]
    vague += [
        f"{relative(path)}:{node.lineno} {node.name}"
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and FORBIDDEN_WORDS & set(re.findall(r"[A-Z][a-z]+", node.name.lower().title()))
    ]
    assert not vague


def test_no_file_hides_a_second_noun() -> None:
    """320 lines, unless it is listed with its reason; and nothing is listed that is no longer so long."""
    lengths = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    too_long = {name: length for name, length in lengths.items() if length > LONGEST}
    assert too_long.keys() == LONGER.keys(), too_long


def test_the_handle_only_delegates() -> None:
    """What a person holds tends to become everything; 200 lines keep it a handle."""
    handle = ROOT / "devmesh" / "mesh" / "handle.py"
    if not handle.exists():
        pytest.skip("there is no handle in this checkout")
    assert len(handle.read_text(encoding="utf-8").splitlines()) <= LONGEST_HANDLE


def test_every_module_says_what_it_is() -> None:
    """The first line of every module is a sentence."""
    silent = [
        relative(path)
        for path in modules()
        if not (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").strip()
    ]
    assert not silent


@pytest.mark.parametrize("room", ROOMS)
def test_every_module_has_its_twin(room: str) -> None:
    """`core/locks.py` is tested by `tests/core/test_locks.py`, or by a test of its room that imports it by name."""
    named = _imported_by_tests(room)
    orphans = [name for name in _nouns(ROOT / "devmesh" / room) if not _has_twin(room, name) and name not in named]
    assert not orphans, f"tests/{room} has no test of: {', '.join(orphans)}"


def _nouns(room: Path) -> list[str]:
    """The modules and packages of a room that do something."""
    files = [path for path in room.glob("*.py") if path.stem not in {"__init__", "__main__"}]
    packages = [path.parent for path in room.glob("*/__init__.py")]
    return sorted([path.stem for path in files if _does_something(path)] + [path.name for path in packages])


def _does_something(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(tree))


def _has_twin(room: str, name: str) -> bool:
    folder = ROOT / "tests" / room
    return (folder / f"test_{name}.py").exists() or (folder / name).is_dir()


def _imported_by_tests(room: str) -> set[str]:
    """The modules of the room that its tests ask something of directly."""
    pattern = re.compile(rf"(?:from|import) devmesh\.{room}(?:\.(\w+)| import \(?([\w, \n]+)\)?)")
    found = [match for path in (ROOT / "tests" / room).rglob("*.py") for match in pattern.finditer(path.read_text())]
    return {name for match in found for name in re.findall(r"\w+", match[1] or match[2])}


def test_no_path_of_a_developers_machine_is_left() -> None:
    """What works only where it was written does not work."""
    found = [
        f"{relative(path)}:{number}: {line.strip()[:100]}"
        for path in tracked()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if FOREIGN.search(line)
    ]
    assert not found, "\n" + "\n".join(found)
