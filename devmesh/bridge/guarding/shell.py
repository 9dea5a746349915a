"""Takes a shell command apart into simple commands: their words, and what they redirect to. Knows no program's name.

A reader, not a shell: what it does not fully understand it refuses to read, so that nobody relies on a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from devmesh.bridge.guarding.expansions import end_of_backticks, end_of_parameter, end_of_sum, evaluates, joins_words
from devmesh.bridge.guarding.words import Simple, Word

MOST_CHARACTERS = 60_000
_DEEPEST = 8
"Commands within commands."
_OPERATOR = re.compile(r"&>>|&>|&&|\|\||\|&|;;|[;|&()\n]")
_REDIRECTION = re.compile(r"(\d*)(<<<|<<-|<<|<>|<&|<|>>|>\||>&|>)")
_WRITING = {">", ">>", ">|", ">&", "&>", "&>>", "<>"}
_PLAIN = re.compile(r"[^\s'\"\\$`;|&()<>#*?\[\]{}~]+")
_DESCRIPTOR = re.compile(r"\d+-?|-")
_NAME = re.compile(r"[A-Za-z_]\w*|.", re.ASCII | re.DOTALL)
_GLOB = frozenset("*?[")


class CannotTell(Exception):
    """What it would write cannot be told; the message says what stands in the way."""

    def __init__(self, why: str, writes: Iterable[str] = ()) -> None:
        super().__init__(why)
        self.writes = tuple(writes)
        "What it writes in any case."


def simple_commands(text: str, depth: int = 0) -> tuple[list[Simple], list[str]]:
    """The simple commands in order, and the texts of the commands inside them (`$(...)`). Raises CannotTell."""
    if depth > _DEEPEST:
        raise CannotTell("it nests too many commands")
    if len(text) > MOST_CHARACTERS:
        raise CannotTell("it is too long")
    if "\0" in text or joins_words(text):
        raise CannotTell("its lines cannot be told apart")
    reading = _Reading(text, depth)
    reading.all()
    return reading.commands, reading.inner


class _Reading:
    """One pass over the text."""

    def __init__(self, text: str, within: int, at: int = 0) -> None:
        self.commands: list[Simple] = []
        self.inner: list[str] = []
        self._text = text
        self._within = within
        "In how many commands it is a command."
        self._at = at
        self._enclosed = False
        "Whether a parenthesis ends it, for which shells also look in its texts."
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

    def closing(self) -> int:
        """Just behind the parenthesis that closes the command which began here."""
        if self._within > _DEEPEST:
            raise CannotTell("it nests too many commands")
        self._enclosed = True
        while self._at < len(self._text):
            if self._text[self._at] == ")" and self._depth == 0:
                return self._at + 1
            self._step()
        raise CannotTell("a parenthesis is not closed")

    def _step(self) -> None:
        text, at = self._text, self._at
        if text.startswith("\\\n", at):
            self._at += 2
        elif text[at] in " \t":
            self._end_word()
            self._at += 1
        elif text[at] == "#" and self._word is None:
            end = text.find("\n", at)
            self._at = len(text) if end < 0 else end
        elif text.startswith(("<(", ">("), at):
            raise CannotTell("it has a process substitution")
        elif found := self._redirection():
            self._begin_redirection(found[2], found.end())
        elif found := _OPERATOR.match(text, at):
            self._operator(found[0])
        else:
            self._more()

    # ---- words ----

    def _more(self) -> None:
        """The next piece of a word."""
        word = self._word = self._word or Word()
        begun = self._at
        self._piece(word, self._text[begun])
        if self._heredocs and "\n" in self._text[begun : self._at]:
            raise CannotTell("a text in it begins within a word")

    def _piece(self, word: Word, char: str) -> None:
        if found := _PLAIN.match(self._text, self._at):
            word.text += found[0]
            self._at = found.end()
        elif char == "'":
            self._single(word)
        elif char == '"':
            self._double(word)
        elif char == "\\":
            if self._at + 1 == len(self._text):
                raise CannotTell("it is not complete")
            word.text += self._text[self._at + 1 : self._at + 2]
            word.quoted = True
            self._at += 2
        elif char in "$`":
            self._expansion(word)
        else:
            self._special(word, char, self._text[self._at + 1 : self._at + 2])

    def _special(self, word: Word, char: str, follows: str) -> None:
        """A character that the shell may replace by something else."""
        if char == "~" and not word.text and not word.quoted:
            word.home = follows in ("", "/") or follows in " \t\n;|&()<>"
            word.dynamic = word.dynamic or not word.home
        word.dynamic = word.dynamic or (char == "~" and word.text.endswith(("=", ":")))
        word.dynamic = word.dynamic or (char == "{" and not self._is_pair(follows))
        word.glob = word.glob or char in _GLOB
        word.text += char
        self._at += 1

    def _is_pair(self, follows: str) -> bool:
        """Whether the brace stands alone, or the word ends with it and its fellow: nothing is put in their place."""
        behind = self._text[self._at + 2 : self._at + 3]
        return follows in ("", " ", "\n", "\t") or (follows == "}" and behind in ("", " ", "\n", "\t", ";", "|"))

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
                self._expansion(word, quoted=True)
            elif char == "\\" and self._text[self._at + 1 : self._at + 2] in ("$", "`", '"', "\\", "\n"):
                word.text += self._text[self._at + 1].replace("\n", "")
                self._at += 2
            else:
                word.text += char
                self._at += 1
        raise CannotTell("a quotation is not closed")

    def _expansion(self, word: Word, *, quoted: bool = False) -> None:
        """A variable or a command's output: the word is not known before it runs."""
        text, at = self._text, self._at
        follows = text[at + 1 : at + 2]
        if text[at] == "$" and (
            (quoted and follows in {"'", '"'})
            or not (follows.isalnum() or follows in {"_", "{", "(", "[", "'", '"', "?", "!", "#", "@", "*", "$", "-"})
        ):
            word.text += "$"
            self._at += 1
            return
        word.dynamic = True
        word.loose = word.loose or not quoted or text.startswith(("$@", "${@"), at)
        if text[at] == "`":
            self._at = _told(end_of_backticks(text, at + 1))
            self.inner.append(text[at + 1 : self._at - 1])
        elif follows == "(":
            self._output()
        elif follows == "{":
            self._at = _told(end_of_parameter(text, at))
        elif follows in {"[", "'", '"'}:
            raise CannotTell("it computes" if follows == "[" else "it has a quotation with escapes")
        else:
            name = _NAME.match(text, at + 1)
            self._at = name.end() if name else at + 1

    def _output(self) -> None:
        """`$(...)`, or a sum."""
        at = self._at
        if self._text.startswith("$((", at):
            self._at = _told(end_of_sum(self._text, at))
            return
        self._at = _Reading(self._text, self._within + 1, at + 2).closing()
        self.inner.append(self._text[at + 2 : self._at - 1])

    def _end_word(self) -> None:
        word, self._word = self._word, None
        if word is None:
            return
        if self._redirecting is None:
            self._simple.words.append(word)
            return
        operator, self._redirecting = self._redirecting, None
        if operator in {"<<", "<<-"}:
            if word.dynamic or self._enclosed:
                raise CannotTell("where a text in it ends cannot be told")
            self._heredocs.append((word.text, word.quoted, operator == "<<-"))
        elif operator in _WRITING and (operator != ">&" or word.dynamic or not _DESCRIPTOR.fullmatch(word.text)):
            if word.glob or word.text.startswith("!") or (operator == ">&" and not word.is_plain_name()):
                raise CannotTell("where a redirection leads is evaluated twice, or not by every shell alike")
            self._simple.writes.append(word)

    # ---- between words ----

    def _redirection(self) -> re.Match[str] | None:
        """A redirection begins here; digits in front of it belong to it only where no word has begun."""
        found = _REDIRECTION.match(self._text, self._at)
        if found and (not found[1] or self._word is None):
            return found
        return None

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
        if operator == "(" and (self._simple.words or self._text.startswith("((", end - 1)):
            raise CannotTell("it defines a function, or computes")
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
            if not quoted and evaluates("\n".join([*body, ""])):
                raise CannotTell("it runs commands inside a text")
        self._heredocs.clear()


def _told(end: int | None) -> int:
    """Where an expansion ends in which nothing is evaluated."""
    if end is None:
        raise CannotTell("it has an expansion in which the shell may run something")
    return end
