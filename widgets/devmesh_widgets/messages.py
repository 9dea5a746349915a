"""What a front end may say to its panel, strictly decoded: it is a web page, and nothing it says is trusted."""

from __future__ import annotations

from typing import Annotated, Any

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


class Window(_Said, frozen=True, kw_only=True):
    """A table of a view shows these places of a section; `count` 0: none any more."""

    view: ViewName
    table: Annotated[str, Meta(max_length=64)]
    section: Annotated[str, Meta(max_length=20)]
    first: Annotated[int, Meta(ge=0, le=1_000_000_000)]
    count: Annotated[int, Meta(ge=0, le=100_000)]


class Ask(_Said, frozen=True, kw_only=True):
    """A button was pressed."""

    id: Annotated[int, Meta(ge=1)]
    action: Annotated[str, Meta(max_length=40)]
    key: Annotated[str, Meta(max_length=200)] | int
    reason: Annotated[str, Meta(max_length=500)] = ""


class Look(_Said, frozen=True, kw_only=True):
    """Somebody opened something: find what is not in the rows. Answered by `found`."""

    id: Annotated[int, Meta(ge=1)]
    what: Annotated[str, Meta(max_length=40)]
    key: Annotated[str, Meta(max_length=4096)] | int = ""
    words: Annotated[str, Meta(max_length=500)] = ""
    before: Annotated[int, Meta(ge=0)] = 0
    "Only what is older than this number; 0: the newest."


class Do(_Said, frozen=True, kw_only=True):
    """A form was sent. Answered by `found`: what came of it."""

    id: Annotated[int, Meta(ge=1)]
    deed: Annotated[str, Meta(max_length=40)]
    fields: Annotated[dict[str, Any], Meta(max_length=30)] = {}


Said = Open | Here | Closed | Gap | Window | Ask | Look | Do


def understood(content: object) -> Said:
    """The message, or msgspec.ValidationError naming the field."""
    said: Said = msgspec.convert(content, type=Said)
    return said
