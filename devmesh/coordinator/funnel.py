"""The one way in for what agents write: control characters go, and secrets do, before anything is kept or told.

What the person writes is left as it is: a prompt has to reach the tool word for word.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from devmesh.vocabulary import requests
from devmesh.vocabulary.plain import plain, redact
from devmesh.vocabulary.requests import AnyRequest

WRITTEN_BY_AGENTS: Final[dict[type[Any], tuple[str, ...]]] = {
    requests.Join: ("model", "host"),
    requests.Leave: ("reason",),
    requests.Bid: ("reason",),
    requests.Decline: ("reason",),
    requests.Report: ("text",),
    requests.OfferChange: ("summary",),
    requests.Finish: ("summary",),
    requests.Review: ("remarks",),
    requests.ProposeFramework: ("overview",),
    requests.ShareDiscovery: ("title", "text"),
    requests.ReportUsage: ("model", "conversation"),
    requests.Ask: ("text", "default"),
    requests.AnswerQuestion: ("answer",),
}
"Which fields of which requests are free text of an agent or its tool."


def harmless(request: AnyRequest) -> AnyRequest:
    """The request with its free text cleaned; the very same object where there was nothing to clean."""
    fields = WRITTEN_BY_AGENTS.get(type(request), ())
    cleaned: dict[str, Any] = {name: _clean(text) for name in fields if (text := getattr(request, name))}
    if isinstance(request, requests.Ask):
        cleaned["options"] = tuple(map(_clean, request.options))
    if isinstance(request, requests.Join):
        cleaned["probes"] = tuple(
            replace(probe, way=_clean(probe.way), detail=_clean(probe.detail)) for probe in request.probes
        )
    changed = {name: text for name, text in cleaned.items() if text != getattr(request, name)}
    if not changed:
        return request
    if isinstance(request, requests.ShareDiscovery | requests.Ask) and not changed.get("text", request.text):
        changed["text"] = " "
    return replace(request, **changed)


def _clean(text: str) -> str:
    return redact(plain(text))
