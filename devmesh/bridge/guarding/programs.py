"""What single programs write, told from their words: one table, one function for each kind. Runs none of them.

Only what is known to write nothing else is told; any other option is a reason not to.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from devmesh.bridge.guarding.shell import CannotTell, Word

READING = frozenset(
    {
        *("[", "b2sum", "base32", "base64", "basename", "cal", "cat", "cksum", "cmp", "column", "comm", "cut", "df"),
        *("diff", "dir", "dirname", "du", "echo", "egrep", "expand", "expr", "false", "fgrep", "fold", "free", "grep"),
        *("groups", "head", "hexdump", "id", "join", "jq", "ls", "md5sum", "nl", "nproc", "numfmt", "od", "paste"),
        *("printf", "ps", "pwd", "readlink", "realpath", "rev", "seq", "sha1sum", "sha256sum", "sha512sum", "sleep"),
        *("stat", "strings", "tac", "tail", "test", "tr", "true", "tsort", "type", "uname", "unexpand", "uptime", "wc"),
        *("whereis", "which", "whoami", "zcat"),
    }
)
"Programs that write no file, whatever their arguments."
_SAFE_SED = re.compile(
    r"\s*(?:(?:\d+|\$|/[^/\n]*/)(?:,(?:\+?\d+|\$|/[^/\n]*/))?\s*!?\s*)?"
    r"(?:[pdDq=]|s(?P<by>[/|#,@:!])(?:\\.|(?!(?P=by))[^\\\n])*(?P=by)(?:\\.|(?!(?P=by))[^\\\n])*(?P=by)[gpiI0-9]*)?\s*",
    re.DOTALL,
)
"Commands of sed that neither write another file nor run a program."
_PATCHED = re.compile(r"^\*\*\* (?:(?:Add|Update|Delete) File|Move to): (.+)$", re.MULTILINE)
_GIT_READING = frozenset(
    {
        *("status", "log", "diff", "show", "ls-files", "ls-tree", "rev-parse", "blame", "grep", "describe", "shortlog"),
        *("cat-file", "diff-tree", "rev-list", "merge-base", "name-rev", "version", "help"),
    }
)
_GIT_WRITING = ("--output", "--open-files", "--ext-diff", "--textconv", "--filters")
_GIT_LISTING = {
    "branch": {"", "-a", "-v", "-vv", "-r", "--list", "--show-current", "--all"},
    "stash": {"list", "show"},
    "remote": {"", "-v"},
    "tag": {"", "-l", "--list"},
}


@dataclass(frozen=True, slots=True)
class Places:
    """What words mean as paths, in the folder where they stand. All paths are absolute text; folders end in `/`."""

    folder: str

    def absolute(self, path: str) -> str:
        """The path, from the root on; nothing is looked up."""
        ending = "/" if path.endswith("/") else ""
        return os.path.normpath(os.path.join(self.folder, path)) + ending  # noqa: PTH118 - text, which may be no path

    def of(self, word: Word) -> list[str]:
        """Every path that one word stands for. Raises CannotTell for one not known before it runs."""
        if word.dynamic:
            raise CannotTell(f"{word.text[:60] or 'a path'!r} is known only when it runs")
        text = os.path.expanduser(word.text) if not word.quoted else word.text  # noqa: PTH111 - as above
        if not word.glob:
            return [self.absolute(text)]
        if text.startswith("/"):
            raise CannotTell(f"{text[:60]!r} stands for files that cannot be told")
        try:
            found = sorted(map(str, Path(self.folder).glob(text)))
        except (ValueError, OSError) as error:  # a pattern that the shell understands and pathlib does not
            raise CannotTell(f"{text[:60]!r} stands for files that cannot be told") from error
        return found or [self.absolute(text)]

    def one(self, word: Word) -> str:
        """The only one."""
        paths = self.of(word)
        if len(paths) != 1:
            raise CannotTell("it leads to several files")
        return paths[0]

    def all(self, words: Iterable[Word]) -> list[str]:
        """Of all the words."""
        return [path for word in words for path in self.of(word)]

    def whole(self, words: Iterable[Word]) -> list[str]:
        """The same, where a folder means all that is in it."""
        return [f"{path}/" if is_folder(path) and not path.endswith("/") else path for path in self.all(words)]

    def into(self, operands: Sequence[Word]) -> list[str]:
        """What appears when the last of them is where the others go."""
        if len(operands) < 2:  # noqa: PLR2004 - from, to
            raise CannotTell("it does not say whereto")
        sources, place = self.all(operands[:-1]), self.one(operands[-1])
        if is_folder(place):
            return [_like(path, f"{place.rstrip('/')}/{Path(path).name}") for path in sources]
        return [_like(path, place) for path in sources]


def is_folder(path: str) -> bool:
    """Whether there is a folder now."""
    return os.path.isdir(path)  # noqa: PTH112 - takes a text that may be no path, as it comes


def patched(text: str) -> list[str]:
    """The files that a patch in the form of `apply_patch` names."""
    return [path.strip() for path in _PATCHED.findall(text)]


def _like(source: str, target: str) -> str:
    """A copied folder is a folder."""
    return f"{target.rstrip('/')}/" if is_folder(source) else target


def _operands(words: Sequence[Word], flags: str, *long: str) -> list[Word]:
    """Those that are no options. Raises CannotTell for an option not among the known, which could mean anything."""
    found: list[Word] = []
    for at, word in enumerate(words):
        if word.text == "--":
            return [*found, *words[at + 1 :]]
        if not word.text.startswith("-") or word.text == "-":
            found.append(word)
        elif word.text not in long and not set(word.text) <= {"-", *flags}:
            raise CannotTell(f"what the option {word.text[:40]!r} does is not known")
    return found


# ---- programs ----


def _remove(places: Places, words: list[Word]) -> list[str]:
    return places.whole(_operands(words, "rRfivd", "--recursive", "--force", "--verbose"))


def _touch(places: Places, words: list[Word]) -> list[str]:
    return places.all(_operands(words, "acm"))


def _make_folder(places: Places, words: list[Word]) -> list[str]:
    return [path for path in places.all(_operands(words, "pv", "--parents")) if not is_folder(path)]


def _tee(places: Places, words: list[Word]) -> list[str]:
    return places.all(_operands(words, "ai", "--append"))


def _mode(places: Places, words: list[Word]) -> list[str]:
    return places.whole(_operands(words, "Rvfc")[1:])


def _copy(places: Places, words: list[Word]) -> list[str]:
    return places.into(_operands(words, "rRapfvniuL", "--recursive", "--force", "--verbose"))


def _move(places: Places, words: list[Word]) -> list[str]:
    operands = _operands(words, "fvniu", "--force", "--verbose")
    return [*places.whole(operands[:-1]), *places.into(operands)]


def _truncate(places: Places, words: list[Word]) -> list[str]:
    rest = [word for word in words if not word.text.startswith("--size=")]
    return places.all(_operands(rest[2:] if rest and rest[0].text == "-s" else rest, "c"))


def _dd(places: Places, words: list[Word]) -> list[str]:
    return [places.absolute(word.text[3:]) for word in words if word.text.startswith("of=")]


def _patch(places: Places, words: list[Word]) -> list[str]:
    if len(words) != 1:
        raise CannotTell("the patch cannot be read")
    return [places.absolute(path) for path in patched(words[0].text)]


def _sed(places: Places, words: list[Word]) -> list[str]:
    scripts: list[str] = []
    files: list[Word] = []
    in_place = False
    rest = list(words)
    while rest:
        text = (word := rest.pop(0)).text
        if text in {"-e", "--expression"} and rest:
            scripts.append(rest.pop(0).text)
        elif text in {"-i", "--in-place", "-Ei", "-ri"}:
            in_place = True
        elif not text.startswith("-"):
            files.append(word)
        elif not re.fullmatch(r"-[nErsz]+|--", text):
            raise CannotTell(f"what sed's option {text[:40]!r} does is not known")
    if not scripts and files:
        scripts.append(files.pop(0).text)
    if not all(_is_safe(script) for script in scripts):
        raise CannotTell("what this script of sed writes is not known")
    return places.all(files) if in_place else []


def _is_safe(script: str) -> bool:
    parts = [script] if _SAFE_SED.fullmatch(script) else re.split("[;\n]", script)
    return all(_SAFE_SED.fullmatch(part) for part in parts)


def _git(places: Places, words: list[Word]) -> list[str]:
    rest = list(words)
    while rest and rest[0].text in {"--no-pager", "-P"}:
        rest.pop(0)
    name, texts = (rest[0].text if rest else ""), [word.text for word in rest[1:]]
    if name in _GIT_READING:
        return _unless("O", _GIT_WRITING, places, rest[1:])
    if name in _GIT_LISTING and all(text in _GIT_LISTING[name] for text in texts or [""]):
        return []
    if name == "restore" and not any(text.startswith("-") for text in texts if text not in {"--", "--worktree", "-W"}):
        return places.whole(word for word in rest[1:] if not word.text.startswith("-"))
    if name == "checkout" and texts[:1] == ["--"]:
        return places.whole(rest[2:])
    raise CannotTell(f"`git {name}` writes files that it does not name, or the person's repository")


def _xargs(_: Places, words: list[Word]) -> list[str]:
    rest = list(words)
    while rest and re.fullmatch(r"-(0|r|n\d*|I\S*|P\d*)", rest[0].text):
        rest = rest[2:] if rest[0].text in {"-n", "-I", "-P"} else rest[1:]
    if not rest or rest[0].text in READING:
        return []
    raise CannotTell("what it runs for each is not known to write nothing")


def _unless(letters: str, wrong: tuple[str, ...], _: Places, words: list[Word]) -> list[str]:
    """It writes nothing, unless an option says so: one of the letters, also among others, or a word."""
    clusters = [word.text for word in words if re.match("-[^-]", word.text)]
    if any(set(letters) & set(cluster) for cluster in clusters) or any(word.text.startswith(wrong) for word in words):
        raise CannotTell("one of its options writes, or runs another program")
    return []


def _uniq(places: Places, words: list[Word]) -> list[str]:
    return places.all(_operands(words, "cdiuD")[1:])


PROGRAMS: dict[str, Callable[[Places, list[Word]], list[str]]] = {
    "rm": _remove,
    "unlink": _remove,
    "rmdir": _remove,
    "touch": _touch,
    "mkdir": _make_folder,
    "tee": _tee,
    "chmod": _mode,
    "cp": _copy,
    "mv": _move,
    "truncate": _truncate,
    "dd": _dd,
    "sed": _sed,
    "apply_patch": _patch,
    "git": _git,
    "xargs": _xargs,
    "uniq": _uniq,
    "find": partial(_unless, "", ("-delete", "-exec", "-ok", "-fprint", "-fls")),
    "fd": partial(_unless, "xX", ("--exec",)),
    "rg": partial(_unless, "", ("--pre", "--hostname-bin")),
    "sort": partial(_unless, "oT", ("--output", "--compress-program")),
    "tree": partial(_unless, "o", ()),
    "file": partial(_unless, "C", ("--compile",)),
    "date": partial(_unless, "s", ("--set",)),
    "set": partial(_unless, "", ()),
    "exit": partial(_unless, "", ()),
    ":": partial(_unless, "", ()),
}
"What each program that may write does write. Of what is neither in here nor in READING, nothing is known."
