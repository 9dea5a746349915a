"""What single programs write, told from their words: one table, one function for each kind. Runs none of them.

Only what is known to write nothing else is told; any other option is a reason not to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

from devmesh.bridge.guarding.git import git
from devmesh.bridge.guarding.options import Options, options
from devmesh.bridge.guarding.places import Places, is_folder
from devmesh.bridge.guarding.reading import ANY_WORDS, READING
from devmesh.bridge.guarding.shell import CannotTell
from devmesh.bridge.guarding.words import Word

_SAFE_SED = re.compile(
    r"\s*(?:(?:\d+|\$|/(?:\\.|[^/\\\n])*/)(?:,(?:\+?\d+|\$|/(?:\\.|[^/\\\n])*/))?\s*!?\s*)?"
    r"(?:[pdDq=]|s(?P<by>[/|#,@:!])(?:\\.|(?!(?P=by))[^\\\n])*(?P=by)(?:\\.|(?!(?P=by))[^\\\n])*(?P=by)[gpiI0-9]*)?\s*",
    re.DOTALL,
)
"Commands of sed that neither write another file nor run a program."
_DD = re.compile(r"(?:if|of|bs|ibs|obs|count|skip|seek|status|conv|iflag|oflag)=[^=]*$", re.DOTALL)
_FIND = re.compile(
    r"[^-].*|-?|-(?:name|iname|path|ipath|wholename|iwholename|regex|iregex|regextype|lname|ilname|type|xtype|size|"
    r"[amc]time|[amc]min|newer(?:[aBcm][aBcmt])?|anewer|cnewer|maxdepth|mindepth|print|print0|printf|prune|not|and|or|"
    r"[oaLHPd]|empty|perm|user|group|uid|gid|links|inum|samefile|readable|writable|executable|true|false|quit|ls|depth|"
    r"mount|xdev|follow|nouser|nogroup|noleaf|daystart|used|fstype|warn|nowarn|ignore_readdir_race|O\d|\d+[bcwkMG]?)",
    re.DOTALL,
)
_UNARY = re.compile("-[bcdefghknprsuwxzGLNOS]")
_COMPARED = re.compile(r"-?\d+ -(?:eq|ne|lt|le|gt|ge) -?\d+")
_STRINGS = re.compile(r"%[-+ 0#]*\d*(?:\.\d+)?[sbqc]|%%")
_FORMAT = re.compile(r"(?:[^%]|%%|%[-+ 0#]*\d*(?:\.\d+)?[sbqcdiouxXeEfgG])*", re.DOTALL)
_PATCHED = re.compile(r"^\*\*\* (?:(?:Add|Update|Delete) File|Move to): (.+)$", re.MULTILINE)


def patched(text: str) -> list[str]:
    """The files that a patch in the form of `apply_patch` names."""
    return [path.strip() for path in _PATCHED.findall(text)]


# ---- programs that write: what they are given says where ----

_REMOVE = options("rRfivd --recursive --force --verbose --interactive[=] --dir", free=True)
_TOUCH = options("acm")
_MAKE_FOLDER = options("pv --parents --verbose")
_TEE = options("ai --append --ignore-interrupts")
_MODE = options("Rvfc --recursive --verbose --changes --silent --quiet !--reference")
_COPY = options(
    "rRapfvniu --recursive --archive --force --verbose --no-clobber --interactive --update !--target-directory"
)
_MOVE = options("fvniu --force --verbose --no-clobber --interactive --update !--target-directory")
_TRUNCATE = options("cs: --size= --no-create !--reference")
_UNIQ = options(
    "cdDf:is:uzw: --count --repeated --all-repeated[=] --skip-fields= --group[=] --ignore-case --skip-chars= --unique "
    "--zero-terminated --check-chars= --help --version"
)
_XARGS = options("0rtxd:n:L:I:P: --null --no-run-if-empty --delimiter= --max-args= --max-procs= --verbose --exit")
_DATE = options(
    "d:I::Rr:u --date= --debug --iso-8601[=] --rfc-email --rfc-3339= --reference= --utc --universal --help --version "
    "!--set !--file"
)
_SED = options(
    "nErszi::e: --quiet --silent --regexp-extended --separate --null-data --expression= --in-place[=] --help --version "
    "--posix --debug --sandbox !--file"
)


def _operands(known: Options, name: str, words: Sequence[Word]) -> list[Word]:
    return known.read(name, words).operands


def _remove(places: Places, words: list[Word]) -> list[str]:
    return places.whole(_operands(_REMOVE, "rm", words))


def _touch(places: Places, words: list[Word]) -> list[str]:
    return places.all(_operands(_TOUCH, "touch", words))


def _make_folder(places: Places, words: list[Word]) -> list[str]:
    return [path for path in places.all(_operands(_MAKE_FOLDER, "mkdir", words)) if not is_folder(path)]


def _tee(places: Places, words: list[Word]) -> list[str]:
    return places.all(_operands(_TEE, "tee", words))


def _mode(places: Places, words: list[Word]) -> list[str]:
    return places.whole(_operands(_MODE, "chmod", words)[1:])


def _copy(places: Places, words: list[Word]) -> list[str]:
    return places.into(_operands(_COPY, "cp", words))


def _move(places: Places, words: list[Word]) -> list[str]:
    operands = _operands(_MOVE, "mv", words)
    sources = places.all(operands[:-1])
    try:
        return [*places.whole(operands[:-1]), *places.into(operands)]
    except CannotTell as why:
        raise CannotTell(str(why), [*sources, *places.all(operands[-1:]), *why.writes]) from why


def _truncate(places: Places, words: list[Word]) -> list[str]:
    return places.all(_operands(_TRUNCATE, "truncate", words))


def _dd(places: Places, words: list[Word]) -> list[str]:
    if any(word.glob or not _DD.match(word.text) for word in words):
        raise CannotTell("what this run of 'dd' does is not known")
    return [places.absolute(word.text[3:]) for word in words if word.text.startswith("of=")]


def _patch(places: Places, words: list[Word]) -> list[str]:
    if len(words) != 1:
        raise CannotTell("the patch cannot be read")
    return [places.absolute(path) for path in patched(words[0].text)]


def _sed(places: Places, words: list[Word]) -> list[str]:
    read = _SED.read("sed", words)
    files = list(read.operands)
    scripts = [value for name, value in read.given if name in {"e", "expression"}]
    if not scripts and files:
        scripts.append("?" if files[0].glob else files[0].text)
        files.pop(0)
    in_place = [value for name, value in read.given if name in {"i", "in-place"}]
    if any(in_place):
        raise CannotTell("sed keeps what was there, under another name")
    if not all(_is_safe(script) for script in scripts):
        raise CannotTell("what this script of sed writes is not known")
    return places.all(files) if in_place else []


def _is_safe(script: str) -> bool:
    parts = [script] if _SAFE_SED.fullmatch(script) else re.split("[;\n]", script)
    return all(_SAFE_SED.fullmatch(part) for part in parts)


def _uniq(places: Places, words: list[Word]) -> list[str]:
    return places.all(_operands(_UNIQ, "uniq", words)[1:])


# ---- programs that write nothing, given these words ----


def _xargs(_: Places, words: list[Word]) -> list[str]:
    """It adds words that nobody knows yet, so what it runs must be harmless with any."""
    read = _XARGS.read("xargs", words, leading=True)
    name, *rest = [word.text for word in read.operands] or ["echo"]
    if any(letter == "I" and value not in {"{}", "%"} for letter, value in read.given):
        raise CannotTell("what 'xargs' puts into the command cannot be told")
    if name in ANY_WORDS:
        return []
    if name not in READING or not READING[name].free:
        raise CannotTell("what it runs for each is not known to write nothing")
    READING[name].read(name, read.operands[len(read.operands) - len(rest) :])
    return []


def _date(_: Places, words: list[Word]) -> list[str]:
    """A bare operand sets the clock."""
    if all(word.text.startswith("+") for word in _operands(_DATE, "date", words)):
        return []
    raise CannotTell("it may set the clock")


def _find(_: Places, words: list[Word]) -> list[str]:
    if any((word.glob and word.text[:1] in "*?[") or not _FIND.fullmatch(word.text) for word in words):
        raise CannotTell("one of the words of 'find' is not known to write nothing")
    return []


def _test(_: Places, words: list[Word]) -> list[str]:
    """Only the plain questions: elsewhere an index or a number is evaluated, and may hold a command."""
    rest = list(words)
    if rest and rest[0].text == "!":
        rest.pop(0)
    texts = [word.text for word in rest]
    if any(word.loose or word.glob for word in rest):
        raise CannotTell("what is asked is known only when it runs")
    asked = [word for word in rest if word.dynamic]
    match texts:
        case [] | [_]:
            return []
        case [sign, _] if _UNARY.fullmatch(sign) and rest[0] not in asked:
            return []
        case [_, "=" | "==" | "!=" | "-nt" | "-ot" | "-ef", _] if rest[1] not in asked:
            return []
        case [one, sign, other] if _COMPARED.fullmatch(f"{one} {sign} {other}") and not asked:
            return []
    raise CannotTell("what is asked may be evaluated")


def _bracket(places: Places, words: list[Word]) -> list[str]:
    if not words or words[-1].text != "]":
        raise CannotTell("a question is not complete")
    return _test(places, words[:-1])


def _printf(_: Places, words: list[Word]) -> list[str]:
    """`-v` and `%n` write a variable, and evaluate its index."""
    rest = words[1:] if words and words[0].text == "--" else words
    if not rest or rest[0].dynamic or rest[0].glob or (rest is words and rest[0].text.startswith("-")):
        raise CannotTell("what it prints into cannot be told")
    if not _FORMAT.fullmatch(rest[0].text) or ("%" in _STRINGS.sub("", rest[0].text) and not _are_numbers(rest[1:])):
        raise CannotTell("what it prints may be evaluated")
    return []


def _are_numbers(words: Sequence[Word]) -> bool:
    return not any(word.dynamic or {"[", "$", "`"} & set(word.text) for word in words)


def _matching(pattern: str, _: Places, words: list[Word]) -> list[str]:
    """Every word looks like that."""
    if all(re.fullmatch(pattern, word.text) for word in words):
        return []
    raise CannotTell("what it changes in the shell cannot be told")


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
    "git": git,
    "xargs": _xargs,
    "uniq": _uniq,
    "find": _find,
    "date": _date,
    "set": partial(_matching, r"[-+](?:[eux]+|[eux]*o)|pipefail|errexit|nounset|xtrace"),
    "exit": partial(_matching, r"\d*"),
}
"What each program that may write does write. Of what is neither in here nor in `reading.py`, nothing is known."
QUESTIONS: dict[str, Callable[[Places, list[Word]], list[str]]] = {"test": _test, "[": _bracket, "printf": _printf}
"The same, of those that may be given words known only when they run."
