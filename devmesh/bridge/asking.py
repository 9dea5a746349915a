"""Requests under their numbers, and the answers to them. Knows no connection: what is unanswered outlives any."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TypeVar

from devmesh.errors import Code, DevMeshError, Refused
from devmesh.vocabulary.codec import Message, Recorded, decode_message, encode, refuse_no_numbers
from devmesh.vocabulary.facts import AnyFact, RequestMalformed, RequestRefused
from devmesh.vocabulary.requests import AnyRequest

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Reply:
    """The facts that answer one request; none is an answer, too: nothing had to change."""

    facts: tuple[Recorded, ...]
    asked_at: float
    "Monotonic seconds at which it was first asked: no effect of it is older."

    def find(self, kind: type[F]) -> F | None:
        """The first fact of that kind."""
        return next(iter(self.all(kind)), None)

    def all(self, kind: type[F]) -> tuple[F, ...]:
        """Every fact of that kind, in order."""
        return tuple(recorded.fact for recorded in self.facts if isinstance(recorded.fact, kind))

    def raise_refusal(self) -> None:
        """Raise Refused when the answer is no, with the refusal's own code, rule, field and hint."""
        for recorded in self.facts:
            _raise_no(recorded.fact)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request on its way. Its number and text never change, however often it is sent."""

    id: int
    text: bytes
    at: float
    answer: asyncio.Future[Reply]


class Unanswered:
    """The requests of one session that still wait for their answers, in the order of their numbers."""

    def __init__(self, first: int = 1) -> None:
        """Numbers begin at `first`: a session taken up again must begin above what was used before."""
        self._waiting: dict[int, Asked] = {}
        self._highest = first - 1

    def __len__(self) -> int:
        """How many there are."""
        return len(self._waiting)

    def add(self, request: AnyRequest) -> Asked:
        """Number it. Raises Malformed for what no coordinator would take; no number is used up then."""
        text = encode(Message(id=self._highest + 1, request=request))
        decode_message(text)
        refuse_no_numbers(request, "$.request")
        self._highest += 1
        asked = Asked(self._highest, text, time.monotonic(), asyncio.get_running_loop().create_future())
        self._waiting[asked.id] = asked
        return asked

    def after(self, number: int) -> list[Asked]:
        """Those with higher numbers, in order."""
        return [asked for asked in self._waiting.values() if asked.id > number]

    def answered(self, number: int, facts: tuple[Recorded, ...]) -> None:
        """Hand the answer to whoever waits for it. A second answer to the same request is ignored."""
        asked = self._waiting.pop(number, None)
        if asked is not None and not asked.answer.done():
            asked.answer.set_result(Reply(facts, asked.at))

    def oldest(self) -> int | None:
        """The number asked first."""
        return next(iter(self._waiting), None)

    def fail(self, error: DevMeshError) -> None:
        """Tell everybody who waits that no answer will come."""
        waiting, self._waiting = self._waiting, {}
        for asked in waiting.values():
            if not asked.answer.done():
                asked.answer.set_exception(error)
                asked.answer.exception()  # whoever stopped waiting must not be reported as a forgotten error


def _raise_no(fact: AnyFact) -> None:
    match fact:
        case RequestRefused():
            raise Refused(fact.message, code=_code(fact.code), rule=fact.rule, field=fact.field, hint=fact.hint or None)
        case RequestMalformed():
            raise Refused(fact.message, code=_code(fact.code), field=fact.field)
        case _:
            return


def _code(text: str) -> Code:
    """The code; BAD_REQUEST for one that a newer coordinator has and we do not."""
    try:
        return Code(text)
    except ValueError:
        return Code.BAD_REQUEST
