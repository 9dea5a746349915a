"""The one base of everything that can be said: a frozen, tagged, validating record."""

from __future__ import annotations

import re
from typing import Any, ClassVar, dataclass_transform

import msgspec

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def tag_of(name: str) -> str:
    """`LockGranted` -> `lock_granted`: the word used on the wire, in the audit and in `mesh.audit.df("lock_*")`."""
    return _WORD_START.sub("_", name).lower()


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen value. Fields may be added, always with a default; none is ever repurposed."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Request(Record, frozen=True, kw_only=True, tag=tag_of, tag_field="kind", forbid_unknown_fields=True):
    """Something a peer asks for. Unknown fields are refused: a misspelt option must not be silently ignored."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Fact(Record, frozen=True, kw_only=True, tag=tag_of, tag_field="kind"):
    """Something that happened. Unknown fields are ignored, so an older reader understands a newer mesh."""

    recorded: ClassVar[bool] = True
    "False for the few facts that are told but not kept: losing one in a crash is harmless."


def kind_of(said: Request | Fact | type[Any]) -> str:
    """The tag of a request or fact, or of its class."""
    return str((said if isinstance(said, type) else type(said)).__struct_config__.tag)
