"""The one way in for what agents write: control characters go, and secrets do, before anything is kept or told.

What the person writes is left as it is: a prompt has to reach the tool word for word.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec import inspect, json
from msgspec.structs import replace

from devmesh.vocabulary import known, requests
from devmesh.vocabulary.codec import MAX_MESSAGE
from devmesh.vocabulary.plain import beginning
from devmesh.vocabulary.requests import AnyRequest
from devmesh.vocabulary.terms import PlannedTask, Probe, Role

WRITTEN_BY_AGENTS: Final[dict[type[Any], tuple[str, ...]]] = {
    requests.Join: ("model", "host", "probes", "confined"),
    requests.Leave: ("reason",),
    requests.Bid: ("reason",),
    requests.Decline: ("reason",),
    requests.Report: ("text",),
    requests.OfferChange: ("summary",),
    requests.Finish: ("summary",),
    requests.Review: ("remarks",),
    requests.ReportUsage: ("model", "conversation"),
    requests.Ask: ("text", "options", "default"),
    requests.AnswerQuestion: ("answer",),
    requests.ProposeFramework: ("overview", "tasks"),
    requests.ShareDiscovery: ("title", "text"),
}
"Which fields of which requests are free text of an agent or its tool."

WITHIN: Final[dict[type[Any], tuple[str, ...]]] = {
    Probe: ("way", "detail"),
    PlannedTask: ("title", "prompt"),
}
"The same for the values that such a field may hold several of."


NAMES: Final[dict[type[Any], tuple[str, ...]]] = {
    requests.RequestLock: ("targets",),
    requests.Start: ("workspace",),
    requests.OfferChange: ("files",),
    requests.ReportWrite: ("path",),
    requests.SearchKnowledge: ("query",),
    requests.ProposeFramework: ("tasks",),
}
"Which of their fields say names and paths, or hold what does: such a text cannot be changed, only refused."


def _most(kind: type[Any], name: str) -> int:
    of = inspect.type_info(kind)
    assert isinstance(of, inspect.StructType)  # noqa: S101 - requests and what they hold are
    (field,) = (one for one in of.fields if one.name == name)
    return min(_limits(field.type), default=MAX_MESSAGE)


def _limits(kind: inspect.Type) -> Iterator[int]:
    match kind:
        case inspect.StrType(max_length=int() as most):
            yield most
        case inspect.UnionType(types=kinds):
            for one in kinds:
                yield from _limits(one)
        case inspect.VarTupleType(item_type=one):
            yield from _limits(one)


MOST: Final = {
    (kind, name): _most(kind, name)
    for table in (WRITTEN_BY_AGENTS, WITHIN)
    for kind, names in table.items()
    for name in names
}
"Characters that the text of such a field may have: what is recorded has to be readable again."

NEVER_EMPTY: Final = {requests.ShareDiscovery: "text", requests.Ask: "text"}
"Where a space is left of a text that had nothing to show."


def harmless(request: AnyRequest, role: Role = Role.AGENT) -> AnyRequest:
    """The request with its free text cleaned; the very same object where there was nothing to clean.

    An answer of the person's has to reach the tool word for word; anybody else's text is cleaned whoever says it.
    """
    if role is Role.OPERATOR and isinstance(request, requests.AnswerQuestion):
        return request
    changed = _changed(request, WRITTEN_BY_AGENTS.get(type(request), ()))
    if not changed:
        return request
    kept = NEVER_EMPTY.get(type(request))
    if kept is not None and not changed.get(kept, getattr(request, kept)):
        changed[kept] = " "
    return replace(request, **changed)


def names_a_secret(request: AnyRequest) -> bool:
    """Whether a name or path in it has a known secret in it."""
    values = [getattr(request, name) for name in NAMES.get(type(request), ())]
    return bool(values) and bool(known.spans(json.encode(values).decode()))


def _changed(value: Any, fields: tuple[str, ...]) -> dict[str, Any]:
    kind = type(value)
    found = {name: _cleaned(before, MOST[kind, name]) for name in fields if (before := getattr(value, name))}
    return {name: after for name, after in found.items() if after != getattr(value, name)}


def _cleaned(value: Any, most: int) -> Any:
    """A text, several, or several values with texts in them. A secret may be shorter than what is put in its place."""
    if isinstance(value, str):
        return beginning(value, most)
    if isinstance(value, tuple):
        return tuple(_cleaned(one, most) for one in value)
    changed = _changed(value, WITHIN[type(value)])
    return replace(value, **changed) if changed else value
