"""Imports point down, and a breach is named with its line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.walls import FLOORS, ROOT, STRANGERS, breaches, modules, name_of, room_of

BREACHES = {
    "a floor above": ("devmesh/core/locks.py", "from devmesh.coordinator import loop"),
    "a stranger on the same floor": ("devmesh/bridge/link.py", "import devmesh.coordinator.listener"),
    "a bridge that knows the rules": ("devmesh/bridge/link.py", "from devmesh.core.locks import Locks"),
    "a clock in the core": ("devmesh/core/tasks.py", "from time import monotonic"),
    "a clock in the core, well hidden": ("devmesh/core/tasks.py", "def now():\n    import time"),
    "a relative way out": ("devmesh/core/fold/tasks.py", "from ...audit import journal"),
    "the front door": ("devmesh/__init__.py", "from devmesh.mesh import start"),
    "the ground": ("devmesh/repository/git.py", "from devmesh.core import state"),
    "the scripted CLI": ("devmesh/scripted/stream.py", "from devmesh.errors import Code"),
    "a package by its front door": ("devmesh/audit/rows.py", "from devmesh import mesh"),
}

HARMLESS = {
    "a floor below": ("devmesh/coordinator/loop.py", "from devmesh.core import step"),
    "for the type checker only": (
        "devmesh/core/tasks.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pathlib import Path",
    ),
    "within the room": ("devmesh/core/fold/tasks.py", "from ..state import State"),
    "a clock in the shell": ("devmesh/coordinator/clock.py", "import time"),
}


def a_house(tmp_path: Path, name: str, text: str) -> Path:
    """A tree with that one file in it."""
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return tmp_path


def test_no_import_goes_through_a_wall() -> None:
    """Read the message: it names the file, the line and the reason."""
    assert not breaches(), "\n" + "\n".join(breaches())


@pytest.mark.parametrize(("name", "text"), BREACHES.values(), ids=BREACHES)
def test_a_breach_is_named_with_its_line(tmp_path: Path, name: str, text: str) -> None:
    """Whatever form it takes, file and line are told."""
    (breach,) = breaches(a_house(tmp_path, name, '"""A module."""\n' + text))
    assert breach.startswith(f"{name}:{text.count(chr(10)) + 2}: ")


@pytest.mark.parametrize(("name", "text"), HARMLESS.values(), ids=HARMLESS)
def test_an_honest_import_is_no_breach(tmp_path: Path, name: str, text: str) -> None:
    """Down, inside, and for the type checker."""
    assert breaches(a_house(tmp_path, name, text)) == []


def test_every_module_is_in_a_room() -> None:
    """A new room must be given its floor."""
    homeless = [name for name in map(name_of, modules()) if room_of(name) is None and name != "devmesh"]
    assert not homeless, f"not in FLOORS: {homeless}"
    assert len({room for floor in FLOORS for room in floor} & set(STRANGERS)) == 0


@pytest.mark.slow
def test_the_contracts_of_import_linter_hold() -> None:
    """The same walls once more, indirect imports included."""
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("import-linter is not installed")
    done = subprocess.run(
        [linter, "--no-cache"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'widgets'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
