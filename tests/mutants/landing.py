"""Mutants of the write gate, the check and the review. Each takes one mechanism out."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import Any

import pytest

from devmesh.core import arbitration, gate, hearing, reviews
from devmesh.core.effects import ApplyChange, Effect, PrepareChange
from devmesh.core.events import Applied, Checked, Prepared
from devmesh.core.state import Agent, Change, MeshState, Task
from devmesh.core.turn import Turn
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import ChangeState, PlannedWrite, TaskKind, Verdict
from tests.simulation.disk import Decision
from tests.simulation.project import Project, name_of
from tests.simulation.world import World

Patch = pytest.MonkeyPatch
HEARD: Any = hearing.FROM_AGENTS


def no_fence(patch: Patch) -> None:
    """Nobody looks at tokens, neither at the offer nor at the landing (S4)."""
    patch.setattr(gate, "covered", lambda *_: True)
    patch.setattr(gate, "still_held", lambda *_: True)


def fence_at_offer_only(patch: Patch) -> None:
    """A token that was good at the offer is good for ever."""
    patch.setattr(gate, "still_held", lambda *_: True)


def fence_at_landing_only(patch: Patch) -> None:
    """What is offered need not be covered; only tokens that were named must live."""
    patch.setattr(gate, "covered", lambda *_: True)


def no_compare_and_swap(patch: Patch) -> None:
    """The exchange does not look at what it replaces."""

    def landing(self: Project, effect: ApplyChange, *, resumed: bool = False) -> Generator[str, None, Applied]:
        yield "staged"
        for write in effect.plan:
            self._put(write.path, write.after)
        self.sync_exchanged([write.path for write in effect.plan])
        return Applied(change=effect.change)

    patch.setattr(Project, "landing", landing)


def exchanged_before_its_intent(patch: Patch) -> None:
    """The gate begins while the intent is still on its way to the disk; after a crash nobody knows of it."""
    real = World.perform

    def written(self: World, decided: list[Decision]) -> None:
        for effect in (effect for decision in decided for effect in decision.effects):
            if isinstance(effect, ApplyChange):
                deque(self.project.landing(effect))

    def perform(self: World, effect: Effect, *, resumed: bool) -> None:
        real(self, effect, resumed=resumed or isinstance(effect, ApplyChange))

    patch.setattr(World, "written", written)
    patch.setattr(World, "perform", perform)


def exchanges_are_not_synced(patch: Patch) -> None:
    """Files are said to have landed that a power cut takes back."""
    patch.setattr(Project, "sync_exchanged", lambda *_: None)


def what_was_exchanged_is_not_synced(patch: Patch) -> None:
    """Of an exchange that a killed process began, only the rest is brought to the disk."""
    real = Project._exchange

    def exchange(
        self: Project, writes: list[PlannedWrite], *, found: list[PlannedWrite]
    ) -> Generator[str, None, list[str]]:
        return real(self, writes, found=[])

    patch.setattr(Project, "_exchange", exchange)


def half_of_it_stays(patch: Patch) -> None:
    """Where an exchange cannot be finished, what is in place already is left there."""
    patch.setattr(Project, "_undo", lambda *_: None)


def base_is_not_compared(patch: Patch) -> None:
    """The gate plans what the agent made of its base, whatever the project holds by now."""

    def prepare(self: Project, effect: PrepareChange) -> Prepared:
        plan = tuple(
            PlannedWrite(path=file.path, expected=name_of(self.files[file.path]), after=file.after)
            for file in effect.files
        )
        return Prepared(change=effect.change, plan=plan, current="c" * 40)

    patch.setattr(Project, "prepare", prepare)


def moved_is_landed(patch: Patch) -> None:
    """A change whose files moved on is said to have landed."""
    real = gate.applied

    def applied(turn: Turn, event: Applied) -> None:
        real(turn, Applied(change=event.change))

    patch.setattr(gate, "applied", applied)


def everything_merges(patch: Patch) -> None:
    """Files of the locked lane are merged like any other."""
    patch.setattr(gate, "mergeable", lambda _, change: tuple(file.path for file in change.offered.files))


def anyones_lock_covers(patch: Patch) -> None:
    """A reading lock covers a change as well as a writing one, and a shared one what cannot be merged."""

    def covered(turn: Turn, agent: Agent, request: requests.OfferChange) -> bool:
        return all(token in turn.state.locks.locks for token in request.tokens)

    patch.setattr(gate, "covered", covered)
    patch.setattr(gate, "still_held", lambda state, change: all(t in state.locks.locks for t in change.offered.tokens))


def check_is_not_run(patch: Patch) -> None:
    """What was to be checked lands without."""
    real = gate.prepared

    def prepared(turn: Turn, event: Prepared) -> None:
        change = gate._at(turn, event.change, ChangeState.PREPARING)
        if change is None or event.problem or event.conflicts:
            real(turn, event)
        else:
            gate._land(turn, change, event.plan)

    patch.setattr(gate, "prepared", prepared)


def check_is_not_believed(patch: Patch) -> None:
    """A failed check lands all the same."""
    real = gate.checked

    def checked(turn: Turn, event: Checked) -> None:
        real(turn, Checked(change=event.change, passed=True, tree=event.tree))

    patch.setattr(gate, "checked", checked)


def exchange_is_forgotten(patch: Patch) -> None:
    """After a restart nobody finishes the exchange that was begun."""
    patch.setattr(gate, "resume", lambda _: None)


def review_is_not_asked_for(patch: Patch) -> None:
    """A change that needs a second pair of eyes lands without."""
    patch.setattr(reviews, "request", lambda *_: None)


def what_is_obeyed_lands(patch: Patch) -> None:
    """Files that tools, editors and git obey are offered like any other."""
    patch.setattr(gate, "is_delicate", lambda _: False)


def what_links_make_obeyed_lands(patch: Patch) -> None:
    """That somebody would obey what a change writes under another name is not asked about."""
    patch.setattr(gate, "_allowed_by_the_person", lambda _: True)


def any_approval_is_the_persons(patch: Patch) -> None:
    """Where the person would have to be asked, the approval of another agent will do."""
    patch.setattr(gate, "_allowed_by_the_person", lambda change: change.verdict is Verdict.APPROVE)


def any_verdict_counts(patch: Patch) -> None:
    """Whoever sends a verdict is believed, the author and who was never asked alike (Rule 5)."""

    def give(turn: Turn, reviewer: Agent | None, said: requests.Review) -> None:
        change = turn.state.changes.get(said.change)
        if change is not None and change.state is ChangeState.REVIEWING:
            reviews._record(turn, change, reviewer, said)

    patch.setattr(reviews, "give", give)
    patch.setitem(HEARD, requests.Review, give)


def authors_review(patch: Patch) -> None:
    """The author may bid for the review of its own change, and its verdict counts."""
    real = arbitration._eligible

    def eligible(state: MeshState, agent: Agent, task: Task) -> bool:
        if task.posted.task_kind is TaskKind.REVIEW:
            return arbitration._may_review(state, agent)
        return real(state, agent, task)

    patch.setattr(arbitration, "_eligible", eligible)


def changes_wanted_lands(patch: Patch) -> None:
    """A verdict is a verdict: any lets the change through."""
    real = reviews._record

    def record(turn: Turn, change: Change, reviewer: Agent | None, said: requests.Review) -> None:
        if said.verdict is Verdict.APPROVE:
            real(turn, change, reviewer, said)
            return
        offered = change.offered
        turn.record(
            facts.ReviewGiven(
                change=change.number,
                task=offered.task,
                agent=offered.agent,
                reviewer=reviewer.name if reviewer else reviews.PERSON,
                verdict=said.verdict,
            )
        )
        turn.state.gate_queue.append(change.number)

    patch.setattr(reviews, "_record", record)
