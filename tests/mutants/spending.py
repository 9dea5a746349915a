"""Mutants of budgets, parking, the inbox, copies and credentials. Each takes one mechanism out."""

from __future__ import annotations

from typing import Any

import pytest

from devmesh.core import contests, costs, credentials, hardware, hearing, questions, reviews
from devmesh.core.apply import FOLD
from devmesh.core.state import MeshState
from devmesh.core.turn import Turn
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.codec import Recorded

Patch = pytest.MonkeyPatch
HEARD: Any = hearing.FROM_AGENTS
OF_THE_MESH: Any = hearing.OF_THE_MESH
FOLDED: Any = FOLD


def budgets_are_not_looked_at(patch: Patch) -> None:
    """Work is begun whatever was spent."""
    patch.setattr(costs, "_is_spent", lambda *_: False)


def the_blocked_are_asked(patch: Patch) -> None:
    """An agent whose service would not serve is given work at once."""
    real = FOLD[facts.AgentParked]

    def parked(state: MeshState, recorded: Recorded, fact: Any) -> None:
        real(state, recorded, fact)
        state.agents[fact.agent].parked = None

    patch.setitem(FOLDED, facts.AgentParked, parked)


def services_are_the_tasks_fault(patch: Patch) -> None:
    """An attempt that a service refused counts against the task."""
    real = FOLD[facts.TaskRequeued]

    def requeued(state: MeshState, recorded: Recorded, fact: Any) -> None:
        before = state.tasks[fact.task].forgiven
        real(state, recorded, fact)
        if fact.blameless:
            state.tasks[fact.task].forgiven = before

    patch.setitem(FOLDED, facts.TaskRequeued, requeued)


def answers_are_given_again(patch: Patch) -> None:
    """A second answer replaces the first."""

    def answer(turn: Turn, by: Any, request: requests.AnswerQuestion) -> None:
        question = turn.state.questions.get(request.question)
        if question is not None:
            questions._answered(turn, question, request.answer, by.name if by else "person")

    patch.setitem(OF_THE_MESH, requests.AnswerQuestion, lambda turn, said: answer(turn, None, said))


def agents_permit_themselves(patch: Patch) -> None:
    """Whoever asks may answer, permissions too."""
    patch.setattr(questions, "_may_answer", lambda *_: True)


def every_copy_may_land(patch: Patch) -> None:
    """When one copy is approved the others go on."""
    patch.setitem(OF_THE_MESH, requests.Review, lambda turn, said: reviews.give(turn, None, said))


def copies_land_unseen(patch: Patch) -> None:
    """A copy lands as soon as it is offered."""
    patch.setattr(reviews, "leave_to_the_person", lambda *_: None)


def one_agent_does_every_copy(patch: Patch) -> None:
    """A copy is given to who has another."""
    patch.setattr(contests, "takes_part", lambda *_: False)


def memory_is_not_taken_again(patch: Patch) -> None:
    """What stood down goes on without its memory being set aside anew."""
    patch.setattr(hardware, "retake", lambda *_: True)


def the_revoked_stay(patch: Patch) -> None:
    """A revoked credential's connections stay open."""
    real = credentials.revoke

    def revoke(turn: Turn, request: Any) -> None:
        real(turn, request)
        turn._wanted.clear()

    patch.setitem(OF_THE_MESH, requests.RevokeCredential, revoke)
