"""Takes a tool's standard output apart as its dialect's table says. Knows no tool, process or mesh."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from devmesh.bridge.tools.entry import Conditions, EventRule, Known
from devmesh.bridge.tools.refusals import blocked
from devmesh.bridge.tools.tool import (
    Blocked,
    Judgement,
    ResultGiven,
    Said,
    SessionNamed,
    TextSaid,
    ToolEnded,
    ToolStarted,
    UsageCounted,
)
from devmesh.vocabulary.plain import beginning, mended

LONGEST_LINE = 8 * 1024 * 1024
"Bytes of one line that are kept; the rest of it is dropped."
LONGEST_ANSWER = 200_000
"Characters of a text run's words that are kept, from the end."
LONGEST_REASON = 300
"Characters of a reason, from its beginning."


class OutputReader:
    """Reads one run. Lines that are no event, a warning or a flood, are words like any other."""

    def __init__(self, known: Known) -> None:
        _name, self._entry, self._rules, self._refusals = known
        self._line = bytearray()
        self._words: list[str] = []
        self._spoken_length = 0
        self._result: ResultGiven | None = None
        self._errors: list[str] = []
        "What it said went wrong: how its end explains it, or else the last of it on the way."
        self._status = 0
        "The HTTP status it was refused with."
        self._used = UsageCounted()

    def feed(self, chunk: bytes) -> list[Said]:
        """What the next bytes say."""
        said: list[Said] = []
        if self._entry.output == "json":
            self._keep(chunk)
            return said
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            self._keep(line)
            said += self._take()
        self._keep(rest)
        return said

    def end(self) -> list[Said]:
        """What the last, unfinished line says."""
        return self._take() if self._line else []

    def judge(self, exit_code: int, complaints: str) -> Judgement:
        """A success only if the terminal event says so and the exit code is 0; for plain text, the code alone."""
        answer = self._answer()
        reason = self._trouble(exit_code, answer)
        if not reason:
            return Judgement(success=True, answer=answer)
        because = self.because(complaints) or last_line(complaints) or last_line(answer)
        return Judgement.failed(reason, because, answer=answer, blocked=self.blocked(complaints))

    def because(self, complaints: str) -> str:
        """What went wrong by its events, or by what its row looks for; empty when neither says so."""
        answer, entry = self._answer(), self._entry
        candidates = (
            found(entry.failure_signs, answer),
            *reversed(self._errors),
            found(entry.reasons, complaints),
            found(entry.reasons, answer),
        )
        return in_one_line(next(filter(str.strip, candidates), ""))

    def blocked(self, complaints: str) -> Blocked | None:
        """Whether the model's service was what would not serve, by what the failed run said."""
        return blocked(self._refusals, self._status, self.because(complaints), complaints)

    def _trouble(self, exit_code: int, answer: str) -> str:
        """What speaks against a success; empty when nothing does."""
        if found(self._entry.failure_signs, answer):
            return "it says that it failed"
        if self._result is not None and not self._result.success:
            return "it says that it failed"
        if exit_code:
            return f"it ended with exit code {exit_code}"
        if self._result is None and self._entry.output != "text":
            return "it ended without saying how it went"
        return ""

    def _answer(self) -> str:
        return self._result.text if self._result and self._result.text else self._all_words().strip()

    # ---- lines ----

    def _keep(self, part: bytes) -> None:
        keep(self._line, part)

    def _take(self) -> list[Said]:
        line, self._line = bytes(self._line), bytearray()
        if self._entry.output != "text" and line.lstrip().startswith((b"{", b"[")):
            try:
                return list(self._heard(msgspec.json.decode(line)))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                pass
        return self._spoken(as_text(line) + "\n")

    def _heard(self, event: object) -> Iterator[Said]:
        for one in event if isinstance(event, list) else [event]:
            for rule in self._rules:
                if _holds(rule.when, one):
                    yield from self._apply(rule, one)

    def _apply(self, rule: EventRule, event: object) -> Iterator[Said]:
        for part in _at(event, rule.each) if rule.each else [event]:
            if _holds(rule.where, part):
                yield from self._meant(rule, part)

    def _meant(self, rule: EventRule, part: object) -> Iterator[Said]:
        match rule.means:
            case "session":
                yield SessionNamed(_text(part, rule.session))
            case "text" | "delta":
                text = _text(part, rule.text)
                yield from self._spoken(text + "\n" if text and rule.means == "text" else text)
            case "error":
                self._errors = [_text(part, rule.text)]
                self._status = _count(part, rule.status) or self._status
                yield from self._spoken(self._errors[0] + "\n")
            case "tool_start":
                yield ToolStarted(_text(part, rule.name), _paths(part, rule.paths))
            case "tool_end":
                yield ToolEnded(_text(part, rule.name), _paths(part, rule.paths))
            case "usage":
                yield self._count_usage(rule, part)
            case "result" | "failure":
                claimed = rule.means == "result" and _holds(rule.success, part)
                why = "" if claimed else _first(part, rule.reason or (rule.text,))
                self._errors = [*self._errors[-1:], why] if why else self._errors
                self._status = (not claimed and _count(part, rule.status)) or self._status
                self._result = ResultGiven(claimed, the_end_of(_text(part, rule.text)))
                yield self._result

    def _spoken(self, text: str) -> list[Said]:
        self._words.append(text)
        self._spoken_length += len(text)
        if self._spoken_length > 2 * LONGEST_ANSWER:
            self._words = [self._all_words()]
            self._spoken_length = len(self._words[0])
        said: list[Said] = [TextSaid(text)] if text else []
        return said + self._usage_in(text)

    # ---- what it costs ----

    def _count_usage(self, rule: EventRule, part: object) -> UsageCounted:
        given, made = (sum(_count(part, path) for path in paths) for paths in (rule.input, rule.output))
        counted = UsageCounted(given, made, _amount(part, rule.dollars))
        self._used = added(self._used, counted) if rule.adds else counted
        return self._used

    def _usage_in(self, text: str) -> list[Said]:
        """Where a CLI says in words what a step cost."""
        before = self._used
        for pattern in self._entry.usage:
            for fits in re.finditer(pattern, text):
                dollars = fits.groupdict().get("dollars")
                step = UsageCounted(
                    _thousands(fits["input"]), _thousands(fits["output"]), float(dollars) if dollars else None
                )
                self._used = added(self._used, step)
        return [self._used] if self._used != before else []

    def _all_words(self) -> str:
        return the_end_of("".join(self._words))


