"""`devmesh credentials`: who may come in by a secret of its own."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devmesh.errors import Malformed
from devmesh.terminal import exits
from devmesh.terminal.options import AsJson, Project
from devmesh.terminal.printing import put_json, put_table, say

if TYPE_CHECKING:
    from devmesh.mesh import Mesh


class Action(StrEnum):
    """What is done with them."""

    LIST = "list"
    ISSUE = "issue"
    REVOKE = "revoke"


class For(StrEnum):
    """Whom one is issued for. The person's own is in the connection file, and nobody else's."""

    AGENT = "agent"
    OBSERVER = "observer"


def credentials(
    action: Annotated[Action, typer.Argument(help="list, issue, or revoke NUMBER.")] = Action.LIST,
    number: Annotated[int | None, typer.Argument(help="Which one to revoke.")] = None,
    project: Project = Path(),
    role: Annotated[For, typer.Option(help="What it may do.")] = For.AGENT,
    label: Annotated[str, typer.Option(help="For whom, in your words.")] = "",
    into: Annotated[
        Path | None, typer.Option(help="Write the secret to this new file (0600), not to the screen.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Let single clients in by secrets of their own.

    A secret is shown once. Revoking one ends the sessions it has opened at once.
    """
    from devmesh.mesh import connect

    mesh = connect(project)
    try:
        match action:
            case Action.ISSUE:
                _issue(mesh, label, role, into, as_json=as_json)
            case Action.REVOKE:
                if number is None:
                    raise Malformed("which credential?", field="number", hint="`devmesh credentials` lists them.")
                say(str(mesh.credentials.revoke(number)))
            case Action.LIST:
                rows = mesh.credentials.rows()
                columns = mesh.credentials.columns
                put_json([dict(zip(columns, row, strict=True)) for row in rows]) if as_json else put_table(
                    "", columns, rows
                )
    finally:
        mesh.close()
    return exits.DONE


def _issue(mesh: Mesh, label: str, role: For, into: Path | None, *, as_json: bool) -> None:
    from devmesh.bridge.credential import leave_secret

    issued = mesh.credentials.issue(label, role)
    shown = issued.secret
    if into is not None:
        left = leave_secret(into.absolute().parent, issued.secret)
        left.rename(into)
        shown = ""
    if as_json:
        put_json({"credential": issued.number, "role": issued.role, "secret": shown or None})
    else:
        say(f"credential {issued.number} ({issued.role})" + (f": {shown}" if shown else f" in {into}"))
