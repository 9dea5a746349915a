"""The rows of one moment as plain text and as HTML tables: for exports, terminals, notebooks without a kernel.

Every cell is escaped; a dollar or a backslash stands in a span of its own, so that no typesetter takes a formula in it.
"""

from __future__ import annotations

import html as markup
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from devmesh_widgets.rows import Health, Row, View
from devmesh_widgets.sections import SECTIONS, short
from devmesh_widgets.wording import age

ROW_LIMIT = 50
"Rows of one table in a static picture; what is left out is counted."

HEALTH = {Health.LIVE: "live", Health.LOST: "coordinator lost", Health.STOPPED: "stopped", Health.PAST: "replay"}


class Column(msgspec.Struct, frozen=True):
    """One column of a static table."""

    label: str
    show: Callable[[Any, View], object]


class Table(msgspec.Struct, frozen=True):
    """One static table: what it is called, what it says when there is nothing, and its columns."""

    title: str
    empty: str
    columns: tuple[Column, ...]


Tables = Mapping[str, Table]
"Section -> its table."


def headline(view: View) -> str:
    """Project, health and counts in one line."""
    header = view.header
    health = HEALTH[header.health]
    if header.health in {Health.LOST, Health.STOPPED}:
        health += f" {age(view.now - header.since)} ago"
    return (
        f"DevMesh · {short(header.project)} · {health} · up {age(view.now - header.started)} · "
        f"{header.agents} agents · "
        f"{header.queued + header.running} open tasks, {header.completed} completed, {header.failed} failed · "
        f"{header.locks} locks, {header.waiting} waiting"
    )


def text(view: View, tables: Tables) -> str:
    """The picture as aligned plain text."""
    blocks = [headline(view)]
    for name, table in tables.items():
        cells, left_out = _cells(view, name, table)
        blocks.append(f"\n{table.title}")
        blocks += _aligned([[column.label for column in table.columns], *cells]) if cells else [table.empty]
        if left_out:
            blocks.append(f"and {left_out} more")
    return "\n".join(blocks)


def html(view: View, tables: Tables) -> str:
    """The picture as one HTML fragment without script, link or image."""
    parts = ['<div class="devmesh-picture">', f"<p>{escaped(headline(view))}</p>"]
    for name, table in tables.items():
        cells, left_out = _cells(view, name, table)
        more = f"<p>and {left_out} more</p>" if left_out else ""
        parts.append(f"<h4>{escaped(table.title)}</h4>{_html_table(table, cells)}{more}")
    return "".join([*parts, "</div>"])


def escaped(line: str) -> str:
    """Text that stays text, whatever shows it."""
    return re.sub(r"[$\\]", lambda found: f"<span>{found[0]}</span>", markup.escape(line))


def _html_table(table: Table, cells: Sequence[Sequence[str]]) -> str:
    if not cells:
        return f"<p>{escaped(table.empty)}</p>"
    head = "".join(f'<th style="text-align:left">{escaped(column.label)}</th>' for column in table.columns)
    body = "".join(
        "<tr>" + "".join(f'<td style="text-align:left">{escaped(cell)}</td>' for cell in row) + "</tr>" for row in cells
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(view: View, name: str, table: Table) -> tuple[list[list[str]], int]:
    rows: Sequence[Row] = SECTIONS[name].take(view)
    kept = rows[-ROW_LIMIT:] if name == "events" else rows[:ROW_LIMIT]
    return [[short(str(column.show(row, view))) for column in table.columns] for row in kept], len(rows) - len(kept)


def _aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(line[index]) for line in lines) for index in range(len(lines[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
