"""What the program remembers of one conversation, in a file: as real CLIs do, only for the folder it began in."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


class Forgotten(Exception):
    """There is no such conversation, here."""


@dataclass
class Memory:
    """A conversation: its name, where it was held, the script it was given, and how far that got."""

    session: str
    folder: str
    script: str
    again: str = ""
    "What to do instead when it is continued after its end."
    done: int = 0
    "Steps that were done."
    ended: bool = False

    def keep(self, file: Path | None) -> None:
        """Write it down, all or nothing; without a file it is forgotten."""
        if file is None:
            return
        beside = file.with_name(f"{file.name}.new")
        beside.write_text(json.dumps(asdict(self)))
        beside.replace(file)


def recall(file: Path | None, session: str, folder: Path) -> Memory:
    """That conversation. Raises Forgotten when the file holds none of that name and folder."""
    try:
        memory = Memory(**json.loads(file.read_text())) if file is not None else None
    except (OSError, ValueError, TypeError):
        memory = None
    if memory is None or (memory.session, memory.folder) != (session, str(folder)):
        raise Forgotten(f"No conversation found with session ID: {session}")
    return memory
