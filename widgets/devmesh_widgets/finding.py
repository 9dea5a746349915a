"""What a panel is told when it looks something up or sends a form: harmless text, of bounded size, or why not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from devmesh.vocabulary.plain import plain
from devmesh_widgets.deeds import filled
from devmesh_widgets.messages import Do, Look
from devmesh_widgets.source import Finder

TEXT_LIMIT: Final = 40_000
"Characters of one text that reach the browser."
LIST_LIMIT: Final = 500
SIZE_LIMIT: Final = 100_000
"Bytes of one answer, as JSON."

Say = Callable[[dict[str, Any]], None]


def answer(source: object, said: Look | Do, say: Say) -> None:
    """Look it up, or do what the form says; `say` is called once with the answer."""
    if isinstance(said, Look):
        _answered(source, said.id, say, lambda finder, told: finder.look(said, told))
    else:
        _answered(source, said.id, say, lambda finder, told: finder.do(filled(said), told))


def _answered(source: object, number: int, say: Say, go: Callable[[Finder, Callable[[object], None]], None]) -> None:
    def told(found: object) -> None:
        if isinstance(found, BaseException):
            why = plain(str(found).partition("\n")[0]) or type(found).__name__
            say({"kind": "found", "id": number, "refused": why})
        else:
            say({"kind": "found", "id": number, "found": harmless(found)})

    if not isinstance(source, Finder):
        told(LookupError("only a mesh that runs can be asked this"))
        return
    try:
        go(source, told)
    except Exception as wrong:  # noqa: BLE001  # whatever it is, the person who asked is told
        told(wrong)


def harmless(found: object) -> Any:
    """The same value in plain text, its longest texts cut until it fits."""
    limit, answer = TEXT_LIMIT, _cut(found, TEXT_LIMIT)
    while len(msgspec.json.encode(answer)) > SIZE_LIMIT and limit > 1:
        limit //= 2
        answer = _cut(found, limit)
    return answer


def _cut(value: Any, limit: int) -> Any:
    if isinstance(value, str):
        text = plain(value[: 2 * limit])
        return text if len(value) <= limit else f"{text[:limit]}\n… {len(value) - limit} characters more"
    if isinstance(value, dict):
        return {str(key): _cut(item, limit) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cut(item, limit) for item in value[: min(LIST_LIMIT, max(1, limit))]]
    return round(value, 3) if isinstance(value, float) else value
