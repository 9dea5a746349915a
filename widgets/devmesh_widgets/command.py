"""The command centre: ask for work, of one agent, several or all."""

from __future__ import annotations

from devmesh_widgets.panel import Panel


class CommandPanel(Panel):
    """A form for tasks: agents and files named with @, templates, history."""

    shows = ("command",)
    sections = ("header", "agents")
