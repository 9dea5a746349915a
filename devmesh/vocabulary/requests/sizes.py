"""How much one request may hold, and the version of the protocol."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from devmesh.vocabulary.terms import (
    Number,
    Path,
)

PROTOCOL = 1
"Raised when a meaning changes; a peer with another number is refused with a clear error."

MOST_FILES = 1000
"Files of one change, and targets of one lock request."

MOST_WRITES = 10_000
"Writes behind the gate that one attempt may report: as many as a person's own `git checkout` may make meanwhile."

Targets = Annotated[tuple[Path, ...], Meta(min_length=1, max_length=MOST_FILES)]
Tokens = Annotated[tuple[Number, ...], Meta(max_length=1000)]
