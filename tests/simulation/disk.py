"""The simulated disk: what is synced, and what is not yet; and the book, which is kept from the record alone."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import force_setattr

from devmesh.core import events
from devmesh.core.apply import apply
from devmesh.core.effects import Effect, Record
from devmesh.core.snapshot import freeze, thaw
from devmesh.core.state import MeshState
from devmesh.vocabulary import codec, facts
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.terms import Limits
from tests.simulation.book import Book
from tests.simulation.invariants import wait_for_ever
from tests.simulation.project import Project
from tests.simulation.promises import judged

SAVED_EVERY = 100
"Facts between two snapshots, at least."


class Decision(NamedTuple):
    """What one event came to."""

    turn: int
    event: events.Event
    session: int
    effects: list[Effect]


class Disk:
    """The record of one history, and the project beside it."""

    project: Project

    def __init__(self, limits: Limits) -> None:
        self.disk: list[bytes] = []
        "What is on record, and synced."
        self.unsynced: list[Decision] = []
        "Decisions of the turn that is being kept: a crash may lose them, from any of them on."
        self.saved = b""
        self.saved_at = 0
        "The newest snapshot, and how many facts it holds."
        self.book = Book(limits)
        self.told_up_to = 0
        self.effects_of: dict[tuple[int, int], int] = {}

    def wall_time(self) -> float | None:
        """What facts are stamped with, if they are."""
        raise NotImplementedError

    def _keep(self, decided: list[Decision]) -> None:
        """The book, which knows the record only, learns of them."""
        for decision in decided:
            if isinstance(decision.event, events.Heard):
                self.book.asked.setdefault((decision.session, decision.event.id), decision.event.request)
            self._record(decision.effects, decision.turn)
        self._hold(wait_for_ever(self.book))

    def _record(self, effects: list[Effect], turn: int) -> None:
        at = self.wall_time()
        for effect in effects:
            if isinstance(effect, Record):
                recorded = effect.recorded
                if at is not None:
                    force_setattr(recorded, "at", at)
                self.disk.append(codec.encode(recorded))
                self._had_its_effect(recorded, turn)
                self._hold(judged(self.book, recorded))
                self.book.enter(recorded)
                if isinstance(recorded.fact, facts.ChangeApplied):
                    self.project.landed(recorded.fact)

    def _had_its_effect(self, recorded: Recorded, turn: int) -> None:
        """A request has its effect once: all its facts are of one decision, however often it is sent.

        A heartbeat has none: refused again and again, it changes nothing.
        """
        if isinstance(recorded.fact, facts.RequestRefused) and recorded.fact.request == "heartbeat":
            return
        if recorded.session is not None and recorded.request is not None:
            first = self.effects_of.setdefault((recorded.session, recorded.request), turn)
            if turn != first:
                raise AssertionError(f"request {recorded.request} of session {recorded.session} twice: {recorded}")

    def written_down(self) -> list[bytes]:
        """The record, with what is being kept at this moment."""
        effects = [effect for decision in self.unsynced for effect in decision.effects]
        return [*self.disk, *(codec.encode(effect.recorded) for effect in effects if isinstance(effect, Record))]

    def recovered(self, *, whole: bool = False) -> MeshState:
        """The state as the record alone gives it: from the newest snapshot and what came after, or from all of it."""
        lines = self.written_down()
        since, state = (0, MeshState()) if whole or not self.saved else (self.saved_at, thaw(self.saved))
        for line in lines[since:]:
            apply(state, codec.decode_recorded(line))
        return state

    def save(self, state: MeshState) -> None:
        """Keep a snapshot of a state that is as on record, now and then."""
        if len(self.disk) - self.saved_at > SAVED_EVERY:
            self.saved, self.saved_at = freeze(state), len(self.disk)

    def _hold(self, wrong: list[str]) -> None:
        if wrong:
            raise AssertionError(f"{wrong}")
