"""What a shell command would write, told from its text. Runs nothing; what it cannot tell, it says."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devmesh.bridge.guarding.git import is_repository
from devmesh.bridge.guarding.places import Places, is_folder
from devmesh.bridge.guarding.programs import PROGRAMS, QUESTIONS, patched
from devmesh.bridge.guarding.reading import ANY_WORDS, READING
from devmesh.bridge.guarding.shell import CannotTell, simple_commands
from devmesh.bridge.guarding.words import Simple, Word

_MOST_INSIDE = 100
"Commands inside a command, times the folders that it goes to."
HARMLESS = frozenset({"/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty"})
_SHELLS = frozenset({"bash", "sh", "dash", "zsh"})
_RUNNERS = frozenset({"env", "timeout", "nice", "command"})
"What they do is what the command behind them does."
_PYTHON = re.compile(r"python(?:\d(?:\.\d+)?)?")
_SYSTEM = re.compile(r"(?:/usr)?/bin/(?=[^/]+$)")
_SETTINGS = re.compile(r"(LC_[A-Z]+|LANG|LANGUAGE|NO_COLOR|TERM|COLUMNS|TZ)=(?:\w(?!.*\.\.)[\w.@:+/-]*)?", re.ASCII)
"Variables that change no program's writes, with values that are neither options, paths from elsewhere nor texts."
_WRITTEN_BY_PYTHON = (
    re.compile(r"""open\(\s*[rbuf]*(['"])(?P<path>[^'"]+)\1\s*,\s*(?:mode\s*=\s*)?['"][^'"]*[wax+][^'"]*['"]"""),
    re.compile(r"""Path\(\s*(['"])(?P<path>[^'"]+)\1\s*\)\.(?:write_text|write_bytes|unlink|touch)"""),
)


@dataclass(slots=True)
class Told:
    """The files it would write, absolute; a folder with all below it ends in `/`."""

    writes: list[str] = field(default_factory=list)
    untold: str = ""
    "Why there may be others; empty: these are all."


def told(command: str, folder: Path) -> Told:
    """What `command`, run in `folder`, would write."""
    telling = _Telling(str(folder))
    telling.command(command, 0)
    return telling.told


class _Telling:
    """One command being told."""

    def __init__(self, folder: str, *, after_writes: bool = False) -> None:
        self.told = Told()
        self._folders = [folder]
        "The current one, in each of the parentheses around."
        self._visited = {folder: None}
        "Every one that it was in, in order."
        self._after_writes = after_writes
        "Whether the command around it writes."
        self._made: set[str] = set()
        "Folders that it makes before they are needed."
        self._put: list[str] = []
        self._putting: list[str] = []
        "Where it puts what may be a link or a folder: what is written there then goes nobody knows where."

    def command(self, text: str, depth: int) -> None:
        """Take in all that this text would write."""
        try:
            simple, inner = simple_commands(text, depth)
        except CannotTell as why:
            self._cannot(why)
            self.told.writes.extend(self._places.absolute(path) for path in patched(text))
            return
        for one in simple:
            self._enter(one.depth)
            self._one(one, depth)
        if len(inner) * len(self._visited) > _MOST_INSIDE:
            self._cannot(CannotTell("it holds too many commands"))
            return
        for within in inner:
            for folder in self._visited:
                self._inside(within, folder, depth + 1)

    def _inside(self, text: str, folder: str, depth: int) -> None:
        """A command whose output is used: in which of the folders it runs is not told, so it must write nothing."""
        inner = _Telling(folder, after_writes=self._after_writes or bool(self.told.writes))
        inner.command(text, depth)
        self.told.writes.extend(inner.told.writes)
        if inner.told.untold or inner.told.writes:
            self._cannot(CannotTell(inner.told.untold or "a command inside it writes"))

    @property
    def _places(self) -> Places:
        return Places(self._folders[-1], frozenset(self._made))

    def _enter(self, depth: int) -> None:
        """Each parenthesis has a current folder of its own."""
        del self._folders[depth + 1 :]
        while len(self._folders) <= depth:
            self._folders.append(self._folders[-1])

    def _one(self, simple: Simple, depth: int) -> None:
        for target in simple.writes:
            self._noting(lambda target=target: [self._places.one(target)])  # type: ignore[misc]
        words = list(simple.words)
        while words and (_is_plain(words[0], "!", "time") or _is_setting(words[0])):
            words.pop(0)
        if words and words[0].text == "cd" and not words[0].dynamic:
            self._noting(lambda: self._change_folder(simple, words))
        elif words:
            self._noting(lambda: self._run(words, depth))

    def _noting(self, tell: Callable[[], Iterable[str]]) -> None:
        try:
            paths = [path for path in tell() if path not in HARMLESS]
            self.told.writes.extend(paths)
            if any(f"{path}/".startswith(f"{put.rstrip('/')}/") for path in paths for put in self._put):
                self._cannot(CannotTell("it writes where it has just put something else"))
            self._put, self._putting = [*self._put, *self._putting], []
        except CannotTell as why:
            self.told.writes.extend(why.writes)
            self._cannot(why)

    def _cannot(self, why: CannotTell) -> None:
        self.told.untold = self.told.untold or str(why)

    def _change_folder(self, simple: Simple, words: list[Word]) -> list[str]:
        """Only where it surely happens: unconditionally, into a folder that is there."""
        alone = len(words) == len(simple.words) == 2  # noqa: PLR2004 - some shells take `time cd` for a program
        surely = alone and simple.before in {"", ";", "("} and simple.after in {"", ";", "&&", ")"}
        place = "" if not surely or words[1].text.startswith("-") else self._place(words[1])
        if not place or not os.access(place, os.X_OK) or not is_folder(place) or self._is_changed(place):
            raise CannotTell("it goes to a folder that cannot be told")
        self._folders[-1] = place
        self._visited[place] = None
        return []

    def _is_changed(self, place: str) -> bool:
        """Whether what goes before may have moved the folder away, or taken its place."""
        return any(f"{place.rstrip('/')}/".startswith(f"{path.rstrip('/')}/") for path in self.told.writes)

    def _place(self, word: Word) -> str:
        """Where `cd` goes: unlike every program, it takes `..` for what the path itself says."""
        if ".." not in word.text.split("/"):
            return self._places.one(word)
        if word.dynamic or word.glob or word.home:
            return ""
        return os.path.normpath(os.path.join(self._folders[-1], word.text))  # noqa: PTH118 - a text

    def _run(self, words: list[Word], depth: int) -> Iterable[str]:
        name = "" if words[0].dynamic else _SYSTEM.sub("", words[0].text)
        if name in _SHELLS:
            return self._shell(words[1:], depth)
        if name in _RUNNERS:
            return self._run(_wrapped(name, words[1:]), depth)
        if _PYTHON.fullmatch(name):
            return self._python(words[1:])
        return self._known(name, words)

    def _known(self, name: str, words: list[Word]) -> list[str]:
        """What a program of the tables writes. Raises CannotTell for any other."""
        if name in READING:
            READING[name].read(name, words[1:])
        if name in READING or name in ANY_WORDS:
            return []
        tell = PROGRAMS.get(name) or QUESTIONS.get(name)
        if tell is None:
            raise CannotTell(f"what {words[0].text[:60]!r} writes is not known")
        writing = self._after_writes or self.told.writes
        if name == "git" and writing and not is_repository(self._folders[-1]):
            raise CannotTell("what it writes could make a repository, with programs in its configuration, for git")
        if name in PROGRAMS and any(word.dynamic for word in words[1:]):
            raise CannotTell(f"the arguments of {name!r} are known only when it runs")
        paths = tell(self._places, words[1:])
        if name == "mkdir":
            self._made.update(above for path in paths for above in _not_there(path))
        if name in {"git", "cp", "mv"} and not self._are_plain(words[1:-1]):
            self._putting = paths
        return paths

    def _are_plain(self, sources: Sequence[Word]) -> bool:
        """Whether each is an ordinary file: no link, and nothing with links in it."""
        found = [self._places.absolute(word.text) for word in sources if not word.text.startswith("-")]
        return all(os.path.isfile(path) and not os.path.islink(path) for path in found)  # noqa: PTH113, PTH114

    def _shell(self, words: list[Word], depth: int) -> list[str]:
        if len(words) != 2 or not _is_plain(words[0], "-c", "-lc") or words[1].dynamic or words[1].glob:  # noqa: PLR2004
            raise CannotTell("it runs a script")
        outside, self._folders = self._folders, [self._folders[-1]]
        self.command(words[1].text, depth + 1)
        self._folders = outside
        return []

    def _python(self, words: list[Word]) -> list[str]:
        """What a program of it opens is found, as far as it stands there; there may be more."""
        if len(words) == 1 and _is_plain(words[0], "--version", "-V"):
            return []
        text = words[1].text if len(words) > 1 and words[0].text == "-c" else ""
        found = (match["path"] for pattern in _WRITTEN_BY_PYTHON for match in pattern.finditer(text))
        self.told.writes.extend(self._places.absolute(path) for path in found)
        raise CannotTell("what a Python program writes is not known")


def _not_there(path: str) -> Iterator[str]:
    """The path and those above it, as far as they are made with it."""
    while not os.path.lexists(path):
        yield path
        path = os.path.dirname(path)  # noqa: PTH120


def _is_plain(word: Word, *texts: str) -> bool:
    return word.text in texts and not (word.dynamic or word.quoted)


def _is_setting(word: Word) -> bool:
    return not word.dynamic and _SETTINGS.fullmatch(word.text) is not None


def _wrapped(name: str, words: list[Word]) -> list[Word]:
    """The command behind one of the runners."""
    rest = list(words)
    if name == "command" and rest and _is_plain(rest[0], "-v", "-V"):
        return [Word("true")]
    if name == "timeout" and rest and not rest[0].dynamic and re.fullmatch(r"[\d.]+[smhd]?", rest[0].text):
        rest.pop(0)
    while name == "env" and rest and _is_setting(rest[0]):
        rest.pop(0)
    if not rest or rest[0].text.startswith("-"):
        raise CannotTell(f"what {name!r} runs cannot be told")
    return rest
