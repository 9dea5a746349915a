"""The panel of knowledge: what was found out, searched and shared."""

from __future__ import annotations

from devmesh_widgets.panel import Panel


class KnowledgePanel(Panel):
    """What agents and people shared, each with its source."""

    shows = ("knowledge",)
    sections = ("header",)
