"""Where a bridge's tool works, what was measured about it, and the desk at which it asks. Knows no task."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from devmesh.bridge.desk import Desk
from devmesh.bridge.guarding.watch import Landings
from devmesh.bridge.mcp import program
from devmesh.bridge.mcp.handlers import Handlers, Seat
from devmesh.bridge.tools.tool import Wants
from devmesh.processes.confinement import Confinement
from devmesh.vocabulary.terms import Badge, Probe, WorkspaceKind


@dataclass(frozen=True, slots=True)
class Lane:
    """One bridge's lane: own workspaces, or the project itself."""

    kind: WorkspaceKind = WorkspaceKind.OWN
    badge: Badge = Badge.ISOLATED
    probes: tuple[Probe, ...] = ()
    "What the canary found: the badge is what was measured."
    desk: Desk | None = None
    socket: Path | None = None
    "Where the desk is, once it is open."
    dialect: str = ""
    "How the tool's hook is answered; empty: it has none."
    mcp: bool = True
    "Whether its tool is given the mesh's tools by MCP."
    confinement: Confinement = field(default_factory=Confinement)
    "What its tool may take, and where it may not write."
    confined: str = ""
    "What of that was found to hold on this machine, in words."
    talks: bool = False
    "Whether the tool itself asks, over its own protocol."

    landings: Landings = field(default_factory=Landings)
    "What the gate landed since the bridge joined: in the project itself, that is no write behind it."

    @property
    def asks_before(self) -> bool:
        """Whether the tool asks before it edits, as far as it says so itself."""
        return self.talks or bool(self.dialect)

    def wants(self, seat: Seat) -> Wants:
        """What every run is given: with a desk, the mesh's tools by MCP. What is called there is done as this agent."""
        if self.kind is WorkspaceKind.SHARED:
            seat.link.subscribe(self.landings.heard)
        if self.desk is None or self.socket is None or not self.mcp:
            return Wants(asks=True, confined=self.confinement)
        tools = Handlers(seat)
        self.desk.on("tool", tools.answer)
        seat.link.subscribe(tools.heard)
        return Wants(asks=True, mcp=program(self.socket), confined=self.confinement)
