"""Questions of a model to the person: asked once, waited for as long as one call may, and again by their ticket."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from devmesh.bridge.mcp import wording
from devmesh.bridge.mcp.toolbelt import AskPerson
from devmesh.errors import DevMeshError, Malformed
from devmesh.vocabulary.plain import redact
from devmesh.vocabulary.requests import Ask

MOST_OPEN: Final = 20
"Questions of one agent that wait at once: more would only bury the person."


class Asks(Protocol):
    """Brings a question into the inbox, and waits for its answer."""

    async def ask(self, request: Ask) -> str:
        """The answer, however long it takes."""
        ...


class AskingPerson:
    """The questions of one agent that are not answered yet, by ticket. A call that ends early ends no question."""

    def __init__(self, inbox: Asks | None) -> None:
        self._inbox = inbox
        self._open: dict[int, asyncio.Task[str]] = {}
        self._last = 0

    async def ask(self, asked: AskPerson, task: int | None) -> str:
        """The answer in words; or that there is none yet, and the ticket. Raises DevMeshError."""
        ticket = asked.ticket or self._begun(asked, task)
        waiting = self._open.get(ticket)
        if waiting is None:
            raise Malformed(f"ticket {ticket}: no question of yours waits under it", field="ticket")
        if not (await asyncio.wait((waiting,), timeout=asked.wait_seconds))[0]:
            return (
                f"No answer yet; the question stays with the person. Go on with what does not depend on it, and call "
                f"ask_person with ticket {ticket} to wait again."
            )
        del self._open[ticket]
        return wording.answer_in_words(waiting.result())

    def close(self) -> None:
        """Nobody waits any more; the questions stay in the person's inbox."""
        for waiting in self._open.values():
            waiting.cancel()
        self._open.clear()

    def _begun(self, asked: AskPerson, task: int | None) -> int:
        if self._inbox is None:
            raise DevMeshError("there is no inbox here")
        if not asked.question.strip():
            raise Malformed("question: say what you want to know", field="question")
        if len(self._open) >= MOST_OPEN:
            raise DevMeshError(f"{MOST_OPEN} of your questions wait already; wait for their answers first")
        request = Ask(
            text=redact(asked.question),
            options=asked.options,
            default=asked.default,
            task=task,
            agents_may_answer=asked.agents_may_answer,
        )
        self._last += 1
        self._open[self._last] = asyncio.ensure_future(self._inbox.ask(request))
        return self._last
