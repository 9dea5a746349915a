"""How the command prints: colour only on a terminal, JSON for a program, no text that could steer a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from devmesh.errors import DevMeshError
from devmesh.vocabulary.plain import plain

_WIDE = 200
"Columns where there is no terminal to measure: no line is cut for a program or a log."


def console(*, stderr: bool = False) -> Console:
    """A console for standard output or error; rich itself leaves the colour out where no terminal is."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else _WIDE, highlight=False)


def say(text: str) -> None:
    """One piece of plain text."""
    console().print(escape(plain(text)), soft_wrap=True)


def put_json(value: Any) -> None:
    """One JSON value on a line, ASCII only, so that no terminal or pipe can misread it."""
    sys.stdout.write(json.dumps(value, default=str) + "\n")


def put_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table; long cells are folded, never cut."""
    table = Table(title=title or None, box=None, pad_edge=False, header_style="bold", title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(plain("" if cell is None else str(cell))) for cell in row))
    console().print(table)


def complain(error: DevMeshError, *, as_json: bool) -> None:
    """An error as one message with its hint on standard error; as JSON on standard output where a program reads."""
    if as_json:
        put_json(error.as_json())
        return
    console(stderr=True).print(f"[red]devmesh:[/] {escape(plain(error.message))}", soft_wrap=True)
    if error.hint:
        console(stderr=True).print(escape(plain(error.hint)), soft_wrap=True)
