"""What is checked after the demo, from outside of the notebook: its outcome is believed only when these agree."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from devmesh.errors import DevMeshError
from devmesh.terminal.leftovers import end_leftovers

if TYPE_CHECKING:
    from devmesh.mesh.record import Past

_TEST_LIMIT = 60


class Inspection(NamedTuple):
    """One question and its answer."""

    about: str
    passed: bool
    found: str


def inspect(folder: Path, past: Past, failure: str) -> tuple[Inspection, ...]:
    """Ask all of them."""
    return (
        Inspection("the notebook runs from top to bottom", not failure, failure or "every cell"),
        _tasks(past),
        _tests(past.project),
        _lines(past),
        _processes(folder),
    )


def _tasks(past: Past) -> Inspection:
    about = "every task is completed"
    try:
        outcomes = Counter(past.frame("tasks")["outcome"].astype("object").fillna("not ended"))
    except DevMeshError as missing:
        return Inspection(about, passed=False, found=missing.message)
    said = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.items())
    return Inspection(about, set(outcomes) == {"completed"}, said or "there were none")


def _tests(project: Path) -> Inspection:
    about = "the sample's own tests pass in its folder"
    command = [sys.executable, "-B", "-m", "unittest", "discover", "-q"]
    ran = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=_TEST_LIMIT, check=False)
    lines = [line for line in ran.stderr.splitlines() if line.strip()]
    return Inspection(about, ran.returncode == 0, " ".join(lines[-2:]) if lines else f"exit code {ran.returncode}")


def _lines(past: Past) -> Inspection:
    """Every line a landed change added is in the project, unless a later one took it out again."""
    about = "no line of any change was lost"
    try:
        changes = past.landed()
        lost, counted = _lost(past, changes)
    except DevMeshError as missing:
        return Inspection(about, passed=False, found=missing.message)
    found = f"{counted} lines of {len(changes)} changes" + (f"; lost: {'; '.join(lost[:5])}" if lost else "")
    return Inspection(about, bool(changes) and not lost, found)


def _lost(past: Past, changes: list[tuple[str, str]]) -> tuple[list[str], int]:
    expected: Counter[tuple[str, str]] = Counter()
    counted = 0
    for base, head in changes:
        for path, sign, line in edits(past.diff(base, head)):
            if not line.strip():
                continue
            if sign == "+":
                expected[path, line] += 1
                counted += 1
            elif expected[path, line]:
                expected[path, line] -= 1
    held = {path: Counter(_read(past.project / path)) for path, _ in expected}
    lost = [f"{path}: {line.strip()}" for (path, line), times in expected.items() if held[path][line] < times]
    return lost, counted


def edits(diff: str) -> list[tuple[str, str, str]]:
    """A unified diff as (path, "+" or "-", line)."""
    found: list[tuple[str, str, str]] = []
    path, inside = "", False
    for line in diff.splitlines():
        if line.startswith("diff --git "):
            inside = False
        elif line.startswith("+++ ") and not inside:
            path = line[4:].removeprefix("b/").rstrip("\t")
        elif line.startswith("@@"):
            inside = True
        elif inside and line[:1] in {"+", "-"}:
            found.append((path, line[0], line[1:]))
    return found


def _read(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _processes(folder: Path) -> Inspection:
    left = end_leftovers(folder)
    return Inspection("no process of the run is left", not left, "; ".join(left) or "none")
