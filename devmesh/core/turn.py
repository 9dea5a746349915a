"""One turn: facts are recorded and applied at once, so the next decision sees them; effects are collected in order."""

from __future__ import annotations

from devmesh.core.apply import apply
from devmesh.core.audience import sessions_told
from devmesh.core.effects import Effect, Record, Tell
from devmesh.core.state import MeshState
from devmesh.errors import Code
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import AnyFact, RequestRefused


class Turn:
    """The handling of one event."""

    def __init__(self, state: MeshState, now: float) -> None:
        self.state = state
        self.now = now
        self.session: int | None = None
        self.request: int | None = None
        self.request_kind = ""
        self.reschedule = False
        "Whether something changed that lets a task be offered."
        self.answered = False
        "Whether an effect carries the answer, so that none is told beside it."
        self._facts: list[Recorded] = []
        self._wanted: list[Effect] = []
        self._told: dict[int, list[Recorded]] = {}

    @property
    def cause(self) -> tuple[int | None, int | None]:
        """The session and request number that this turn answers."""
        return self.session, self.request

    @property
    def next_sequence(self) -> int:
        """The sequence number the next recorded fact gets: a fencing token, if that fact is a grant."""
        return self.state.sequence + 1

    def record(self, fact: AnyFact) -> None:
        """Make it true: number it, apply it, and see to it that it is kept and told."""
        sequence = self.next_sequence if fact.recorded else 0
        recorded = Recorded(sequence=sequence, fact=fact, now=self.now, session=self.session, request=self.request)
        apply(self.state, recorded)
        if fact.recorded:
            self._facts.append(recorded)
        for session in sessions_told(self.state, recorded):
            self._told.setdefault(session, []).append(recorded)

    def tell(self, session: int, fact: AnyFact) -> None:
        """Say something to one session that is not kept."""
        recorded = Recorded(sequence=0, fact=fact, now=self.now, session=self.session, request=self.request)
        self._told.setdefault(session, []).append(recorded)

    def want(self, effect: Effect) -> None:
        """Have something done once the facts of this turn are kept."""
        self._wanted.append(effect)

    def refuse(
        self, code: Code, message: str, *, rule: int | None = None, field: str | None = None, hint: str = ""
    ) -> None:
        """Say no to the request of this turn. A refusal is a fact like any other."""
        session = self.state.sessions.get(self.session or 0)
        self.record(
            RequestRefused(
                code=code,
                message=message[:500],
                request=self.request_kind,
                agent=session.agent if session else None,
                rule=rule,
                field=field,
                hint=hint[:500],
            )
        )

    def effects(self) -> list[Effect]:
        """What is to be done: keep the facts, then tell them, then the rest."""
        effects: list[Effect] = [Record(recorded=recorded) for recorded in self._facts]
        if self.session is not None and self.request is not None and not self.answered:
            self._told.setdefault(self.session, [])
        for number in sorted(self._told):
            session = self.state.sessions.get(number)
            if session is None or session.connection is None:
                continue
            reply_to = self.request if number == self.session else None
            effects.append(Tell(connection=session.connection, facts=tuple(self._told[number]), reply_to=reply_to))
        return effects + self._wanted
