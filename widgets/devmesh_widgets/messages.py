"""What a front end may say to its panel, strictly decoded: it is a web page, and nothing it says is trusted."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

ViewName = Annotated[str, Meta(min_length=1, max_length=64)]


class _Said(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=str.lower, forbid_unknown_fields=True):
    """One message."""


class Open(_Said, frozen=True, kw_only=True):
    """A view is displayed, and knows nothing yet."""

    view: ViewName


class Here(_Said, frozen=True, kw_only=True):
    """A view is still displayed."""

    view: ViewName


class Closed(_Said, frozen=True, kw_only=True):
    """A view was taken away."""

    view: ViewName


class Gap(_Said, frozen=True, kw_only=True):
    """An update is missing: tell everything again."""


class Ask(_Said, frozen=True, kw_only=True):
    """A button was pressed."""

    id: Annotated[int, Meta(ge=1)]
    action: Annotated[str, Meta(max_length=40)]
    key: Annotated[str, Meta(max_length=200)] | int
    reason: Annotated[str, Meta(max_length=500)] = ""


Said = Open | Here | Closed | Gap | Ask


def understood(content: object) -> Said:
    """The message, or msgspec.ValidationError naming the field."""
    said: Said = msgspec.convert(content, type=Said)
    return said
