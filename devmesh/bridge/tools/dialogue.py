"""A conversation in lines of JSON: taken apart, answered, and judged. Knows what all protocols share, and none of them.

A speaker knows one protocol. It is given a `Conversation` to speak through, and is told every message that comes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import msgspec

from devmesh.bridge.tools.reading import LONGEST_ANSWER, as_text, found, in_one_line, keep, last_line, the_end_of
from devmesh.bridge.tools.refusals import blocked
from devmesh.bridge.tools.talking import Subject
from devmesh.bridge.tools.tool import (
    Blocked,
    Gate,
    Judgement,
    Permission,
    ResultGiven,
    Said,
    SessionNamed,
    TextSaid,
    ToolEnded,
    ToolStarted,
    UsageCounted,
    Wire,
    Wish,
)

_log = logging.getLogger(__name__)

Message = dict[str, Any]
REMINDERS = 8
"How often, in one run, a model is told why something was not permitted when its turn ended by that."
REMINDER = """\
Not permitted, and not done:
{reasons}
Do not try it by other means. Go on with the rest of the task, and say at the end what could not be done."""


class Speaker(Protocol):
    """One protocol, in one conversation."""

    def begin(self) -> None:
        """The process stands: say the first words."""
        ...

    def heard(self, message: Message) -> Iterable[Said]:
        """A message came. It may also answer, ask and end through the conversation."""
        ...

    def interrupt(self) -> None:
        """Have the turn stopped; the conversation is to end when it has."""
        ...

    async def close(self) -> None:
        """The process has ended."""
        ...


class Conversation:
    """A dialogue, whatever its protocol."""

    def __init__(self, subject: Subject, make: Callable[[Conversation], Speaker]) -> None:
        self.subject = subject
        self.denied: list[str] = []
        "Reasons the model was not told yet."
        self._speaker = make(self)
        self._line = bytearray()
        self._words: list[str] = []
        self._errors: list[str] = []
        self._status = 0
        self._result: ResultGiven | None = None
        self._session = ""
        self._reminders = 0
        self._asking: dict[object, asyncio.Task[None]] = {}
        self._wire: Wire
        self._hear: Callable[[Said], None]
        self._gate: Gate

    # ---- as a dialogue ----

    def begin(self, wire: Wire, hear: Callable[[Said], None], gate: Gate) -> None:
        """The process stands."""
        self._wire, self._hear, self._gate = wire, hear, gate
        self._speaker.begin()

    def feed(self, chunk: bytes) -> list[Said]:
        """What the next bytes say."""
        said: list[Said] = []
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            self._keep(line)
            said += self._take()
        self._keep(rest)
        return said

    def end(self) -> list[Said]:
        """What the last, unfinished line says."""
        return list(self._take()) if self._line else []

    def interrupt(self) -> None:
        """Ask the tool, in its own words, to stop its turn."""
        for task in self._asking.values():
            task.cancel()
        self._speaker.interrupt()

    async def close(self) -> None:
        """Give up whatever still waits for an answer."""
        waiting = list(self._asking.values())
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await self._speaker.close()

    def judge(self, exit_code: int, complaints: str) -> Judgement:
        """A success only if the turn ended in one. How the process ended once it was let go counts for nothing."""
        answer = self._answer()
        reason = self._trouble(exit_code, answer)
        if not reason:
            return Judgement(success=True, answer=answer)
        because = self.because(complaints) or last_line(complaints)
        return Judgement.failed(reason, because, answer=answer, blocked=self.blocked(complaints))

    def because(self, complaints: str) -> str:
        """What went wrong by what was said in the conversation, or by what its row looks for."""
        entry, answer = self.subject.known.entry, self._answer()
        candidates = (found(entry.failure_signs, answer), *reversed(self._errors), found(entry.reasons, complaints))
        return in_one_line(next(filter(str.strip, candidates), ""))

    def blocked(self, complaints: str) -> Blocked | None:
        """Whether the model's service was what would not serve."""
        return blocked(self.subject.known.refusals, self._status, self.because(complaints), complaints)

    # ---- for its speaker ----

    def send(self, message: Message) -> None:
        """Say this."""
        self._wire.write(msgspec.json.encode(message) + b"\n")

    def tell(self, *said: Said) -> None:
        """Pass on what was said, now; for speakers that learn of it later than in `heard`."""
        for one in said:
            self.keep(one)
            self._hear(one)

    def keep(self, said: Said) -> Said:
        """Remember what the judgement needs of it."""
        match said:
            case TextSaid(text):
                self._words.append(text)
                if sum(map(len, self._words[-64:])) > LONGEST_ANSWER or len(self._words) > 4 * LONGEST_ANSWER:
                    self._words = [the_end_of("".join(self._words))]
            case ToolStarted() | ToolEnded() if self._words and not self._words[-1].endswith("\n"):
                self._words.append("\n")
            case ResultGiven():
                self._result = said
        return said

    def name(self, session: str) -> Iterator[Said]:
        """The conversation's name, once."""
        if session and session != self._session:
            self._session = session
            yield SessionNamed(session)

    def fail(self, reason: str, status: int = 0) -> None:
        """Remember what went wrong, and with which HTTP status the service refused."""
        if reason:
            self._errors = [*self._errors[-7:], reason]
        self._status = status or self._status

    def over(self, *, success: bool, text: str = "", reason: str = "") -> Said:
        """The turn is over, and with it the conversation."""
        if not success:
            self.fail(reason)
        self._wire.close()
        return self.keep(ResultGiven(success, the_end_of(text)))

    def ask(self, key: object, wish: Wish, answer: Callable[[Permission], None]) -> None:
        """Ask the gate, however long it takes, then answer. A gate that fails has refused."""
        task = asyncio.get_running_loop().create_task(self._asked(wish, answer), name=f"gate: {wish.name}")
        self._asking[key] = task
        task.add_done_callback(lambda _: self._asking.pop(key, None))

    def forget(self, key: object) -> None:
        """The tool does not wait for that answer any more."""
        if key in self._asking:
            self._asking[key].cancel()

    async def permission(self, wish: Wish) -> Permission:
        """The gate's answer. A gate that fails has refused."""
        try:
            return await self._gate(wish)
        except Exception as error:  # noqa: BLE001 - whatever it raises, nothing was granted
            _log.exception("the gate failed on %s", wish.name)
            return Permission(granted=False, reason=f"The gate failed ({type(error).__name__}), so this is refused.")

    def reminder(self) -> str:
        """The next prompt, where the model has not been told yet why it was refused; empty when there is none."""
        if not self.denied or self._reminders >= REMINDERS:
            return ""
        self._reminders += 1
        self._words.append("\n")
        reasons = "\n".join(f"- {reason}" for reason in dict.fromkeys(self.denied))
        self.denied = []
        return REMINDER.format(reasons=reasons)

    # ---- inside ----

    async def _asked(self, wish: Wish, answer: Callable[[Permission], None]) -> None:
        answer(await self.permission(wish))

    def _trouble(self, exit_code: int, answer: str) -> str:
        if found(self.subject.known.entry.failure_signs, answer) or (self._result and not self._result.success):
            return "it says that it failed"
        if self._result is not None:
            return ""
        return f"it ended with exit code {exit_code}" if exit_code else "it ended without saying how it went"

    def _answer(self) -> str:
        if self._result and self._result.text:
            return self._result.text
        return the_end_of("".join(self._words)).strip()

    def _keep(self, part: bytes) -> None:
        keep(self._line, part)

    def _take(self) -> Iterable[Said]:
        line, self._line = bytes(self._line), bytearray()
        try:
            message = msgspec.json.decode(line, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return [TextSaid(as_text(line) + "\n")] if line.strip() else []
        return [self.keep(said) for said in self._speaker.heard(message)]


class Total:
    """Usage, where an agent counts the session or the turn and does not say which."""

    def __init__(self) -> None:
        self.counted = UsageCounted()

    def count(self, given: int, made: int, dollars: float | None = None) -> UsageCounted:
        """The run so far: a number below the last one began anew."""
        before = self.counted
        anew = given < before.input_tokens
        self.counted = UsageCounted(
            given + before.input_tokens * anew,
            made + before.output_tokens * anew,
            dollars if dollars is not None else before.dollars,
        )
        return self.counted
