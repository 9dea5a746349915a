"""Text from an agent, made harmless: no terminal control, no invisible direction, no secret.

Knows nothing of who said it. Every pattern here runs in time linear in the text.
"""

from __future__ import annotations

import re

from devmesh.vocabulary import known, secret_forms as forms

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

_KEY_MARK = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_YEK = re.compile(r"(?:[A-Za-z0-9+/=\\\r]|[ \t]{0,64}\n[ \t]{0,64})*+")
"The lines of a key, read backwards from its end."
_WRAPPED = re.compile(r"(?<=[^\n]{60})(?<=[A-Za-z0-9_.~+/=:<>-])\n(?=[A-Za-z0-9_.~+/=:@>-])")
"Where a terminal may have broken a line within a word."
_LAST_WORD = re.compile(r"[A-Za-z0-9_.-]++\Z")
_PART = re.compile(r"\A|[_-]|(?=[A-Z])")
"Where a word of a name begins."
_FORMS: tuple[tuple[re.Pattern[str], tuple[int | str, ...]], ...] = (
    (forms.TOKENS, (REDACTED,)),
    (forms.TOKENS, (REDACTED,)),  # one may follow on another without a sign between
    (forms.USERINFO, (1, REDACTED, 2)),
    (forms.HEADER, (1, 2, 3, REDACTED)),
    (forms.BEARER, (1, REDACTED)),
    (forms.BLOCK, (1, REDACTED)),
    (forms.ASSIGNED, (1, 2, 3, REDACTED)),
    (forms.KEYED, (1, REDACTED)),
    (forms.ELEMENT, (1, REDACTED)),
    (forms.NETRC, (1, REDACTED)),
)
"Each form, and what is left of it: some of its groups, and what stands for the secret."


def redact(text: str) -> str:
    """The text with every secret that is known, or has a known form, replaced by `[redacted]`; its name stays readable.

    Doing it twice changes nothing more. A password in plain prose that nobody named cannot be told from a word.
    """
    text = known.without(_unwrapped(_without_keys(text)), REDACTED)
    for form, left in _FORMS:
        text = _replaced(form, left, text)
    return text


def _replaced(form: re.Pattern[str], left: tuple[int | str, ...], text: str) -> str:
    kept, at = [], 0
    for each in forms.found(form, text):
        kept += [text[at : each.start()], *(part if isinstance(part, str) else each[part] or "" for part in left)]
        at = each.end()
    return "".join((*kept, text[at:])) if kept else text


def goes_on(lines: str) -> bool:
    """Whether a secret may go on in the line after these: its name was the last word, or a terminal broke it in two."""
    if forms.UNSAID.search(lines):
        return True
    line = lines[lines.rfind("\n", 0, -1) + 1 : -1]
    return _WRAPPED.search(f"{line}\nx") is not None and (_has_begun(line) or redact(line).endswith(REDACTED))


def _has_begun(line: str) -> bool:
    """Whether its end may be the first part of a secret, of a secret's name, or of an address with a password."""
    if known.may_go_on(line) or forms.BEGUN.search(line[-MARGIN:]):
        return True
    address = line.rfind("://")
    if line.endswith((":", ":/")) or (address >= 0 and not _APART.search(line, address)):
        return True
    found = _LAST_WORD.search(line[-MARGIN:])
    word = found[0] if found else ""
    parts = [word.lower()[at.end() :] for at in _PART.finditer(word)]
    return any(word.startswith(form) or (word and form.startswith(word)) for form in forms.BEGINNINGS) or any(
        part and name.startswith(part) for part in parts for name in forms.NAMES
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
    found = (each.span() for form, _ in _FORMS[1:] for each in forms.found(form, joined))
    spans = sorted([*known.spans(joined), *found])
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
