"""Where a script is performed, and how it can end before its last line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from devmesh.scripted.editing import CannotEdit
from devmesh.scripted.stream import Stream


class Ended(Exception):
    """The script is over before its last line: with a result, or (code given) without one."""

    def __init__(self, text: str, *, error: bool, code: int | None = None, status: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.error = error
        self.code = code
        self.status = status


@dataclass
class Surroundings:
    """Where a script is performed, and what it has to say at the end."""

    root: Path
    stream: Stream
    answer: str | None = None
    budget: float | None = None
    "US dollars it may spend."

    def path(self, named: str) -> Path:
        """A path inside the working directory. Raises CannotEdit for one that leads out; `outside` is for that."""
        path = (self.root / named).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise CannotEdit(f"{named} is outside the working directory")
        return path