def added(one: UsageCounted, other: UsageCounted) -> UsageCounted:
    """Both together; the price is unknown only where neither has one."""
    prices = [price for price in (one.dollars, other.dollars) if price is not None]
    return UsageCounted(
        one.input_tokens + other.input_tokens,
        one.output_tokens + other.output_tokens,
        sum(prices) if prices else None,
    )


def _thousands(text: str) -> int:
    factor = {"k": 1000, "M": 1_000_000}.get(text[-1], 1)
    return round(float(text.rstrip("kM").replace(",", "")) * factor)


# ---- cutting ----


def keep(line: bytearray, part: bytes) -> None:
    """Add to the line that goes on, as far as there is room."""
    line += part[: LONGEST_LINE - len(line)]


def as_text(line: bytes) -> str:
    """A line that is no event; one that there was no room for, without the word that was cut in two."""
    return mended(line.decode(errors="replace"), torn_end=len(line) == LONGEST_LINE)


def the_end_of(text: str) -> str:
    """The last words, as many as are kept, without what was cut in two before them."""
    return mended(text[-LONGEST_ANSWER:], torn_start=len(text) > LONGEST_ANSWER)


# ---- looking into events ----


def _at(value: object, path: str) -> list[Any]:
    """Everything at a dotted path; a list on the way, or at its end, stands for each of its elements."""
    found = [value]
    for key in path.split("."):
        found = [one[key] for one in _flat(found) if isinstance(one, dict) and key in one]
    return list(_flat(found))


def _flat(values: Sequence[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from value
        else:
            yield value


def _holds(conditions: Conditions, value: object) -> bool:
    return all(any(_same(found, wanted) for found in _at(value, path)) for path, wanted in conditions.items())


def _same(found: object, wanted: object) -> bool:
    """JSON's equality: 1 is not true, and 0 is not false."""
    choices = wanted if isinstance(wanted, list) else [wanted]
    return any(found == one and isinstance(found, bool) == isinstance(one, bool) for one in choices)


def _text(value: object, path: str) -> str:
    found = _at(value, path) if path else []
    return found[0] if found and isinstance(found[0], str) else ""


def _paths(value: object, paths: Sequence[str]) -> tuple[str, ...]:
    return tuple(found for path in paths for found in _at(value, path) if isinstance(found, str))


def _count(value: object, path: str) -> int:
    amount = _amount(value, path)
    return int(amount) if amount is not None else 0


def _amount(value: object, path: str) -> float | None:
    found = [one for one in _at(value, path) if isinstance(one, int | float)] if path else []
    return float(found[0]) if found else None


def _first(value: object, paths: Sequence[str]) -> str:
    return next(filter(None, (_text(value, path) for path in paths)), "")


def found(patterns: Sequence[str], text: str) -> str:
    """Group 1 of the last line that any of them fits, or the line itself where a pattern has no group."""
    for line in reversed(text.splitlines()):
        for pattern in patterns:
            if fits := re.search(pattern, line):
                return fits[1] if fits.re.groups else line
    return ""


def last_line(text: str) -> str:
    """The last of its lines that is not empty, as a reason."""
    return in_one_line(next((line for line in reversed(text.splitlines()) if line.strip()), ""))


def in_one_line(text: str) -> str:
    """A reason: without line breaks, and not too long."""
    return beginning(" ".join(text.split()), LONGEST_REASON)
