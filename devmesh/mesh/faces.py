"""How the mesh and its nouns show themselves: a live widget in a notebook, a table of text everywhere else.

The roof is named by text and asked only when something is shown, so that a mesh without a notebook never loads one.
"""

from __future__ import annotations

import html
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from devmesh.mesh.operations import Operations

_PANELS = "devmesh.jupyter.panels"
_REPLAYING = "devmesh.jupyter.replaying"


class Plain(Protocol):
    """Whatever can show itself without a widget."""

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]: ...


def widget(name: str, operations: Operations) -> Any:
    """A live panel by its name, a key of `devmesh.jupyter.panels.PANELS`. Raises ImportError without widgets."""
    return import_module(_PANELS).panel(name, operations)


def replay(operations: Operations) -> Any:
    """A slider over the record with a dashboard below. ImportError without widgets, StorageError without a record."""
    return import_module(_REPLAYING).replay(operations.record)


def bundle(name: str, operations: Operations, fallback: Plain) -> Any:
    """What a cell shows: the live panel in a kernel, the fallback on a terminal or where widgets are missing."""
    if in_kernel():
        try:
            return widget(name, operations)._repr_mimebundle_()
        except ImportError:
            pass
    return fallback._repr_mimebundle_()


def in_kernel() -> bool:
    """Whether this code runs in a Jupyter kernel."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")


def table(caption: str, columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> dict[str, str]:
    """A small table as aligned text and as escaped HTML."""
    cells = [[_cell(value) for value in row] for row in rows]
    if not cells:
        return {"text/plain": f"{caption}: none", "text/html": f"<p>{html.escape(caption)}: none</p>"}
    widths = [max(len(line[index]) for line in (columns, *cells)) for index in range(len(columns))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (columns, *cells)
    ]
    head = "".join(f"<th style='text-align:left'>{html.escape(name)}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td style='text-align:left'>{html.escape(cell)}</td>" for cell in row) + "</tr>"
        for row in cells
    )
    return {"text/plain": "\n".join(lines), "text/html": f"<table><tr>{head}</tr>{body}</table>"}


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:.1f}" if isinstance(value, float) else str(value)
