"""Questions this agent puts to the person, each until its answer. Knows no tool, and not what is asked."""

from __future__ import annotations

import asyncio

from devmesh.bridge.link import Link
from devmesh.errors import DevMeshError, MeshLost
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import QuestionAnswered, QuestionAsked, Standing
from devmesh.vocabulary.requests import Ask

_KEPT = 200
"Answers remembered that nobody waited for: one may be told before its question's number is known here."


class Inbox:
    """Waits for answers by their question's number, across lost connections and restarted coordinators."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._waiting: dict[int, asyncio.Future[str]] = {}
        self._answers: dict[int, str] = {}

    async def ask(self, request: Ask) -> str:
        """The answer, whoever gave it; the default once its time is over.

        Raises Refused when it may not be asked, MeshLost when the mesh has forgotten who asked.
        """
        reply = await self._link.request(request)
        asked = reply.find(QuestionAsked)
        if asked is None:
            raise DevMeshError("the question was neither taken nor refused")
        if asked.question in self._answers:
            return self._answers.pop(asked.question)
        waiting: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting[asked.question] = waiting
        try:
            return await waiting
        finally:
            self._waiting.pop(asked.question, None)

    def heard(self, recorded: Recorded) -> None:
        """An answer, also one that was given while the mesh was away."""
        match recorded.fact:
            case QuestionAnswered() as answer:
                self._take(answer)
            case Standing(answers=answers):
                for answer in answers:
                    self._take(answer)
            case _:
                return

    def forget(self) -> None:
        """We are no agent of the mesh any more: nobody will answer what we asked."""
        self._answers.clear()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(MeshLost("the mesh has forgotten who asked"))

    def _take(self, answer: QuestionAnswered) -> None:
        waiting = self._waiting.get(answer.question)
        if waiting is None:
            self._answers[answer.question] = answer.answer
            if len(self._answers) > _KEPT:
                del self._answers[next(iter(self._answers))]
        elif not waiting.done():
            waiting.set_result(answer.answer)
