"""Without a front end a panel is a static table, and what an agent wrote is never more than text in it."""

from __future__ import annotations

from html.parser import HTMLParser

import nbformat
import pytest
from nbconvert import HTMLExporter

from devmesh_widgets import Dashboard, LocksPanel
from devmesh_widgets.picture import ROW_LIMIT, html, text
from devmesh_widgets.rows import Health
from tests.dashboard.payloads import PAYLOADS
from tests.dashboard.rows import Still, agents, events, locks, view

ALLOWED = {"div", "p", "h4", "table", "thead", "tbody", "tr", "th", "td", "span"}


class Tags(HTMLParser):
    """Collects the tags, their attributes and the text."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """Note the text."""
        self.words += data


def test_the_picture_says_when_and_of_what_it_is() -> None:
    """Project, health and counts come first; a lost coordinator is said."""
    assert text(view(), {}).startswith("DevMesh · shop · live · up 1 s · 0 agents")
    assert "coordinator lost 8 s ago" in text(view(now=8.0, health=Health.LOST), {})


def test_columns_are_aligned_and_emptiness_says_what_to_do() -> None:
    """A person reads it in a terminal."""
    shown = text(view(locks=locks(2)), LocksPanel.columns).splitlines()
    head, row = shown[3], shown[4]
    assert head.index("Mode") == row.index("read")
    assert "%devmesh launch" in text(view(), Dashboard.columns)


def test_a_long_table_is_cut_and_the_rest_is_counted() -> None:
    """A static picture of ten thousand locks would be a notebook of megabytes."""
    shown = html(view(locks=locks(10_000)), LocksPanel.columns)
    assert f"and {10_000 - ROW_LIMIT:} more" in shown
    assert len(shown) < 40_000


def test_of_events_the_last_are_kept() -> None:
    """The newest say what is going on."""
    shown = text(view(events=events(1, 200)), {"events": Dashboard.columns["events"]})
    assert "00:03:20" in shown
    assert "00:00:01" not in shown


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_of_an_agent_stays_text(payload: str) -> None:
    """No tag but those of the table, no attribute but its style, no formula for a typesetter."""
    shown = html(view(agents=agents(payload, title=payload, task=1)), Dashboard.columns)
    found = Tags(shown)
    assert found.tags <= ALLOWED
    assert found.attributes <= {"class", "style"}
    assert "$" not in shown.replace("<span>$</span>", "")
    assert "\\" not in shown.replace("<span>\\</span>", "")
    assert not set("\x1b\x07\u202e\u2066") & set(found.words)


@pytest.mark.usefixtures("comms")
def test_an_exported_notebook_shows_the_table() -> None:
    """With no widget state stored beside it, the HTML export takes the static table."""
    panel = LocksPanel(Still(view(locks=locks(2))))
    bundle, _ = panel._repr_mimebundle_()
    panel.close()
    output = {"output_type": "display_data", "data": bundle, "metadata": {}}
    cell = {"id": "a", "cell_type": "code", "source": "mesh", "outputs": [output], "metadata": {}, "execution_count": 1}
    notebook = nbformat.from_dict({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})  # type: ignore[no-untyped-call]
    exported, _ = HTMLExporter().from_notebook_node(notebook)  # type: ignore[no-untyped-call]
    assert '<div class="devmesh-picture">' in exported
    assert "src/2.py" in exported
