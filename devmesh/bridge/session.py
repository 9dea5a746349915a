"""One conversation with a tool over as many runs as it takes: begun, continued, paused. Knows no task and no mesh."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from devmesh.bridge.prompt import GO_ON, INTERRUPTED
from devmesh.bridge.running import Listeners, Run
from devmesh.bridge.spending import Meter
from devmesh.bridge.tools.tool import (
    Gate,
    Judgement,
    Purpose,
    Said,
    SessionNamed,
    TextSaid,
    Tool,
    ToolStarted,
    UsageCounted,
    Wants,
)
from devmesh.vocabulary.terms import Resources

HALT = 1.2
"Seconds a tool that is paused may take to end by itself."
LEAST = 0.01
"Dollars a run is allowed at least: none takes a limit of nothing."


async def _nothing() -> None:
    return


@dataclass(frozen=True, slots=True)
class Setting:
    """What is the same for every run of one conversation."""

    workspace: Path
    "Many tools find a conversation again only from the folder it began in."
    purpose: Purpose
    options: Sequence[str] = ()
    context: Mapping[str, str] = field(default_factory=dict)
    wants: Wants = field(default_factory=Wants)
    gate: Gate | None = None


@dataclass(frozen=True, slots=True)
class Ears:
    """Who is told what happens in it."""

    said: Callable[[Said], None] = field(default=lambda _: None)
    complained: Callable[[str], None] = field(default=lambda _: None)
    noted: Callable[[str], None] = field(default=lambda _: None)
    "The session's own remarks."
    at_rest: Callable[[], Awaitable[None]] = _nothing
    "Called when a pause has ended the tool, and nothing of it is left."


class ToolSession:
    """Runs one tool again and again. It can be paused, resumed and killed from the moment it is made.

    A tool that can continue a conversation is ended by a pause, and goes on later where it was; any other stands still.
    """

    def __init__(self, tool: Tool, setting: Setting, ears: Ears, limit: float, meter: Meter | None = None) -> None:
        """`limit`: seconds all runs may take together, pauses left out."""
        self.left = limit
        self.dollars = setting.wants.dollars
        "What may be spent in all; None: nobody says."
        self._tool = tool
        self._setting = setting
        self._ears = ears
        self._limit = limit
        self._meter = meter
        self._spent = 0.0
        self._named = ""
        self._run: Run | None = None
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._halted = False
        "The run was ended by a pause."
        self._took = False
        "The run has said something: the tool knows its prompt."
        self._acted = False
        "The run did something, or cost something."

    # ---- what others do with it ----

    async def run(self, whole: str, news: str = "") -> Judgement:
        """Run the tool on the `whole` prompt; on the `news` alone, where it can still know the rest.

        Returns when it has ended by itself, or its time was up; a pause on the way only makes it take longer.
        """
        text, resume = (news, self._named) if news and self._continues else (whole, "")
        while True:
            await self._until_wanted()
            judgement = await self._run_once(text, resume)
            if self._halted:
                whole = whole if not self._took or whole.endswith(INTERRUPTED) else whole + INTERRUPTED
                if self._took:
                    text, resume = (GO_ON, self._named) if self._continues else (whole, "")
            elif resume and not self._acted and _is_worth_repeating(judgement):
                self._ears.noted(f"Its conversation could not be continued ({judgement.reason}); beginning a new one.")
                self._named = ""
                text, resume = whole, ""
            else:
                return judgement

    def pause(self) -> None:
        """Have nothing of it at work within 2 s."""
        self._wanted.clear()
        run = self._run
        if run is None or self._halted:
            return
        if not self._tool.resumes:
            run.pause()
            return
        self._halted = True
        run.stop("paused")
        asyncio.get_running_loop().call_later(HALT, run.kill)

    def resume(self) -> None:
        """Let it go on."""
        self._wanted.set()
        if self._run is not None and not self._tool.resumes:
            self._run.resume()

    def kill(self) -> None:
        """End it without any grace."""
        if self._run is not None:
            self._run.kill()

    def used(self) -> Resources:
        """The memory its processes take now."""
        return self._run.used() if self._run is not None else Resources()

    # ---- one run ----

    @property
    def _continues(self) -> bool:
        return bool(self._named) and self._tool.resumes

    async def _until_wanted(self) -> None:
        """A tool that resumes is not even started while nobody wants it; any other is started, and stands still."""
        if self._tool.resumes and not self._wanted.is_set():
            await self._ears.at_rest()
            await self._wanted.wait()

    async def _run_once(self, text: str, resume: str) -> Judgement:
        if self.left <= 0:
            self._halted, self._acted = False, True
            return Judgement(success=False, reason=f"the {self._limit:g} s for this attempt are used up")
        setting = self._setting
        self._halted = self._took = self._acted = False
        run = self._run = Run(self._tool, Listeners(self._heard, self._ears.complained))
        if not self._wanted.is_set():
            run.pause()
        if self._meter is not None:
            self._meter.begin_run()
        wants = replace(setting.wants, resume=resume, dollars=self._still_allowed())
        place = (setting.workspace, setting.purpose, setting.options, setting.context)
        try:
            judgement = await run.to_end(text, *place, self.left, wants, setting.gate)
        finally:
            self.left -= run.seconds
            self._run = None
        if self._meter is not None:
            self._spent += self._meter.spent.dollars or 0.0
            await self._meter.end_run()
        return judgement

    def _still_allowed(self) -> float | None:
        return None if self.dollars is None else max(LEAST, round(self.dollars - self._spent, 6))

    def _heard(self, said: Said) -> None:
        match said:
            case SessionNamed():
                self._named = said.session
                if self._meter is not None:
                    self._meter.conversation = said.session
            case ToolStarted():
                self._took = self._acted = True
            case TextSaid():
                self._took = True
            case UsageCounted():
                self._took = True
                self._acted = self._acted or said.output_tokens > 0
                if self._meter is not None:
                    self._meter.counted(said)
            case _:
                pass
        self._ears.said(said)


def _is_worth_repeating(judgement: Judgement) -> bool:
    """Whether a continued run may have failed because the tool knows nothing of that conversation."""
    return not judgement.success and judgement.blockage is None
