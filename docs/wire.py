"""Writes `wire.schema.json` and `wire.md` from the vocabulary: `python docs/wire.py`. A test says when they are old."""  # noqa: INP001 - a script

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

from devmesh.vocabulary.codec import MAX_MESSAGE, wire_schema
from devmesh.vocabulary.facts import AnyFact
from devmesh.vocabulary.record import kind_of
from devmesh.vocabulary.requests import PROTOCOL, AnyRequest

HERE = Path(__file__).parent

_HEAD = f"""# The wire

What travels between a coordinator and its clients: JSON text over a WebSocket on this machine, version {PROTOCOL}.
[wire.schema.json](wire.schema.json) is the JSON Schema of all of it. Both files are made by `python docs/wire.py`
from `devmesh.vocabulary`.

A client sends `{{"id": 1, "request": {{"kind": "...", ...}}}}`, with ids that grow by one, at most {MAX_MESSAGE} bytes,
and after a reconnect sends again, under the same id, what was not answered. The coordinator sends
`{{"facts": [{{"sequence": 17, "fact": {{"kind": "...", ...}}, ...}}], "reply_to": 1}}`: the facts of one turn that
concern the client. A fact with sequence 0 is told and not kept.

To get in, a client sends two headers: `Authorization: Bearer` with the token of its role from the connection file
(readable by its owner alone), and `X-DevMesh-Key` with a secret of its own, by which it is known again.
"""


def schema() -> str:
    """The text of `wire.schema.json`."""
    return json.dumps(wire_schema(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def page() -> str:
    """The text of `wire.md`."""
    return "\n".join((_HEAD, "## Requests\n", _table(AnyRequest), "\n## Facts\n", _table(AnyFact), ""))


def _table(union: object) -> str:
    rows = [
        f"| `{kind_of(each)}` | {', '.join(each.__struct_fields__)} | {_first_line(each)} |" for each in get_args(union)
    ]
    return "\n".join(("| kind | fields | what it says |", "|---|---|---|", *rows))


def _first_line(each: type) -> str:
    own = each.__dict__.get("__doc__") or ""
    return own.strip().partition("\n")[0].replace("|", "\\|")


if __name__ == "__main__":
    (HERE / "wire.schema.json").write_text(schema(), encoding="utf-8")
    (HERE / "wire.md").write_text(page(), encoding="utf-8")
