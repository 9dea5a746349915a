"""One review: judge another agent's change with the tool, and hand in the verdict (Rule 5)."""

from __future__ import annotations

import re

from devmesh.bridge.attempt import Attempt, Ending
from devmesh.bridge.checking import CheckRun
from devmesh.bridge.prompt import VERDICT_WANTED, CheckResult, review_prompt
from devmesh.bridge.tools.tool import Purpose
from devmesh.bridge.workspace import Workspace, context
from devmesh.errors import DevMeshError
from devmesh.vocabulary.plain import ending
from devmesh.vocabulary.requests import Review
from devmesh.vocabulary.terms import Outcome, Resources, Verdict

_VERDICT = re.compile(r"^[\s*_`#>-]*VERDICT:[\s*_`]*(APPROVE|CHANGES)\b", re.MULTILINE)
_VERDICTS = {"APPROVE": Verdict.APPROVE, "CHANGES": Verdict.CHANGES_WANTED}
_REMARKS = 19_000


class Judging(Attempt):
    """Judge a change. What the tool does to the files is thrown away."""

    purpose = Purpose.REVIEW
    _check: CheckRun | None = None

    async def perform(self) -> Ending:
        """Run the task's check, then the tool on the change. Without a verdict, asked for twice, it has failed."""
        awarded = self.awarded
        if awarded.reviews is None or awarded.base is None or awarded.head is None:
            raise DevMeshError("this review names no change")
        await self._read_framework()
        workspace = await self._open(awarded.head)
        await self._begin(workspace)
        workspace.base = awarded.base
        diff = await workspace.diff(awarded.head)
        whole = review_prompt(awarded, diff, await self._checked(workspace))
        judgement = await self._run_tool(whole, workspace)
        if judgement.success and verdict_in(judgement.answer) is None:
            self._reporter.note("The answer holds no verdict; asking for it.")
            judgement = await self._run_tool(f"{whole}\n\n{VERDICT_WANTED}", workspace, VERDICT_WANTED)
        if not judgement.success:
            return Ending.of_failure(judgement)
        found = verdict_in(judgement.answer)
        if found is None:
            return Ending(Outcome.FAILED, "its answer ends with no line VERDICT: APPROVE or VERDICT: CHANGES")
        verdict, remarks = found
        said = ending(remarks.strip(), _REMARKS)
        await self._bench.link.request(Review(change=awarded.reviews, verdict=verdict, remarks=said))
        return Ending(Outcome.DONE, f"{verdict}: {said}")

    async def _checked(self, workspace: Workspace) -> CheckResult | None:
        """What the task's own check says on the change; None for a task without one."""
        awarded, bench = self.awarded, self._bench
        if not awarded.check:
            return None
        session = self._session = self._begin_session(workspace)
        surroundings = context(bench.project, awarded.agent, awarded.task, awarded.attempt, workspace.path)
        check = self._check = CheckRun(awarded.check, workspace.path, surroundings)
        if self._pauses:
            check.pause()
        try:
            result = await check.to_end(session.left)
        finally:
            self._check = None
        session.left -= check.seconds
        self._reporter.note(f"`{awarded.check}`: {result.how}")
        return result

    def kill(self) -> None:
        """End tool and check without any grace."""
        super().kill()
        if self._check is not None:
            self._check.kill()

    def used(self) -> Resources:
        """The memory of its processes, of which there is one tree at a time."""
        return self._check.used() if self._check is not None else super().used()

    def _pause(self) -> None:
        super()._pause()
        if self._check is not None:
            self._check.pause()

    def _resume(self) -> None:
        super()._resume()
        if self._check is not None:
            self._check.resume()


def verdict_in(answer: str) -> tuple[Verdict, str] | None:
    """The last verdict in it, and the remarks that come before."""
    verdicts = list(_VERDICT.finditer(answer))
    return (_VERDICTS[verdicts[-1][1]], answer[: verdicts[-1].start()]) if verdicts else None
