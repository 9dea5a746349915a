"""Text from an agent, made harmless: no terminal control, no invisible direction, no secret.

Knows nothing of who said it. Every pattern here runs in time linear in the text.
"""

from __future__ import annotations

import re

from devmesh.vocabulary import known

REDACTED = "[redacted]"

# ---- terminal control ----

_STRING = r"(?:\x1b[P\]X^_]|[\x90\x9d\x98\x9e\x9f])"
"What opens a control string: DCS, OSC, SOS, PM, APC. Its end is BEL, ST, or the first line end of a careless writer."
_ESCAPES = re.compile(
    _STRING + r"[^\x07\x1b\x9c\n]*+(?:\x07|\x1b\\|\x9c)?"
    r"|(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]?"  # CSI: colours, cursor, erase
    r"|\x1b[ -/]*+[0-~]?"  # the short ones: charset, save, reset
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_INVISIBLE = re.compile(r"[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
"Direction marks and overrides, invisible spaces, and two line ends that are none to a terminal. Joiners stay."
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def plain(text: str) -> str:
    """What a terminal would show of it, and nothing that could steer one: only printable text, newline and tab remain.

    A line rewritten with carriage returns (a progress bar) keeps its last version. Lone surrogates become U+FFFD.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _ESCAPES.sub("", text)
    if "\r" in text:
        text = "\n".join(_last_version(line) for line in text.replace("\r\n", "\n").split("\n"))
    return _SURROGATE.sub("\ufffd", _INVISIBLE.sub("", _CONTROL.sub("", text)))


def _last_version(line: str) -> str:
    """The text after the last carriage return that still had something to say."""
    return line.rstrip("\r").rpartition("\r")[2]


# ---- secrets ----

_TOKENS = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"sk-[A-Za-z0-9_-]{16,}+"  # OpenAI, Anthropic (sk-ant-), OpenRouter (sk-or-)
    r"|gh[pousr]_[A-Za-z0-9]{20,}+|github_pat_[A-Za-z0-9_]{20,}+|glpat-[A-Za-z0-9_-]{16,}+"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"
    r"|AIza[A-Za-z0-9_-]{30,}+"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,}+"
    r"|hf_[A-Za-z0-9]{20,}+|npm_[A-Za-z0-9]{30,}+|pypi-[A-Za-z0-9_-]{30,}+"
    r"|eyJ[A-Za-z0-9_-]{10,}+\.[A-Za-z0-9_-]{10,}+(?:\.[A-Za-z0-9_-]*+)?"  # a JWT
    r")"
)
_BEGINNINGS = (
    *("sk-", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "AKIA", "ASIA", "AIza"),
    *("xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "hf_", "npm_", "pypi-", "eyJ"),
)
_NAMES = (
    *("token", "secret", "password", "passphrase", "passwd", "pwd", "bearer", "basic"),
    *(f"{of}{by}key" for of in ("api", "access", "private") for by in "_-"),
)
_KEY_MARK = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_YEK = re.compile(r"(?:[A-Za-z0-9+/=\\\r]|[ \t]{0,64}\n[ \t]{0,64})*+")
"The lines of a key, read backwards from its end."
_USERINFO = re.compile(r"(://)[^\s/@:\"'<>]{0,256}+:[^\s/@\"'<>]{1,256}+(@)")
_BEARER = re.compile(r"(?i)\b(bearer|basic)(\s{1,8})[A-Za-z0-9._~+/=-]{8,}+")
_NAMED = (
    r"(?:(?:[a-z0-9]{1,32}[_-]){0,4}"
    r"(?:token|secret|password|passphrase|passwd|pwd|api[_-]?key|access[_-]?key|private[_-]?key)|[a-z0-9]{1,32}_pass)"
    r"\\?[\"']?\s{0,4}"
)
_OPTION = r"(?:[a-z0-9]{1,32}-){0,3}(?:token|secret|password|passphrase|passwd|api-key)"
"Of a command line: its value may come after a blank."
_ASSIGNED = re.compile(
    rf"(?i)(?<![a-z0-9])(?!(?:old)?pwd=[/~])({_NAMED}[=:]\s{{0,4}}|(?<=--){_OPTION}[ ])"
    r"(?!\\?[\"']?\[redacted\](?:[\s\"'\\,;&)}\]]|\Z))"
    r"(?:(\\?\")(?:[^\"\\\n]|\\[^\"\n]){4,}+|(\\?')(?:[^'\\\n]|\\[^'\n]){4,}+"
    r"|(?:\[redacted\]|[^\s\"'\\,;&)}\]]){4,}+)"
)
_WRAPPED = re.compile(r"(?<=[^\n]{60})(?<=[A-Za-z0-9_.~+/=:-])\n(?=[A-Za-z0-9_.~+/=:@-])")
"Where a terminal may have broken a line within a word."
_LAST_WORD = re.compile(r"[A-Za-z0-9_.-]++\Z")
_UNSAID = re.compile(
    rf"(?i)(?<![a-z0-9])(?:{_NAMED}(?:[=:]\s{{0,4}}\S{{0,3}}\s{{0,4}})?|(?:bearer|basic)\s{{1,8}}(?:\S{{1,7}}\s)?)\Z"
)


def redact(text: str) -> str:
    """The text with every secret that is known, or has a known form, replaced by `[redacted]`; its name stays readable.

    Doing it twice changes nothing more. A password in plain prose that nobody named cannot be told from a word.
    """
    text = known.without(_unwrapped(_without_keys(text)), REDACTED)
    text = _TOKENS.sub(REDACTED, _TOKENS.sub(REDACTED, text))  # one may follow on another without a sign between
    text = _USERINFO.sub(rf"\1{REDACTED}\2", text)
    text = _BEARER.sub(rf"\1\2{REDACTED}", text)
    return _ASSIGNED.sub(lambda found: f"{found[1]}{found[2] or found[3] or ''}{REDACTED}", text)


def goes_on(lines: str) -> bool:
    """Whether a secret may go on in the line after these: its name was the last word, or a terminal broke it in two."""
    if _UNSAID.search(lines):
        return True
    line = lines[lines.rfind("\n", 0, -1) + 1 : -1]
    return _WRAPPED.search(f"{line}\nx") is not None and (_has_begun(line) or redact(line).endswith(REDACTED))


def _has_begun(line: str) -> bool:
    """Whether its end may be the first part of a secret, of a secret's name, or of an address with a password."""
    if known.may_go_on(line):
        return True
    address = line.rfind("://")
    if line.endswith((":", ":/")) or (address >= 0 and not _APART.search(line, address)):
        return True
    found = _LAST_WORD.search(line[-MARGIN:])
    word = found[0] if found else ""
    parts = [word.lower()[at.end() :] for at in re.finditer(r"\A|[_-]", word)]
    return any(word.startswith(form) or (word and form.startswith(word)) for form in _BEGINNINGS) or any(
        part and name.startswith(part) for part in parts for name in _NAMES
    )


def _without_keys(text: str) -> str:
    """Private key blocks removed; one without an end is taken to reach to the end of the text.

    One without a beginning, which was cut off, is taken to have all lines above its end that look like a key's.
    """
    kept, at, within = [], 0, False
    for mark in _KEY_MARK.finditer(text):
        if mark[1] == "BEGIN":
            kept += [] if within else [text[at : mark.start()], REDACTED]
            within = True
            continue
        if not within:
            lines = _YEK.match(text[at : mark.start()][::-1])
            kept += [text[at : mark.start() - (lines.end() if lines else 0)], REDACTED]
        at, within = mark.end(), False
    return "".join(kept) if within else "".join((*kept, text[at:]))


def _unwrapped(text: str) -> str:
    """Without those line ends that stand within a secret."""
    places = [found.start() for found in _WRAPPED.finditer(text)]
    if not places:
        return text
    joined = _without(text, places)
    forms = (_TOKENS, _USERINFO, _BEARER, _ASSIGNED)
    spans = sorted([*known.spans(joined), *(found.span() for form in forms for found in form.finditer(joined))])
    inside, reached, next_span = [], 0, 0
    for number, place in enumerate(places):
        at = place - number
        while next_span < len(spans) and spans[next_span][0] < at:
            reached = max(reached, spans[next_span][1])
            next_span += 1
        if reached > at:
            inside.append(place)
    return _without(text, inside)


def _without(text: str, places: list[int]) -> str:
    """The text without the characters there."""
    cuts = zip([0, *(at + 1 for at in places)], [*places, None], strict=True)
    return "".join(text[start:end] for start, end in cuts)


# ---- cutting ----

MARGIN = 1_000
"Characters, longer than any secret but a key."
_APART = re.compile(r"[\s\"'<>]")


def beginning(text: str, most: int) -> str:
    """The first `most` characters of it, made harmless before it is cut: half a secret could not be recognised."""
    return redact(plain(text))[:most]


def ending(text: str, most: int) -> str:
    """The last `most` characters of it, made harmless before it is cut."""
    return redact(plain(text))[-most:]


def mended(text: str, *, torn_start: bool = False, torn_end: bool = False) -> str:
    """What was cut out of a longer text, without what was cut in two: its first line, or its last word."""
    if torn_start:
        found = re.search(r"[\r\n]", text[:MARGIN]) or _APART.search(text, MARGIN)
        text = text[found.end() :] if found else ""
    if torn_end:
        places = [found.start() for found in _APART.finditer(text, max(0, len(text) - MARGIN))]
        text = text[: places[-1] if places else max(0, len(text) - MARGIN)]
    return text
