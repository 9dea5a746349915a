"""What the program says: one JSON object a line on standard output, as the streaming modes of real CLIs do."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field

VERSION = "0.1.0"

#: Characters that count as one token in the usage it reports; an estimate, there is no model.
_CHARACTERS_PER_TOKEN = 4


@dataclass
class Stream:
    """Writes events, and counts what a model would have been paid for."""

    session: str
    read: int = 0
    "Characters of the prompt."
    said: int = 0
    "Characters of text and edits."
    calls: int = field(default=0, init=False)
    dollars: float | None = field(default=None, init=False)
    "What it cost so far; None as long as no price was named."

    def emit(self, kind: str, **fields: object) -> None:
        """One event, at once."""
        sys.stdout.write(json.dumps({"type": kind, **fields}, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    def say(self, text: str) -> None:
        """What the assistant tells the person."""
        self.said += len(text)
        self.emit("text", text=text)

    def start(self, tool: str, paths: list[str], argument: str) -> str:
        """A tool begins; its id is returned."""
        self.calls += 1
        name = f"call_{self.calls}"
        self.emit("tool_start", id=name, tool=tool, paths=paths, argument=argument)
        return name

    def end(self, name: str, status: str, paths: list[str], message: str = "") -> None:
        """A tool ended: `ok`, `unchanged` (it was so already) or `error`."""
        self.emit("tool_end", id=name, status=status, paths=paths, message=message)

    def refusal(self, tool: str, paths: list[str], argument: str) -> str:
        """Why it may not use that tool; empty when it may. Nobody is asked here."""
        del tool, paths, argument
        return ""

    def ask(self, question: str, options: list[str]) -> str | None:
        """The person's answer; None: there is nobody to ask."""
        del question, options
        return None

    def usage(self) -> dict[str, int | float]:
        """What it cost so far, said and returned."""
        usage: dict[str, int | float] = {
            "input_tokens": self.read // _CHARACTERS_PER_TOKEN,
            "output_tokens": self.said // _CHARACTERS_PER_TOKEN,
        }
        if self.dollars is not None:
            usage["dollars"] = self.dollars
        self.emit("usage", **usage)
        return usage

    def result(self, text: str, *, error: bool, seconds: float, status: int = 0) -> None:
        """The last line: what came of it, and with which HTTP status the service refused, if it did."""
        usage = self.usage()
        self.emit(
            "result",
            subtype="error" if error else "success",
            is_error=error,
            result=text,
            session_id=self.session,
            num_turns=self.calls,
            duration_ms=round(seconds * 1000),
            usage=usage,
            **({"api_error_status": status} if status else {}),
        )
