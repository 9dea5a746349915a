"""The files a CLI is given to read beside its prompt: which of our programs to start, and when. Knows no CLI."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from devmesh.bridge.tools.entry import Told
from devmesh.bridge.tools.tool import Program

_PLACEHOLDER = re.compile(r"\{(command|arguments|argv|env|table|line|papers)\}")


class Papers:
    """What lies beside one workspace, under its name: `<workspace>.<anything>`."""

    def __init__(self, workspace: Path) -> None:
        self.stem = workspace

    @property
    def prompt(self) -> Path:
        """Where the prompt is written, for tools that read a file."""
        return self.stem.with_name(f"{self.stem.name}.prompt")

    @property
    def own(self) -> Path:
        """The folder for what the CLI itself writes beside its workspace: nowhere else there may a confined one."""
        return self.stem.with_name(f"{self.stem.name}.own")

    def make_own(self, argv: Iterable[str]) -> None:
        """Make that folder, for a CLI whose command line names something in it."""
        if any(word.startswith(f"{self.own}{os.sep}") for word in argv):
            self.own.mkdir(mode=0o700, exist_ok=True)

    def tell(self, pairs: Sequence[tuple[Told, Program]]) -> tuple[list[str], dict[str, str]]:
        """The arguments and variables that tell a CLI of these programs. The files they speak of are written.

        Files that share a name become one; so do variables whose values are JSON.
        """
        arguments: list[str] = []
        env: dict[str, str] = {}
        files: dict[str, Any] = {}
        for told, program in pairs:
            fill = _Filling(program, str(self.stem))
            arguments += map(fill.text, told.arguments)
            for name, template in told.env.items():
                env[name] = _joined(env.get(name), fill.text(template))
            for name, template in told.files.items():
                files[name] = _merged(files.get(name, {}), json.loads(fill.text(template)))
        for name, content in files.items():
            self._write(name, json.dumps(content, indent=1))
        return arguments, env

    def _write(self, name: str, text: str) -> None:
        file = self.stem.parent / f"{self.stem.name}.{name}"
        file.parent.mkdir(mode=0o700, exist_ok=True)
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as writing:
            writing.write(text)


class _Filling:
    """A program, in the forms that templates want it in: JSON, mostly, which TOML reads too."""

    def __init__(self, program: Program, papers: str) -> None:
        env = ", ".join(f"{json.dumps(name)} = {_json(value)}" for name, value in program.env.items())
        self._forms = {
            "command": _json(program.argv[0]),
            "arguments": _json(list(program.argv[1:])),
            "argv": _json(list(program.argv)),
            "env": _json(dict(program.env)),
            "table": f"{{{env}}}",
            "line": _json(shlex.join([*_assignments(program.env), *program.argv])),
            "papers": papers,
        }

    def text(self, template: str) -> str:
        return _PLACEHOLDER.sub(lambda found: self._forms[found[1]], template)


def _assignments(env: Mapping[str, str]) -> list[str]:
    """A command line that sets them first: a CLI may keep its own variables from the hooks it runs."""
    return ["env", *(f"{name}={value}" for name, value in env.items())] if env else []


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _joined(before: str | None, after: str) -> str:
    if before is None or before == after:
        return after
    return _json(_merged(json.loads(before), json.loads(after)))


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged
