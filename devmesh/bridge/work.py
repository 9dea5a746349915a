"""One attempt at work: run the tool, offer what it changed, and try again as long as that can help."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from textwrap import shorten

from devmesh.bridge.attempt import Attempt, Bench, Ending
from devmesh.bridge.covering import covered_by_any, covers, exactly
from devmesh.bridge.prompt import (
    ConflictText,
    check_section,
    conflict_section,
    news_prompt,
    remarks_section,
    work_prompt,
)
from devmesh.bridge.tools.tool import Judgement, Purpose
from devmesh.bridge.workspace import Workspace
from devmesh.errors import Code, DevMeshError, Refused, RepositoryError
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import (
    ChangeApplied,
    ChangeOffered,
    ChangeReturned,
    DiscoveriesFound,
    Discovery,
    Standing,
    TaskAwarded,
)
from devmesh.vocabulary.plain import beginning
from devmesh.vocabulary.requests import MOST_FILES, OfferChange, SearchKnowledge
from devmesh.vocabulary.terms import Conflict, FileChange, LockMode, Outcome

TRIES = 5
"Runs of the tool in one attempt."
OFFERS = 6
"Offers of one and the same result, when a lock or the disk was in the way."
_GIVE_WAY = {Code.DEADLOCK, Code.LOCK_TIMEOUT, Code.LOCK_HELD, Code.WRONG_STATE}
"Refusals of a lock that another try may not meet."
_NOT_HELD = {Code.STALE_TOKEN, Code.NOT_COVERED}
_OFFER_AGAIN = {"STALE_TOKEN", "STORAGE_FAILED"}
_WRITING = frozenset({LockMode.WRITE, LockMode.CO_WRITE})
_SUMMARY = 2000

Landing = ChangeApplied | ChangeReturned


class Work(Attempt):
    """Change the project."""

    purpose = Purpose.WORK
    shared = False
    "Whether its tool works in the project itself."
    _workspace: Workspace

    def __init__(self, bench: Bench, awarded: TaskAwarded, rulebook: str = "") -> None:
        super().__init__(bench, awarded, rulebook)
        self._outcomes: dict[int, asyncio.Future[Landing]] = {}

    def heard(self, recorded: Recorded) -> None:
        """The gate's answer, also one that was missed while away."""
        super().heard(recorded)
        match recorded.fact:
            case ChangeApplied() | ChangeReturned() as landing:
                self._landing_of(landing.change, landing)
            case Standing(outcome=ChangeApplied() | ChangeReturned() as landing):
                self._landing_of(landing.change, landing)
            case _:
                return

    async def perform(self) -> Ending:
        """Prepare, start, and run until the result has landed or no other try would help."""
        awarded = self.awarded
        await self._read_framework()
        known = await self._known()
        await self._lock_first()
        self._workspace = await self._open()
        await self._begin(self._workspace)
        tools = self._bench.wants.mcp is not None and self._bench.tool.takes_mcp
        again, last = "", ""
        for _try in range(TRIES):
            whole = work_prompt(awarded, self._rulebook, known=known, again=again, shared=self.shared, tools=tools)
            judgement = await self._run_tool(whole, self._workspace, news_prompt(again))
            if not judgement.success:
                return Ending.of_failure(judgement)
            landing = await self._land(judgement)
            if isinstance(landing, ChangeApplied):
                return Ending(Outcome.DONE, judgement.answer)
            last = self._why(landing)
            self._reporter.note(f"The change came back: {last}")
            again = await self._set_back(landing)
        return Ending(Outcome.FAILED, f"its change did not land in {TRIES} tries; the last time: {last}")

    def _why(self, returned: ChangeReturned) -> str:
        """Why a change came back, in a line."""
        if returned.code != "CHECK_FAILED":
            return f"{returned.code}. {returned.message[:500]}"
        words = returned.message.strip().splitlines() or ["it printed nothing"]
        return f"CHECK_FAILED. {shorten(self.awarded.check, 200, placeholder=' ...')}: {words[-1][:500]}"

    # ---- before ----

    async def _known(self) -> tuple[Discovery, ...]:
        """What others found out about something like this."""
        query = (self.awarded.title or self.awarded.prompt)[:200].strip()
        if not query:
            return ()
        reply = await self._bench.link.ask(SearchKnowledge(query=query, limit=5))
        found = reply.find(DiscoveriesFound)
        return found.found if found else ()

    async def _lock_first(self) -> None:
        """What cannot be merged is locked before the work on it starts."""
        for patience in range(OFFERS):
            try:
                await self._acquire(self.awarded.locked, LockMode.WRITE)
            except Refused as refused:
                await self._give_way(refused, patience, keep=())
            else:
                return
        raise Refused("the files to be locked first could not be locked", code=Code.LOCK_TIMEOUT, rule=3)

    async def _acquire(self, targets: Sequence[str], mode: LockMode) -> None:
        if targets:
            await self._bench.locks.acquire(targets, mode, self.awarded.task)

    async def _give_way(self, refused: Refused, patience: int, *, keep: Sequence[str]) -> None:
        """Release what could be in another's way, and let them pass. Raises what no other try would change."""
        if refused.code not in _GIVE_WAY:
            raise refused
        self._reporter.note(f"Waiting for a lock: {refused.message}")
        await self._release_but(keep)
        await asyncio.sleep(random.uniform(0.1, 0.5) * 2**patience)

    async def _release_but(self, keep: Sequence[str]) -> None:
        held = self._bench.locks.believed(self.awarded.task)
        await self._bench.locks.release(one.token for one in held if one.target not in keep)

    # ---- landing ----

    async def _land(self, judgement: Judgement) -> Landing:
        """Offer what was changed, until it has landed or came back for a reason that another run must deal with."""
        awarded = self.awarded
        head = await self._workspace.commit(f"Task {awarded.task}: {awarded.title}\n")
        files = await self._workspace.changes(head)
        if not files and not self._bench.tool.edits and not judgement.answer:
            raise DevMeshError("it answered nothing")
        if len(files) > MOST_FILES:
            raise DevMeshError(
                f"it changed {len(files)} files; at most {MOST_FILES} land together: ask for less at once"
            )
        reason = ""
        for patience in range(OFFERS):
            landing = await self._offered(head, files, judgement)
            if isinstance(landing, ChangeApplied) or (
                isinstance(landing, ChangeReturned) and not _worth_repeating(landing)
            ):
                return landing
            await self._bench.locks.refresh()
            refused = landing if isinstance(landing, Refused) else Refused(landing.message, code=Code.LOCK_HELD)
            await self._give_way(refused, patience, keep=awarded.locked)
            reason = landing.message[:500]
        raise DevMeshError(f"its result could not be landed in {OFFERS} offers; the last time: {reason}")

    async def _offered(self, head: str, files: Sequence[FileChange], judgement: Judgement) -> Landing | Refused:
        """One offer and its outcome; Refused when somebody's lock was in the way, or ours had ended."""
        awarded = self.awarded
        try:
            tokens = await self._cover(files)
            reply = await self._bench.link.request(
                OfferChange(
                    task=awarded.task,
                    attempt=awarded.attempt,
                    base=self._workspace.base,
                    head=head,
                    files=tuple(files),
                    tokens=tokens,
                    summary=beginning(judgement.answer.strip(), _SUMMARY),
                )
            )
        except Refused as refused:
            if refused.code in _NOT_HELD:
                return Refused(refused.message, code=Code.LOCK_HELD)
            if refused.code in _GIVE_WAY:
                return refused
            raise
        offered = reply.find(ChangeOffered)
        if offered is None:
            raise DevMeshError("the offer was neither taken nor refused")
        return await self._landing_of(offered.change)

    async def _cover(self, files: Sequence[FileChange]) -> tuple[int, ...]:
        """Tokens that cover every file: WRITE where nothing can be merged, CO_WRITE elsewhere."""
        exclusive = [file.path for file in files if covered_by_any(self.awarded.lock_globs, file.path)]
        shared = [file.path for file in files if file.path not in set(exclusive)]
        await self._acquire(self._uncovered(exclusive, frozenset({LockMode.WRITE})), LockMode.WRITE)
        await self._acquire(self._uncovered(shared, _WRITING), LockMode.CO_WRITE)
        held = self._bench.locks.believed(self.awarded.task)
        return tuple(
            one.token for one in held if one.mode in _WRITING and any(covers(one.target, file.path) for file in files)
        )

    def _uncovered(self, paths: Sequence[str], modes: frozenset[LockMode]) -> list[str]:
        held = [one.target for one in self._bench.locks.believed(self.awarded.task) if one.mode in modes]
        return [exactly(path) for path in paths if not covered_by_any(held, path)]

    def _landing_of(self, change: int, landing: Landing | None = None) -> asyncio.Future[Landing]:
        """The outcome of that change, once known; it may be known before we ask."""
        outcome = self._outcomes.get(change)
        if outcome is None:
            outcome = self._outcomes[change] = asyncio.get_running_loop().create_future()
        if landing is not None and not outcome.done():
            outcome.set_result(landing)
        return outcome

    # ---- once more ----

    async def _set_back(self, returned: ChangeReturned) -> str:
        """Bring the workspace to where the next try begins; returns what the tool is told about it."""
        workspace = self._workspace
        match returned.code:
            case "CONFLICT":
                head = await workspace.commit("The change that did not fit\n")
                section = conflict_section(await self._texts(returned.conflicts), await workspace.diff(head))
            case "CHECK_FAILED":
                section = check_section(self.awarded.check, returned.message)
            case _:
                section = remarks_section(returned.message)
        await self._release_but(self.awarded.locked)
        if returned.resume_from is not None:
            await workspace.renew(returned.resume_from, base=returned.current)
        elif returned.current is not None:
            await workspace.renew(returned.current)
        return section

    async def _texts(self, conflicts: Sequence[Conflict]) -> list[ConflictText]:
        return [ConflictText(one.path, one.reason, await self._marked(one)) for one in conflicts]

    async def _marked(self, conflict: Conflict) -> str:
        if conflict.marked is None:
            return ""
        try:
            data = await asyncio.to_thread(self._workspace.repository.read_blob, conflict.marked)
        except RepositoryError:
            return ""
        return data.decode(errors="replace")


def _worth_repeating(returned: ChangeReturned) -> bool:
    """Whether the very same result may land later: nothing is wrong with it."""
    return returned.code in _OFFER_AGAIN or (returned.code == "CONFLICT" and returned.current is None)
