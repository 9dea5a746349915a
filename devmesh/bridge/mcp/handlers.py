"""What the tools do, in the bridge: each call becomes a request of this agent, and the answer a text for its model.

The server process only carries words here: who speaks is decided by whose desk it is.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

from devmesh.bridge.link import Link
from devmesh.bridge.locks import Held, Locks
from devmesh.bridge.mcp import toolbelt, wording
from devmesh.bridge.mcp.asking import AskingPerson, Asks
from devmesh.bridge.workspace import FOLDER
from devmesh.errors import DevMeshError
from devmesh.vocabulary import requests
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import BoardShown, DiscoveriesFound
from devmesh.vocabulary.plain import beginning, redact
from devmesh.vocabulary.terms import LockMode

_EVENTS: Final = 200
"File events kept, the latest."


@dataclass(frozen=True, slots=True)
class Seat:
    """Whose tools these are: one agent, as its bridge knows it."""

    link: Link
    locks: Locks
    project: Path
    home: Path
    "The mesh's folder."
    agent: Callable[[], str | None]
    "Its name, while it is an agent."
    inbox: Asks | None = None
    guest: bool = False
    "An agent without tasks: its locks last until it gives them back, or goes."


@dataclass(slots=True)
class Handlers:
    """Answers the calls of one agent's tools, one or several at once."""

    seat: Seat
    _taken: set[tuple[str, int | None]] = field(default_factory=set)
    "Target and task of the locks that were taken here, and may be given back here."
    _events: deque[wording.Event] = field(default_factory=lambda: deque(maxlen=_EVENTS))
    _asking: AskingPerson = field(init=False)
    _errands: set[asyncio.Task[Any]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._asking = AskingPerson(self.seat.inbox)

    async def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """A question of the kind `tool` at the desk. Raises DevMeshError with the reason why it could not be done."""
        task = message.get("task")
        text = await self.call(
            str(message.get("name")), message.get("arguments") or {}, task if isinstance(task, int) else None
        )
        return {"result": text}

    async def call(self, name: str, arguments: object, task: int | None = None) -> str:
        """Do what the tool is called for. Raises Malformed, Refused, or another DevMeshError."""
        asked = toolbelt.understood(name, arguments)
        return await self._DOING[name](self, asked, task)

    def heard(self, recorded: Recorded) -> None:
        """Note what happens to the project's files."""
        event = wording.recorded_event(recorded, time.time())
        if event is not None:
            self._events.appendleft(event)

    async def close(self) -> None:
        """Nobody waits for an answer any more."""
        self._asking.close()
        for errand in self._errands:
            errand.cancel()
        await asyncio.gather(*self._errands, return_exceptions=True)

    def _errand(self, doing: Coroutine[Any, Any, None]) -> None:
        errand = asyncio.ensure_future(doing)
        self._errands.add(errand)
        errand.add_done_callback(self._errands.discard)

    # ---- locks ----

    async def _acquire(self, asked: toolbelt.AcquireLock, task: int | None) -> str:
        if task is None and not self.seat.guest:
            raise DevMeshError("locks belong to a task, and you have none at hand now")
        mode, targets = LockMode(asked.mode), tuple(map(self._relative, asked.paths))
        held = self._held(task)
        enough = {one.target for one in held if one.mode in {LockMode.WRITE, mode}}
        wanted = tuple(target for target in targets if target not in enough)
        acquiring = asyncio.ensure_future(self.seat.locks.acquire(wanted, mode, task, float(asked.wait_seconds)))
        before = {one.target for one in held} - {target for target, _ in self._taken}
        try:
            await asyncio.shield(acquiring)
        except asyncio.CancelledError:  # the wait goes on in the mesh; what it brings is nobody's
            self._errand(self._given_back(acquiring, task, before))
            raise
        self._taken |= self._new(task, before)
        lasting = "" if self.seat.guest else "your task ends or "
        return f"You hold {mode} on {wording.listed(targets)}, until {lasting}you release it."

    async def _given_back(self, acquiring: asyncio.Future[Any], task: int | None, before: set[str]) -> None:
        try:
            await acquiring
        except DevMeshError:
            return
        new = self._new(task, before) - self._taken
        await self.seat.locks.release([one.token for one in self._held(task) if (one.target, one.task) in new])

    async def _release(self, asked: toolbelt.ReleaseLock, task: int | None) -> str:
        wanted = set(map(self._relative, asked.paths))
        mine = [
            one
            for one in self._held(task)
            if (one.target, one.task) in self._taken and (not wanted or one.target in wanted)
        ]
        if not mine:
            return "You hold no such lock that you took with acquire_lock."
        await self.seat.locks.release([one.token for one in mine])
        self._taken -= {(one.target, one.task) for one in mine}
        return f"Released: {wording.listed([one.target for one in mine])}."

    def _held(self, task: int | None) -> list[Held]:
        """What this agent holds for that task. Of it, the bridge's own locks are not the model's to give back."""
        return [one for one in self.seat.locks.believed() if one.task == task]

    def _new(self, task: int | None, before: set[str]) -> set[tuple[str, int | None]]:
        return {(one.target, one.task) for one in self._held(task) if one.target not in before}

    async def _list(self, _: toolbelt.Nothing, __: int | None) -> str:
        return wording.locks_in_words(await self._board_now())

    # ---- the board ----

    async def _board(self, _: toolbelt.Nothing, __: int | None) -> str:
        return wording.board_in_words(await self._board_now(), self.seat.agent())

    async def _board_now(self) -> BoardShown:
        board = (await self.seat.link.request(requests.Look())).find(BoardShown)
        if board is None:
            raise DevMeshError("the mesh showed no board", hint="It may be older than this agent's devmesh.")
        return board

    async def _recent(self, asked: toolbelt.RecentFileEvents, _: int | None) -> str:
        return wording.events_in_words(list(self._events)[: asked.limit])

    # ---- knowledge ----

    async def _search(self, asked: toolbelt.SearchKnowledge, _: int | None) -> str:
        reply = await self.seat.link.request(requests.SearchKnowledge(query=asked.query, limit=asked.limit))
        found = reply.find(DiscoveriesFound)
        return wording.knowledge_in_words(found.found if found else ())

    async def _share(self, asked: toolbelt.ShareKnowledge, task: int | None) -> str:
        title = beginning(" ".join(asked.title.split()), 500)
        await self.seat.link.request(requests.ShareDiscovery(title=title, text=redact(asked.text), task=task))
        return "Shared: the other agents can find it."

    # ---- questions ----

    async def _ask(self, asked: toolbelt.AskPerson, task: int | None) -> str:
        return await self._asking.ask(asked, task)

    async def _answer(self, asked: toolbelt.AnswerQuestion, _: int | None) -> str:
        await self.seat.link.request(requests.AnswerQuestion(question=asked.question, answer=redact(asked.answer)))
        return f"Question {asked.question} is answered."

    def _relative(self, path: str) -> str:
        """As the project names it: a model often gives whole paths, of its own copy or of the project."""
        if not path.startswith("/"):
            return path.removeprefix("./")
        tail = "/" if path.endswith("/") else ""
        whole = Path(path)
        workspaces = self.seat.home / FOLDER
        if whole.is_relative_to(workspaces) and len(inside := whole.relative_to(workspaces).parts) > 1:
            return "/".join(inside[1:]) + tail
        if whole.is_relative_to(self.seat.project):
            return str(whole.relative_to(self.seat.project)) + tail
        return path

    _DOING: ClassVar[dict[str, Callable[[Handlers, Any, int | None], Awaitable[str]]]] = {
        "acquire_lock": _acquire,
        "release_lock": _release,
        "list_locks": _list,
        "board": _board,
        "search_knowledge": _search,
        "share_knowledge": _share,
        "recent_file_events": _recent,
        "ask_person": _ask,
        "answer_question": _answer,
    }
    "What each tool of the belt does."
