"""The command as a person starts it: a process of its own, with its state in the test's folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

Words = list[str]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What the command sees: nothing of the person's own."""
    path = os.pathsep.join((str(ROOT), str(ROOT / "widgets"), os.environ.get("PYTHONPATH", "")))
    return os.environ | {"DEVMESH_HOME": str(tmp_path / "home"), "DEVMESH_WS_PORT": "0", "PYTHONPATH": path}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "notes.md").write_text("# Notes\n")
    return folder


@pytest.fixture
def devmesh(environment: dict[str, str], project: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `devmesh WORDS` in the project and wait for it."""

    def run(*words: str, given: str = "", limit: float = 50) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "devmesh.terminal", *words]
        return subprocess.run(
            command,
            cwd=project,
            env=environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )

    return run


@pytest.fixture
def background(environment: dict[str, str], project: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `devmesh WORDS` in the project and let it run; it is ended with the test."""
    with ExitStack() as stack:

        def start(*words: str) -> subprocess.Popen[str]:
            command = [sys.executable, "-m", "devmesh.terminal", *words]
            process = stack.enter_context(
                subprocess.Popen(
                    command,
                    cwd=project,
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    start_new_session=True,
                )
            )
            stack.callback(process.terminate)
            return process

        yield start
