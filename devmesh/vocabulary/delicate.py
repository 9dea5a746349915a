"""Files that tell other tools, the editor or git what to do: nobody but the person lets them be written. A table."""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Obeyed(NamedTuple):
    """Names that are obeyed, and by whom."""

    names: tuple[str, ...]
    "Of a file, or of a folder with all below it, in any folder; or of what is in a folder: `.github/hooks`."
    why: str


DELICATE: Final = (
    Obeyed(
        (
            *("CLAUDE.md", "AGENTS.md", "GEMINI.md", "QWEN.md", "COPILOT.md"),
            *("CLAUDE.local.md", "AGENTS.local.md", "GEMINI.local.md", "QWEN.local.md", "COPILOT.local.md"),
            *("CLAUDE.override.md", "AGENTS.override.md", "GEMINI.override.md", "QWEN.override.md", "AGENT.md"),
            *("WARP.md", "CRUSH.md", ".goosehints", ".rules"),
        ),
        "instructions that agents read before anything else",
    ),
    Obeyed(
        (
            *(".claude", ".codex", ".gemini", ".qwen", ".factory", ".opencode", ".continue*", ".aider*", ".agents"),
            *(".amazonq", ".junie", ".kiro", ".roo", ".roorules*", ".roomodes", ".kilocode*", ".augment*", ".trae"),
            *(".agent", ".goose", ".crush*", ".openhands", ".sourcegraph", ".copilot", ".tabnine"),
        ),
        "settings, rules, commands, hooks and servers of agents",
    ),
    Obeyed((".cursor*", ".windsurf*", ".cline*"), "rules, hooks and servers of editors that are agents"),
    Obeyed((".mcp.json", "opencode.json", "opencode.jsonc", "crush.json"), "servers that agents start"),
    Obeyed(
        (
            *(".github/copilot-instructions.md", ".github/instructions", ".github/prompts", ".github/chatmodes"),
            *(".github/agents", ".github/skills", ".github/hooks"),
        ),
        "instructions and hooks of Copilot",
    ),
    Obeyed(
        (
            *(".github/workflows", ".github/actions", ".gitea/workflows", ".forgejo/workflows", ".gitlab-ci.yml"),
            *(".circleci", ".travis.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml"),
        ),
        "run by a service, with the secrets of the project, as soon as it is pushed",
    ),
    Obeyed((".vscode", "*.code-workspace"), "tasks, launches, settings, servers and extensions of VS Code"),
    Obeyed((".idea", "*.run.xml", ".fleet"), "run configurations, watchers and interpreters of JetBrains' editors"),
    Obeyed((".zed", ".helix", ".nvim.lua", ".nvimrc", ".vimrc", ".exrc", ".dir-locals*.el"), "settings of editors"),
    Obeyed(
        (".devcontainer", ".devcontainer.json", ".gitpod.yml", ".idx"),
        "run when the folder is opened in a container or a remote workplace",
    ),
    Obeyed((".gitattributes", ".gitmodules", ".gitconfig", ".lfsconfig"), "configuration of git"),
    Obeyed(
        (
            *(".husky", ".githooks", ".pre-commit-config.yaml", ".pre-commit-config.yml", ".overcommit.yml"),
            *("lefthook*.yml", "lefthook*.yaml", "lefthook*.toml", "lefthook*.json", ".lefthook*"),
            *(".lintstagedrc*", "lint-staged.config.*", ".simple-git-hooks.*", "simple-git-hooks.*"),
        ),
        "run when a commit is made",
    ),
    Obeyed(
        (
            *(".envrc", ".tool-versions", "mise.toml", "mise.*.toml", ".mise.toml", ".mise.*.toml", ".mise"),
            *(".config/mise", ".config/mise.toml"),
        ),
        "obeyed by the shell when it enters the folder",
    ),
    Obeyed((".npmrc", ".yarnrc*", ".cargo"), "where packages come from, and which program is run for the real one"),
)
"Not in it: what a person runs on purpose (Makefile, package.json) and code, however early it is run (conftest.py)."


def _pattern(name: str) -> str:
    """The name or anything below it; of a name in a folder also that folder's own, which may be made a link."""
    parts = ["[^/]*".join(map(re.escape, part.split("*"))) for part in name.split("/")]
    return f"{parts[0]}/?$|{'/'.join(parts)}(?:/|$)"


_ANY: Final = re.compile(
    "(?:^|/)(?:" + "|".join(_pattern(name) for row in DELICATE for name in row.names) + ")", re.IGNORECASE
)


def is_delicate(path: str) -> bool:
    """Whether a file of that path, from the project's folder on, would be obeyed by somebody.

    A folder that holds such files is delicate by its own name, too, with or without a `/` at the end: whoever makes
    `.github` a symbolic link, or takes it away, decides what lies below it. Whoever asks about a path that leads
    through symbolic links asks about every name of it: no file is looked at here.
    """
    return _ANY.search(path) is not None
