"""Where a bridge's tool works, what was measured about it, and the desk at which it asks. Knows no task."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from devmesh.bridge.desk import Desk
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
    talks: bool = False
    "Whether the tool itself asks, over its own protocol."

    @property
    def asks_before(self) -> bool:
        """Whether the tool asks before it edits, as far as it says so itself."""
        return self.talks or bool(self.dialect)
