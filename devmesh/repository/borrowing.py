"""What the mesh may borrow from the project's own git: objects, history, ignore rules. Reads it; never writes it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devmesh.errors import RepositoryError
from devmesh.repository.git import Git, GitMissing

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class ProjectGit:
    """The git work tree that the project is, or lies in."""

    git: Git
    top: Path
    "The work tree's own top folder; the project itself, or a folder above it."
    prefix: str
    "Where the project lies below `top`: empty, or like `packages/app/`."
    common: Path
    "The folder with its objects and info, shared by linked work trees."
    head: str | None
    "The commit the person stood on when they were asked; None before their first."

    def tracked_although_ignored(self) -> set[str]:
        """Files the person's index tracks in spite of an ignore rule. Reads the index, and does not refresh it."""
        ran = self.git.try_run("ls-files", "-z", "--cached", "--ignored", "--exclude-standard")
        return {os.fsdecode(name) for name in ran.out.split(b"\0") if name} if ran.code == 0 else set()

    def ignored_here(self) -> list[str]:
        """What the rules of folders above the project ignore in it, as far as it exists now; folders end in `/`."""
        if not self.prefix:
            return []
        options = ("--others", "--ignored", "--exclude-standard", "--directory")
        return self.git.names("ls-files", "-z", *options, "--", ".")

    def rules_above(self) -> list[str]:
        """The ignore rules of the folders above the project that can be said from inside it."""
        parts = [part for part in self.prefix.split("/") if part]
        rules: list[str] = []
        for depth in range(len(parts)):
            file = self.top.joinpath(*parts[:depth], ".gitignore")
            below = "/".join(parts[depth:]) + "/"
            rules += [rule for line in _lines(file) if (rule := _said_from(below, line))]
        return rules


def find_project_git(project: Path) -> ProjectGit | None:
    """The git that keeps `project`; None where there is none, or one whose rules ignore the project altogether."""
    if not _is_in_sight(project):
        return None
    git = Git(project)
    asked = ("--show-toplevel", "--show-prefix", "--git-common-dir", "--show-object-format", "--revs-only")
    try:
        ran = git.try_run("rev-parse", *asked, "HEAD^{commit}")
    except GitMissing:
        raise
    except RepositoryError:
        return None
    if ran.code != 0:
        return None
    top, prefix, common, object_format, head = os.fsdecode(ran.out).split("\n")[:5]
    if object_format != "sha1":
        return None
    found = ProjectGit(git, Path(top), prefix, (project / common).resolve(), head or None)
    if prefix and Git(found.top).try_run("check-ignore", "-q", "--", prefix.rstrip("/")).code == 0:
        return None
    return found


def _is_in_sight(project: Path) -> bool:
    """Whether git may find one there or above. Two looks at each folder are a hundredth of what asking it takes."""
    place = os.path.realpath(project)
    while not any(os.path.lexists(f"{place}/{name}") for name in (".git", "HEAD")):
        above = os.path.dirname(place)  # noqa: PTH120 - the same with Paths takes ten times as long
        if above == place:
            return False
        place = above
    return True


def personal_ignore_file(project: Path) -> str | None:
    """The ignore file of the person's own configuration (`core.excludesFile`), read with their environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "config", "--type=path", "--get", "core.excludesFile"]
    try:
        ran = subprocess.run(command, cwd=project, env=environment, capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return os.fsdecode(ran.stdout).strip() or None


def object_folders(common: Path) -> list[Path]:
    """The object folders to borrow from: the repository's own first, then those it borrows from itself, each once."""
    found: dict[Path, None] = {}
    waiting = [common / "objects"]
    while waiting:
        folder = waiting.pop(0).resolve()
        if folder.is_dir() and folder not in found:
            found[folder] = None
            waiting += [folder / line for line in _lines(folder / "info" / "alternates")]
    return list(found)


def _lines(file: Path) -> Iterator[str]:
    if file.is_file():
        lines = file.read_text(errors="surrogateescape").splitlines()
        yield from (line for line in lines if line.strip() and not line.startswith("#"))


def _said_from(below: str, rule: str) -> str | None:
    """`rule` of a folder above, as it reads from `below` it; None when it cannot match there."""
    negated, pattern = ("!", rule[1:]) if rule.startswith("!") else ("", rule)
    if "/" not in pattern.rstrip().rstrip("/") or pattern.startswith("**/"):
        return rule
    anchored = pattern.removeprefix("/")
    return f"{negated}/{anchored.removeprefix(below)}" if anchored.startswith(below) else None
