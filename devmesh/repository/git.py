"""Runs git: scrubbed environment, a time limit, one kind of error. Knows no repository layout and no project."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from devmesh.errors import RepositoryError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TIME_LIMIT = 120.0
"Seconds one git command may take before it is killed."

OVERRIDES = (
    ("core.fsmonitor", "false"),
    ("core.hooksPath", os.devnull),
    ("core.quotePath", "false"),
    ("core.splitIndex", "false"),
    ("core.logAllRefUpdates", "false"),
    ("safe.directory", "*"),
    ("submodule.recurse", "false"),
    ("advice.addEmbeddedRepo", "false"),
)
"Set on every command line: no configuration of a project, or of an agent's workspace, makes our git run a program."

KEPT = ("PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR", "SystemRoot")
"The only variables git inherits. No GIT_* of the notebook's own environment reaches it."

EPOCH = "946684800 +0000"
"The date of every commit of ours, so that the same content and parent are the same commit."


class GitMissing(RepositoryError):
    """git itself is not on PATH."""


class TooSlow(RepositoryError):
    """A command took longer than its time limit."""


def scrubbed_environment() -> dict[str, str]:
    """An environment in which git reads no configuration but the repository's own, and never asks a question."""
    return {name: os.environ[name] for name in KEPT if name in os.environ} | {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ADVICE": "0",
        "LC_ALL": "C",
        "GIT_AUTHOR_NAME": "DevMesh",
        "GIT_AUTHOR_EMAIL": "devmesh@localhost",
        "GIT_COMMITTER_NAME": "DevMesh",
        "GIT_COMMITTER_EMAIL": "devmesh@localhost",
        "GIT_AUTHOR_DATE": EPOCH,
        "GIT_COMMITTER_DATE": EPOCH,
    }


@dataclass(frozen=True, slots=True)
class Ran:
    """How a git command ended."""

    code: int
    out: bytes
    err: str


@dataclass(frozen=True, slots=True)
class Git:
    """A way to run git in one place. `at()` derives another with its own folder, work tree or index."""

    folder: Path
    "Where commands run."
    variables: Mapping[str, str] = field(default_factory=dict)
    time_limit: float = TIME_LIMIT

    def at(
        self,
        *,
        folder: Path | None = None,
        directory: Path | None = None,
        work_tree: Path | None = None,
        index: Path | None = None,
    ) -> Git:
        """The same, with the GIT_DIR, GIT_WORK_TREE or GIT_INDEX_FILE given."""
        named = {"GIT_DIR": directory, "GIT_WORK_TREE": work_tree, "GIT_INDEX_FILE": index}
        chosen = {name: str(value) for name, value in named.items() if value is not None}
        return replace(self, folder=folder or self.folder, variables={**self.variables, **chosen})

    def try_run(self, *arguments: str, given: bytes = b"") -> Ran:
        """Run one command and say how it ended. Raises RepositoryError when git is missing or took too long."""
        settings = (part for name, value in OVERRIDES for part in ("-c", f"{name}={value}"))
        try:
            ended = subprocess.run(
                ["git", *settings, *arguments],
                input=given,
                capture_output=True,
                cwd=self.folder,
                env={**scrubbed_environment(), **self.variables},
                timeout=self.time_limit,
                check=False,
            )
        except subprocess.TimeoutExpired:
            msg = f"git {arguments[0]} took longer than {self.time_limit:.0f} s"
            raise TooSlow(msg, hint="Is the project on a slow or hanging disk?") from None
        except FileNotFoundError:
            if not self.folder.is_dir():
                msg = f"no such folder: {self.folder}"
                raise RepositoryError(msg) from None
            msg = "git was not found on PATH"
            raise GitMissing(msg, hint="Install git 2.30 or later.") from None
        except OSError as error:
            msg = f"git could not be run in {self.folder}: {error.strerror}"
            raise RepositoryError(msg) from None
        return Ran(ended.returncode, ended.stdout, ended.stderr.decode(errors="replace").strip())

    def run(self, *arguments: str, given: bytes = b"") -> bytes:
        """Run one command and return what it printed. Raises RepositoryError, with git's own words, when it fails."""
        ran = self.try_run(*arguments, given=given)
        if ran.code != 0:
            msg = f"git {arguments[0]} failed ({ran.code}): {ran.err[-2000:] or 'it said nothing'}"
            raise RepositoryError(msg)
        return ran.out

    def line(self, *arguments: str, given: bytes = b"") -> str:
        """Run one command that prints one line, and return that line."""
        return os.fsdecode(self.run(*arguments, given=given)).rstrip("\n")

    def names(self, *arguments: str, given: bytes = b"") -> list[str]:
        """Run one command that prints NUL-terminated names (`-z`), and return them."""
        return [os.fsdecode(name) for name in self.run(*arguments, given=given).split(b"\0") if name]
