"""The record in the format a client takes: JSON, CSV or Arrow. Knows frames and media types; no mesh."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from devmesh.errors import Malformed

if TYPE_CHECKING:
    import pandas as pd

JSON: Final = "application/json"
CSV: Final = "text/csv"
ARROW: Final = "application/vnd.apache.arrow.stream"
FORMATS: Final = {"json": JSON, "csv": CSV, "arrow": ARROW}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class NotAcceptable(Malformed):
    """The client takes nothing that can be given here."""


def wanted(name: str | None, accept: str) -> str:
    """The media type by `format=`, else by the Accept header. Raises NotAcceptable with what there is."""
    if name:
        if name not in FORMATS:
            raise NotAcceptable(f"format={name[:20]!r}: there are json, csv and arrow", field="format")
        chosen = FORMATS[name]
    else:
        chosen = _accepted(accept)
    if chosen == ARROW and find_spec("pyarrow") is None:
        raise NotAcceptable("Arrow is given where pyarrow is installed", field="format", hint="pip install pyarrow")
    return chosen


def _accepted(accept: str) -> str:
    asked = [part.partition(";")[0].strip().lower() for part in accept.split(",") if part.strip()]
    for one in asked:
        if one in {"*/*", "application/*"}:
            return JSON
        if one in FORMATS.values():
            return one
    if asked:
        raise NotAcceptable(f"of {', '.join(FORMATS.values())} none is accepted", field="Accept")
    return JSON


def written(frame: pd.DataFrame, media_type: str) -> bytes:
    """The whole frame. In CSV no cell can be taken for a formula by a spreadsheet: such a text begins with `'`."""
    if media_type == CSV:
        return _harmless(frame).to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%S.%fZ").encode()
    if media_type == ARROW:
        return _arrow(frame)
    return (frame.to_json(orient="records", date_format="iso", date_unit="us") or "[]").encode()


def _harmless(frame: pd.DataFrame) -> pd.DataFrame:
    texts = [name for name, kind in frame.dtypes.items() if str(kind) in {"str", "category", "object", "string"}]
    return frame.assign(**{str(name): frame[name].astype("object").map(_cell) for name in texts})


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _arrow(frame: pd.DataFrame) -> bytes:
    pa: Any = import_module("pyarrow")

    table = pa.Table.from_pandas(frame, preserve_index=False)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    found: bytes = sink.getvalue().to_pybytes()
    return found
