"""The forms: which request each one fills in. A table; whether it is granted is decided elsewhere."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from devmesh.vocabulary.record import Request
from devmesh.vocabulary.requests import (
    AnswerQuestion,
    PostTask,
    ReprioritiseTask,
    Review,
    SetAnswerRule,
    SetBudget,
    SetGoal,
    ShareDiscovery,
)
from devmesh.vocabulary.terms import Tool
from devmesh_widgets.messages import Do


class Launch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Start agents of a tool. No request of the mesh: a process of the person's."""

    tool: Tool
    count: Annotated[int, Meta(ge=1, le=20)] = 1


class Keep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let a write behind the gate stand: it is listed no more. No request: it is in the project, and on record."""

    write: Annotated[int, Meta(ge=1)]


Deed = Request | Launch | Keep

DEEDS: Final[dict[str, type[Deed]]] = {
    "answer": AnswerQuestion,
    "budget": SetBudget,
    "goal": SetGoal,
    "judge": Review,
    "keep": Keep,
    "launch": Launch,
    "post": PostTask,
    "prioritise": ReprioritiseTask,
    "rule": SetAnswerRule,
    "share": ShareDiscovery,
}


def filled(form: Do) -> Deed:
    """The request a form stands for, as strict as if it had come over the wire.

    Raises ValueError with a line for the person when there is no such form or a field does not fit.
    """
    if form.deed not in DEEDS:
        raise ValueError(f"there is no form {form.deed!r}")
    fields: dict[str, Any] = {name: value for name, value in form.fields.items() if name != "kind"}
    try:
        return msgspec.convert(fields, type=DEEDS[form.deed])
    except msgspec.ValidationError as wrong:
        said, _, where = str(wrong).partition(" - at `$.")
        raise ValueError(f"{where.rstrip('`')}: {said}" if where else said) from None
