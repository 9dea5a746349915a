"""One review: judge another agent's change with the tool, and hand in the verdict (Rule 5)."""

from __future__ import annotations

import re

from devmesh.bridge.attempt import Attempt, Ending
from devmesh.bridge.prompt import review_prompt
from devmesh.bridge.tools.tool import Purpose
from devmesh.errors import DevMeshError
from devmesh.vocabulary.plain import plain, redact
from devmesh.vocabulary.requests import Review
from devmesh.vocabulary.terms import Outcome, Verdict

_VERDICT = re.compile(r"^[\s*_`#>-]*VERDICT:[\s*_`]*(APPROVE|CHANGES)\b", re.MULTILINE)
_VERDICTS = {"APPROVE": Verdict.APPROVE, "CHANGES": Verdict.CHANGES_WANTED}
_REMARKS = 19_000


class Judging(Attempt):
    """Judge a change. What the tool does to the files is thrown away."""

    purpose = Purpose.REVIEW

    async def perform(self) -> Ending:
        """Run the tool on the change; without a verdict line the attempt has failed."""
        awarded = self.awarded
        if awarded.reviews is None or awarded.base is None or awarded.head is None:
            raise DevMeshError("this review names no change")
        await self._read_framework()
        workspace = await self._open(awarded.head)
        await self._begin(workspace)
        workspace.base = awarded.base
        judgement = await self._run_tool(review_prompt(awarded, await workspace.diff(awarded.head)), workspace)
        if not judgement.success:
            return Ending(Outcome.FAILED, judgement.reason)
        found = verdict_in(judgement.answer)
        if found is None:
            return Ending(Outcome.FAILED, "its answer ends with no line VERDICT: APPROVE or VERDICT: CHANGES")
        verdict, remarks = found
        said = redact(plain(remarks)).strip()[-_REMARKS:]
        await self._bench.link.request(Review(change=awarded.reviews, verdict=verdict, remarks=said))
        return Ending(Outcome.DONE, f"{verdict}: {said}")


def verdict_in(answer: str) -> tuple[Verdict, str] | None:
    """The last verdict in it, and the remarks that come before."""
    verdicts = list(_VERDICT.finditer(answer))
    return (_VERDICTS[verdicts[-1][1]], answer[: verdicts[-1].start()]) if verdicts else None
