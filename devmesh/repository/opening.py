"""Creates and renews the private repository's own files. Knows its layout; no snapshot, no workspace."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from devmesh.errors import RepositoryError
from devmesh.repository.borrowing import ProjectGit, object_folders, personal_ignore_file
from devmesh.repository.git import Git
from devmesh.repository.tree_lock import file_lock

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

BYTE_EXACT = "* -text -filter -ident !eol !working-tree-encoding\n"
"Outranks every .gitattributes: a blob is the file's bytes, so that content can be compared by its name."

SETTINGS = {
    "gc.auto": "0",
    "gc.pruneExpire": "never",
    "gc.reflogExpire": "never",
    "gc.worktreePruneExpire": "never",
    "maintenance.auto": "false",
    "core.untrackedCache": "false",
    "core.bigFileThreshold": "64m",
    "core.looseCompression": "1",
    "user.name": "DevMesh",
    "user.email": "devmesh@localhost",
    "commit.gpgSign": "false",
    "index.threads": "true",
}
"Written into the repository itself, so that a tool's own git in a workspace obeys them too."

ALWAYS_IGNORED = (".devmesh*",)
IGNORED_WITHOUT_GIT = (
    "__pycache__/",
    "*.py[co]",
    ".venv/",
    "venv/",
    "node_modules/",
    ".ipynb_checkpoints/",
    ".pytest_cache/",
    ".mypy_cache/",
    ".ruff_cache/",
    ".tox/",
    ".DS_Store",
)
"For a project without git nobody has said yet what is worth keeping: these never are."

_SPECIAL = re.compile(r"([\\*?\[\]!# ])")


def open_private(directory: Path, project: Path, borrowed: ProjectGit | None) -> Git:
    """The private repository at `directory`, created when missing, and renewed to fit the project as it is now."""
    git = Git(directory.parent)
    with file_lock(directory.parent / "repository.lock", exclusive=True):
        if not (directory / "HEAD").is_file() or not (directory / "objects").is_dir():
            options = ("--bare", "--quiet", "--initial-branch=devmesh", "--object-format=sha1", "--template=")
            git.run("init", *options, str(directory))
            _write_settings(directory / "config")
        private = git.at(folder=directory, directory=directory)
        configure(private, personal_ignore_file(project))
        renew(directory, project, borrowed)
    return private


def _write_settings(file: Path) -> None:
    """All of `SETTINGS` at once, into a config that is nobody else's yet: a git for each takes twelve times that."""
    lines = ((*name.split("."), value) for name, value in SETTINGS.items())
    with file.open("a") as config:
        config.writelines(f"[{section}]\n\t{key} = {value}\n" for section, key, value in lines)


def configure(private: Git, ignore_file: str | None) -> None:
    """Bring the repository's settings to `SETTINGS`; writes nothing when they are."""
    wanted = SETTINGS | ({"core.excludesFile": ignore_file} if ignore_file else {})
    listed = os.fsdecode(private.run("config", "--local", "--list", "-z")).split("\0")
    held = dict(line.split("\n", 1) for line in listed if "\n" in line)
    for name, value in wanted.items():
        if held.get(name.lower()) != value:
            private.run("config", "--local", name, value)


def renew(directory: Path, project: Path, borrowed: ProjectGit | None) -> None:
    """Bring attributes, borrowed object folders, shallow marks and ignore rules up to date."""
    settle(directory / "info" / "attributes", BYTE_EXACT)
    folders = object_folders(borrowed.common) if borrowed else []
    if any("\n" in str(folder) or str(folder).startswith('"') for folder in folders):
        msg = f"the path of the project's git cannot be borrowed from: {folders[0]}"
        raise RepositoryError(msg)
    if folders or not (directory / "objects" / "info" / "alternates").exists():
        settle(directory / "objects" / "info" / "alternates", _text(str(folder) for folder in folders))
    if borrowed and (borrowed.common / "shallow").is_file():
        settle(directory / "shallow", (borrowed.common / "shallow").read_text())
    settle(directory / "info" / "exclude", _text(ignore_rules(directory.parent, project, borrowed)))


def ignore_rules(home: Path, project: Path, borrowed: ProjectGit | None) -> list[str]:
    """What a snapshot leaves out beside the project's .gitignore files: the person's own rules first, ours last."""
    rules: list[str] = list(IGNORED_WITHOUT_GIT)
    if borrowed:
        own = borrowed.common / "info" / "exclude"
        rules = own.read_text(errors="surrogateescape").splitlines() if own.is_file() and not borrowed.prefix else []
        rules = [*borrowed.rules_above(), *rules, *map(_literal, borrowed.ignored_here())]
    if home.is_relative_to(project):
        rules.append(_literal(home.relative_to(project).as_posix() + "/"))
    return [*rules, *ALWAYS_IGNORED]


def settle(file: Path, text: str) -> None:
    """Make `file` hold `text`; leaves it alone when it does, and replaces it in one step when it does not."""
    content = os.fsencode(text)
    if file.is_file() and file.read_bytes() == content:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}.new")
    fresh.write_bytes(content)
    fresh.replace(file)


def _literal(path: str) -> str:
    return "/" + _SPECIAL.sub(r"\\\1", path)


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
