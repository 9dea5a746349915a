"""The one adapter for every CLI that takes a prompt, edits files and says how it went: all of it from the registry."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from devmesh.bridge.tools.catalogue import Known, environment_of, executable_of, find, packages
from devmesh.bridge.tools.reading import OutputReader
from devmesh.bridge.tools.tool import Invocation, Purpose, Transport, Wants
from devmesh.errors import DevMeshError, ToolNotFound
from devmesh.vocabulary.terms import Badge, Resources

_NOTHING = Wants()
LONGEST_ARGUMENT = 128 * 1024 - 1
"Linux takes no longer single argument; its end is the byte that ends the text."
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class GenericTool:
    """A tool as its entry describes it."""

    def __init__(self, known: Known) -> None:
        self.name, self.entry, self._rules = known

    @classmethod
    def find(cls, name: str, home: Path | None = None) -> GenericTool:
        """The tool of that name. Raises ToolNotFound for one that is unknown, or not installed; says how to get it."""
        tool = cls(find(name, home))
        tool.executable()
        return tool

    def executable(self) -> str:
        """Where its program is. Raises ToolNotFound."""
        found = executable_of(self.entry)
        if found is None:
            names = " or ".join(self.entry.executables)
            raise ToolNotFound(f"{self.entry.title}: {names} is not on PATH", hint=f"Install it: {self.entry.install}")
        return found

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What tasks may ask for."""
        return self.entry.capabilities

    @property
    def declared(self) -> Resources:
        """What one run takes."""
        return Resources(ram_gb=self.entry.ram_gb, vram_gb=self.entry.vram_gb)

    @property
    def badge(self) -> Badge:
        """Each run has a workspace of its own."""
        return self.entry.badge

    @property
    def edits(self) -> bool:
        """False for one that only answers."""
        return self.entry.edits

    @property
    def confidence(self) -> float:
        """Its bid."""
        return self.entry.confidence

    @property
    def silence(self) -> float:
        """Seconds without output after which it counts as hanging."""
        return self.entry.silence

    @property
    def model(self) -> str:
        """The model it is told to use, where the registry names one."""
        return self.entry.model

    @property
    def transport(self) -> Transport:
        """How it is talked with."""
        return Transport.COMMAND

    @property
    def resumes(self) -> bool:
        """Whether a conversation can be continued by its name."""
        return False

    def invocation(
        self,
        prompt: str,
        workspace: Path,
        purpose: Purpose = Purpose.WORK,
        options: Sequence[str] = (),
        wants: Wants = _NOTHING,
    ) -> Invocation:
        """The call. A prompt file lies beside the workspace, where no commit takes it in.

        Raises ToolNotFound when the program is gone, DevMeshError for a prompt too long for this tool.
        """
        del wants
        entry = self.entry
        if entry.prompt == "argument" and len(prompt.encode()) > LONGEST_ARGUMENT:
            raise DevMeshError(
                f"{entry.title} takes its prompt as an argument, and {len(prompt.encode())} bytes are too long for one",
                hint="Make the task's text shorter, or choose a tool that reads its prompt.",
            )
        places = {
            "executable": self.executable(),
            "python": sys.executable,
            "packages": packages(),
            "prompt_file": str(prompt_file_of(workspace)),
            "workspace": str(workspace),
            "session": str(uuid4()),
            "model": entry.model,
            "prompt": prompt.replace("\0", ""),  # no argument can hold one
        }
        if entry.prompt == "file":
            prompt_file_of(workspace).write_text(prompt, encoding="utf-8", errors="replace")
        called = (*entry.command, *entry.purposes.get(purpose.value, ()))
        return Invocation(
            argv=(*_filled(called, places), *options, *_filled(entry.trailing, places)),
            env=environment_of(entry),
            given=prompt.encode(errors="replace") if entry.prompt == "stdin" else b"",
        )

    def reader(self, prompt: str, workspace: Path, wants: Wants = _NOTHING) -> OutputReader:
        """A fresh reader for one run."""
        del prompt, workspace, wants
        return OutputReader(self.entry, self._rules)


def prompt_file_of(workspace: Path) -> Path:
    """Where the prompt of a workspace's run is written, for tools that read a file."""
    return workspace.with_name(f"{workspace.name}.prompt")


def _filled(arguments: Sequence[str], places: Mapping[str, str]) -> list[str]:
    """Their placeholders filled in; what was filled in is not looked at again."""
    return [_PLACEHOLDER.sub(lambda found: places.get(found[1], found[0]), one) for one in arguments]
