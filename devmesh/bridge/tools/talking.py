"""Which conversation belongs to which protocol. Each is loaded when it is first held: none knows another."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from devmesh.bridge.tools.entry import Known, Talk
from devmesh.bridge.tools.tool import Dialogue, Wants

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Subject:
    """What one conversation is about."""

    known: Known
    talk: Talk
    prompt: str
    workspace: Path
    wants: Wants


def dialogue(known: Known, talk: Talk, prompt: str, workspace: Path, wants: Wants) -> Dialogue:
    """A fresh conversation with that tool, not yet begun."""
    make: Callable[[Subject], Dialogue] = import_module(f"{__package__}.{talk.protocol}").converse
    return make(Subject(known, talk, prompt, workspace, wants))
