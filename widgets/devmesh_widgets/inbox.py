"""The panel of the inbox: what tools want to know or to be allowed, and the rules that answer by themselves."""

from __future__ import annotations

from devmesh_widgets.panel import Panel
from devmesh_widgets.picture import Column, Table, Tables
from devmesh_widgets.rows import QuestionRow, View
from devmesh_widgets.wording import DASH, age, listed


def _left(row: QuestionRow, view: View) -> str:
    return DASH if row.until is None else age(row.until - view.now)


TABLES: Tables = {
    "inbox": Table(
        "Inbox",
        "Nobody asks anything.",
        (
            Column("No.", lambda row, _: row.question),
            Column("Agent", lambda row, _: row.agent),
            Column("Task", lambda row, _: DASH if row.task is None else f"#{row.task}"),
            Column("Asks", lambda row, _: row.text),
            Column("Answers", lambda row, _: listed(row.options)),
            Column("Otherwise", lambda row, _: row.default or DASH),
            Column("In", _left),
        ),
    )
}


class InboxPanel(Panel):
    """Live cards of the open questions, each with its answers as buttons."""

    shows = ("inbox",)
    sections = ("inbox", "rules")
    columns = TABLES
