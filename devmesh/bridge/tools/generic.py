"""The one adapter for every CLI that takes a prompt, edits files and says how it went: all of it from the registry."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from uuid import uuid4

from devmesh.bridge.tools.catalogue import CONVERSATION, Known, environment_of, executable_of, find, packages
from devmesh.bridge.tools.entry import Talk, Told
from devmesh.bridge.tools.papers import Papers
from devmesh.bridge.tools.reading import OutputReader
from devmesh.bridge.tools.talking import dialogue
from devmesh.bridge.tools.tool import Dialogue, Invocation, Program, Purpose, Reader, Transport, Wants
from devmesh.errors import DevMeshError, ToolNotFound
from devmesh.vocabulary.terms import Badge, Resources

LONGEST_ARGUMENT = 128 * 1024 - 1
"Linux takes no longer single argument; its end is the byte that ends the text."
_NOTHING = Wants()
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_TRANSPORTS = {"acp": Transport.ACP, "claude": Transport.TWO_WAY, "codex": Transport.TWO_WAY}


class GenericTool:
    """A tool as its entry describes it."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self.name, self.entry = known.name, known.entry

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
        """How it is talked with when it is to ask; the rest of the time one command is enough."""
        return _TRANSPORTS[self.entry.talk.protocol] if self.entry.talk else Transport.COMMAND

    @property
    def resumes(self) -> bool:
        """Whether a conversation can be continued by its name."""
        return bool(self.entry.resume)

    @property
    def takes_mcp(self) -> bool:
        """Whether it can be told of an MCP server, on its command line or by its protocol."""
        return self.entry.mcp is not None or self.transport is Transport.ACP

    def invocation(
        self,
        prompt: str,
        workspace: Path,
        purpose: Purpose = Purpose.WORK,
        options: Sequence[str] = (),
        wants: Wants = _NOTHING,
    ) -> Invocation:
        """The call. What the tool is to read lies beside the workspace, where no commit takes it in.

        Raises ToolNotFound when the program is gone, DevMeshError for a prompt too long for this tool.
        """
        entry, talk = self.entry, self._talk(wants)
        if talk is None and entry.prompt == "argument" and len(prompt.encode()) > LONGEST_ARGUMENT:
            raise DevMeshError(
                f"{entry.title} takes its prompt as an argument, and {len(prompt.encode())} bytes are too long for one",
                hint="Make the task's text shorter, or choose a tool that reads its prompt.",
            )
        papers = Papers(wants.papers or workspace)
        places = self._places(prompt, workspace, papers, wants)
        told, env = self._told(wants, papers, talk)
        called = talk or entry
        conversation = called.resume if wants.resume and called.resume else called.new
        extra = entry.budget if wants.dollars is not None else ()
        given = b""
        if talk is None:
            extra = (*entry.purposes.get(purpose.value, ()), *extra)
            given = prompt.encode(errors="replace") if entry.prompt == "stdin" else b""
            if entry.prompt == "file":
                papers.prompt.write_text(prompt, encoding="utf-8", errors="replace")
        return Invocation(
            argv=(
                *_filled((*_spliced(called.command, conversation), *extra), places),
                *told,
                *options,
                *_filled(_spliced(called.trailing, conversation), places),
            ),
            env=environment_of(entry, env),
            given=given,
        )

    def reader(self, prompt: str, workspace: Path, wants: Wants = _NOTHING) -> Reader | Dialogue:
        """A fresh reader for one run: one that also speaks, when the tool is to ask and can."""
        talk = self._talk(wants)
        return dialogue(self._known, talk, prompt, workspace, wants) if talk else OutputReader(self._known)

    def _talk(self, wants: Wants) -> Talk | None:
        return self.entry.talk if wants.asks else None

    def _places(self, prompt: str, workspace: Path, papers: Papers, wants: Wants) -> dict[str, str]:
        return {
            "executable": self.executable(),
            "python": sys.executable,
            "packages": packages(),
            "prompt_file": str(papers.prompt),
            "papers": str(papers.stem),
            "workspace": str(workspace),
            "session": str(uuid4()),
            "resume": wants.resume,
            "dollars": f"{wants.dollars or 0:.4f}",
            "model": self.entry.model,
            "prompt": prompt.replace("\0", ""),  # no argument can hold one
        }

    def _told(self, wants: Wants, papers: Papers, talk: Talk | None) -> tuple[list[str], dict[str, str]]:
        """The arguments and variables by which it learns of our programs; what they point at is written."""
        pairs: list[tuple[Told, Program]] = []
        by_protocol = talk is not None and talk.protocol == "acp" and not talk.told
        if wants.mcp is not None and self.entry.mcp is not None and not by_protocol:
            pairs.append((self.entry.mcp, wants.mcp))
        if wants.hook is not None and self.entry.hook is not None and talk is None:
            pairs.append((self.entry.hook, wants.hook))
        arguments, env = papers.tell(pairs)
        return arguments, {**env, **(_filled_values(talk.env, papers) if talk else {})}


def prompt_file_of(workspace: Path) -> Path:
    """Where the prompt of a workspace's run is written, for tools that read a file."""
    return Papers(workspace).prompt


def _filled_values(env: Mapping[str, str], papers: Papers) -> dict[str, str]:
    return {name: value.replace("{papers}", str(papers.stem)) for name, value in env.items()}


def _spliced(arguments: Sequence[str], conversation: Sequence[str]) -> list[str]:
    return list(chain.from_iterable(conversation if one == CONVERSATION else (one,) for one in arguments))


def _filled(arguments: Sequence[str], places: Mapping[str, str]) -> list[str]:
    """Their placeholders filled in; what was filled in is not looked at again."""
    return [_PLACEHOLDER.sub(lambda found: places.get(found[1], found[0]), one) for one in arguments]
