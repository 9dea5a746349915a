"""The gate of a workspace of its own: what a tool may write there without asking, and what only the person allows."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

from devmesh.bridge.guarding.wishes import Meaning, meaning
from devmesh.bridge.tools.tool import Permission, Wish
from devmesh.errors import DevMeshError
from devmesh.vocabulary.plain import beginning, plain
from devmesh.vocabulary.requests import Ask
from devmesh.vocabulary.terms import QuestionKind

_log = logging.getLogger(__name__)

YES, NO = "yes", "no"
Asking = Callable[[Ask], Awaitable[str]]
"Puts a question to the person, and waits for the answer."


class Deciding(ABC):
    """What both gates have alike: a question goes to the person, a wish is decided about, and any failure is a no."""

    failing: ClassVar[str]
    "What could not be done when the mesh could not be asked."

    def __init__(self, ask: Asking, task: int | None) -> None:
        self._ask = ask
        self._task = task

    async def __call__(self, wish: Wish) -> Permission:
        """Decide; may wait for a lock, or a person. Never raises."""
        try:
            if wish.question:
                return Permission(granted=True, reason=await self._ask(question_of(wish, self._task)))
            return await self._decided(wish)
        except DevMeshError as error:
            return Permission(granted=False, reason=f"DevMesh could not {self.failing}: {error}")
        except Exception:  # noqa: BLE001 - whatever fails, the answer is no
            _log.exception("a wish could not be decided by a fault of ours")
            return Permission(granted=False, reason="DevMesh could not decide about this, so it is refused.")

    @abstractmethod
    async def _decided(self, wish: Wish) -> Permission:
        """About a wish to write or to run."""


class OwnGate(Deciding):
    """Grants everything inside the workspace, nothing that is known to lead out, and the delicate with a person's yes.

    A copy, not a cage: a command whose writes cannot be told is granted, for only the write gate writes the project.
    """

    failing = "ask"

    def __init__(self, workspace: Path, ask: Asking, task: int | None = None) -> None:
        super().__init__(ask, task)
        self._workspace = workspace

    async def _decided(self, wish: Wish) -> Permission:
        wanted = meaning(wish, self._workspace)
        refusal = refusal_of(wanted)
        if refusal:
            return Permission(granted=False, reason=refusal)
        return await with_a_persons_yes(wanted, wish, self._ask, self._task)


def refusal_of(wanted: Meaning) -> str:
    """Why no tool may write this, wherever it works; empty when it may."""
    if wanted.outside:
        return f"{plain(wanted.outside[0])[:200]} is outside your working directory. Write only inside it."
    if never := wanted.never():
        return f"{plain(never)[:200]} belongs to git or DevMesh and is written by neither you nor a command of yours."
    return ""


async def with_a_persons_yes(wanted: Meaning, wish: Wish, ask: Asking, task: int | None) -> Permission:
    """Granted, if need be after the person was asked about instructions, editor tasks and hooks."""
    delicate = wanted.protected()
    if not delicate:
        return Permission(granted=True)
    names = ", ".join(plain(path) for path in delicate[:5])
    text = f"May it write {names}? Such files tell tools, the editor or git what to do. ({beginning(wish.name, 60)})"
    answer = await ask(
        Ask(text=text[:2000], question_kind=QuestionKind.PERMISSION, options=(YES, NO), default=NO, task=task)
    )
    if answer.strip().casefold() == YES:
        return Permission(granted=True)
    return Permission(granted=False, reason=f"The person did not allow writing {names}. Go on without it.")


def question_of(wish: Wish, task: int | None) -> Ask:
    """A tool's question as one of the inbox."""
    options = tuple(beginning(option, 500) for option in wish.options if option.strip())[:20]
    return Ask(text=beginning(wish.question, 20_000), options=options, task=task)
