"""Takes a shell command apart into simple commands: their words, and what they redirect to. Knows no program's name.

A reader, not a shell: what it does not fully understand it refuses to read, so that nobody relies on a guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MOST_CHARACTERS = 60_000
_DEEPEST = 8
"Commands within commands."
_OPERATOR = re.compile(r"&>>|&>|&&|\|\||\|&|;;|[;|&()\n]")
_REDIRECTION = re.compile(r"(\d*)(<<<|<<-|<<|<>|<&|<|>>|>\||>&|>)")
_WRITING = {">", ">>", ">|", ">&", "&>", "&>>", "<>"}
_PLAIN = re.compile(r"[^\s'\"\\$`;|&()<>#*?\[\]{}~]+")
_DESCRIPTOR = re.compile(r"\d+-?|-")
_GLOB = frozenset("*?[")


class CannotTell(Exception):
    """What it would write cannot be told; the message says what stands in the way."""


@dataclass(slots=True)
class Word:
    """One word, its quotes removed."""

    text: str = ""
    dynamic: bool = False
    "Part of it is known only when it runs: a variable, or another command's output."
    glob: bool = False
    "Unquoted wildcards: the shell puts file names in its place."
    quoted: bool = False


@dataclass(slots=True)
class Simple:
    """One simple command, between operators."""

    before: str
    "The operator in front of it; empty at the start."
    words: list[Word] = field(default_factory=list)
    writes: list[Word] = field(default_factory=list)
    "What its redirections write."
    after: str = ""
    depth: int = 0
    "In how many parentheses it stands."


def simple_commands(text: str, depth: int = 0) -> tuple[list[Simple], list[str]]:
    """The simple commands in order, and the texts of the commands inside them (`$(...)`). Raises CannotTell."""
    if depth > _DEEPEST:
        raise CannotTell("it nests too many commands")
    if len(text) > MOST_CHARACTERS:
        raise CannotTell("it is too long")
    reading = _Reading(text)
    reading.all()
    return reading.commands, reading.inner


class _Reading:
    """One pass over the text."""

    def __init__(self, text: str) -> None:
        self.commands: list[Simple] = []
        self.inner: list[str] = []
        self._text = text
        self._at = 0
        self._depth = 0
        self._simple = Simple("")
        self._word: Word | None = None
        self._redirecting: str | None = None
        self._heredocs: list[tuple[str, bool, bool]] = []

    def all(self) -> None:
        """Read to the end."""
        while self._at < len(self._text):
            self._step()
        self._end_word()
        self._end_command("")
        if self._redirecting or self._heredocs or self._depth:
            raise CannotTell("it is not complete")

    def _step(self) -> None:
        text, at = self._text, self._at
        if text.startswith("\\\n", at):
            self._at += 2
        elif text[at] in " \t\r":
            self._end_word()
            self._at += 1
        elif text[at] == "#" and self._word is None:
            end = text.find("\n", at)
            self._at = len(text) if end < 0 else end
        elif text.startswith(("<(", ">("), at):
            raise CannotTell("it has a process substitution")
        elif found := self._redirection():
            self._redirect(found)
        elif found := _OPERATOR.match(text, at):
            self._operator(found[0])
        else:
            self._more()

    # ---- words ----

    def _more(self) -> None:
        """The next piece of a word."""
        word = self._word = self._word or Word()
        char = self._text[self._at]
        if found := _PLAIN.match(self._text, self._at):
            word.text += found[0]
            self._at = found.end()
        elif char == "'":
            self._single(word)
        elif char == '"':
            self._double(word)
        elif char == "\\":
            word.text += self._text[self._at + 1 : self._at + 2]
            word.quoted = True
            self._at += 2
        elif char in "$`":
            self._expansion(word)
        else:
            word.glob = word.glob or char in _GLOB
            word.dynamic = word.dynamic or (
                char == "{" and self._text[self._at + 1 : self._at + 2] not in ("", " ", "}")
            )
            word.text += char
            self._at += 1

    def _single(self, word: Word) -> None:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            raise CannotTell("a quotation is not closed")
        word.text += self._text[self._at + 1 : end]
        word.quoted = True
        self._at = end + 1

    def _double(self, word: Word) -> None:
        word.quoted = True
        self._at += 1
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == '"':
                self._at += 1
                return
            if char in "$`":
                self._expansion(word)
            elif char == "\\" and self._text[self._at + 1 : self._at + 2] in ("$", "`", '"', "\\", "\n"):
                word.text += self._text[self._at + 1].replace("\n", "")
                self._at += 2
            else:
                word.text += char
                self._at += 1
        raise CannotTell("a quotation is not closed")

    def _expansion(self, word: Word) -> None:
        """A variable or a command's output: the word is not known before it runs."""
        text, at = self._text, self._at
        follows = text[at + 1 : at + 2]
        if text[at] == "$" and not (
            follows.isalnum() or follows in {"_", "{", "(", "'", '"', "?", "!", "#", "@", "*", "$", "-"}
        ):
            word.text += "$"
            self._at += 1
            return
        word.dynamic = True
        if text[at] == "`":
            self._at = _closing_backtick(text, at + 1)
            self.inner.append(text[at + 1 : self._at - 1].replace("\\`", "`"))
        elif follows == "(":
            self._at = _closing(text, at + 2)
            within = text[at + 2 : self._at - 1]
            if within.startswith("("):
                raise_if_commands(within)  # a sum
            else:
                self.inner.append(within)
        elif follows == "{":
            end = text.find("}", at)
            if end < 0 or {"`", "$"} & set(text[at + 2 : end]):
                raise CannotTell("it has a nested expansion")
            self._at = end + 1
        elif follows in {"'", '"'}:
            raise CannotTell("it has a quotation with escapes")
        else:
            name = re.compile(r"\w+|.").match(text, at + 1)
            self._at = name.end() if name else at + 1

    def _end_word(self) -> None:
        word, self._word = self._word, None
        if word is None:
            return
        if self._redirecting is None:
            self._simple.words.append(word)
            return
        operator, self._redirecting = self._redirecting, None
        if operator in {"<<", "<<-"}:
            self._heredocs.append((word.text, word.quoted, operator == "<<-"))
        elif operator in _WRITING and not (operator == ">&" and _DESCRIPTOR.fullmatch(word.text)):
            self._simple.writes.append(word)

    # ---- between words ----

    def _redirection(self) -> re.Match[str] | None:
        """A redirection begins here; digits in front of it belong to it only where no word has begun."""
        found = _REDIRECTION.match(self._text, self._at)
        if found and (not found[1] or self._word is None):
            return found
        return None

    def _redirect(self, found: re.Match[str]) -> None:
        self._begin_redirection(found[2], found.end())

    def _begin_redirection(self, operator: str, end: int) -> None:
        self._end_word()
        if self._redirecting is not None:
            raise CannotTell("a redirection leads nowhere")
        self._redirecting = operator
        self._at = end

    def _operator(self, operator: str) -> None:
        end = self._at + len(operator)
        if operator in {"&>", "&>>"}:
            self._begin_redirection(operator, end)
            return
        self._end_word()
        if self._redirecting is not None or operator == ";;":
            raise CannotTell("it cannot be read as a list of commands")
        if operator == "(" and self._simple.words:
            raise CannotTell("it defines a function")
        self._at = end
        if operator == "\n":
            self._skip_heredocs()
            operator = ";"
        self._end_command(operator)
        self._depth += {"(": 1, ")": -1}.get(operator, 0)
        if self._depth < 0:
            raise CannotTell("its parentheses do not match")
        self._simple.depth = self._depth

    def _end_command(self, operator: str) -> None:
        ended = self._simple
        if ended.words or ended.writes:
            ended.after = operator
            self.commands.append(ended)
        elif operator == ";" and ended.before in {"&&", "||", "|"}:
            operator = ended.before  # an operator at a line's end goes on in the next
        self._simple = Simple(operator)

    def _skip_heredocs(self) -> None:
        for delimiter, quoted, indented in self._heredocs:
            body = []
            while True:
                if self._at >= len(self._text):
                    raise CannotTell("a text in it is not closed")
                end = self._text.find("\n", self._at)
                end = len(self._text) if end < 0 else end
                line = self._text[self._at : end]
                self._at = end + 1
                if (line.lstrip("\t") if indented else line) == delimiter:
                    break
                body.append(line)
            raise_if_commands("" if quoted else "\n".join(body))
        self._heredocs.clear()


def raise_if_commands(text: str) -> None:
    """A text in which the shell would run commands cannot be told."""
    if "$(" in text or "`" in text:
        raise CannotTell("it runs commands inside a text")


def _closing(text: str, at: int) -> int:
    """Just behind the parenthesis that closes the one before `at`."""
    depth, quote = 1, ""
    while at < len(text):
        char = text[at]
        if char == "\\" and quote != "'":
            at += 2
            continue
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        else:
            depth += {"(": 1, ")": -1}.get(char, 0)
        at += 1
        if depth == 0:
            return at
    raise CannotTell("a parenthesis is not closed")


def _closing_backtick(text: str, at: int) -> int:
    while at < len(text):
        if text[at] == "`":
            return at + 1
        at += 2 if text[at] == "\\" else 1
    raise CannotTell("a quotation is not closed")
