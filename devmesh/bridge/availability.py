"""Whether this agent takes new work, and why not. Knows what it was told about itself; not what the work is."""

from __future__ import annotations

from collections.abc import Callable

from devmesh.bridge.tools.tool import Tool
from devmesh.vocabulary.facts import AgentParked, BiddingOpened, Standing
from devmesh.vocabulary.plain import plain
from devmesh.vocabulary.terms import TaskKind


class Availability:
    """What the mesh cannot know, or may not have told everybody yet: it is said with each decline."""

    def __init__(self, tool: Tool, tell: Callable[[str], None]) -> None:
        """`tell` is for a person at a terminal."""
        self.paused = False
        self.leaving = False
        self.planning: Callable[[], bool] = lambda: False
        self._parked = False
        self._tool = tool
        self._tell = tell

    def reason_to_decline(self, opened: BiddingOpened) -> str:
        """In a word or two; empty when nothing is in the way."""
        reasons = {
            "leaving": self.leaving,
            "paused": self.paused,
            "parked": self._parked,
            "planning": self.planning(),
            "it answers, and edits nothing": self._only_answers(opened),
        }
        return next((reason for reason, holds in reasons.items() if holds), "")

    def park(self, fact: AgentParked) -> None:
        """No service serves our tool: nothing is taken until it is tried again."""
        self._parked = True
        why = ": ".join(filter(None, (fact.blockage.replace("_", " "), plain(fact.reason).strip())))
        self._tell(f"parked ({why}); tried again in {fact.retry_in:.0f} s, or when it is resumed")

    def unpark(self) -> None:
        """It is tried again."""
        self._parked = False
        self._tell("parked no more")

    def reconcile(self, standing: Standing) -> None:
        """What was missed while away."""
        self.paused, self._parked = standing.paused, standing.parked

    def forget(self) -> None:
        """A new agent is neither paused nor parked."""
        self.paused = self._parked = False

    def _only_answers(self, opened: BiddingOpened) -> bool:
        return not self._tool.edits and opened.task_kind is TaskKind.WORK and not opened.capabilities
