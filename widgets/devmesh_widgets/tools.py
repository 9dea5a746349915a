"""The panel of tools: which CLIs are here and which agents they run; connect, disconnect, look again."""

from __future__ import annotations

from devmesh_widgets.panel import Panel


class ToolsPanel(Panel):
    """The CLIs on this machine, and how to get the others."""

    shows = ("tools",)
    sections = ("header", "agents")
