"""Text from an agent, made harmless: no terminal control, no invisible direction, no secret.

Knows nothing of who said it. Every pattern here runs in time linear in the text.
"""

from __future__ import annotations

import re

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
_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----")
_KEY_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----")
_USERINFO = re.compile(r"(?<=://)[^\s/@:\"'<>]{0,256}+:[^\s/@\"'<>]{1,256}+(?=@)")
_BEARER = re.compile(r"(?i)\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{8,}+")
_ASSIGNED = re.compile(
    r"(?i)(?<![a-z0-9])"
    r"((?:[a-z0-9]{1,32}[_-]){0,4}(?:token|secret|password|passwd|pwd|api[_-]?key|access[_-]?key|private[_-]?key)"
    r"\\?[\"']?\s{0,4}[=:]\s{0,4})"
    r"(?:(\\?\")(?:[^\"\\\n]|\\[^\"\n]){4,}+|(\\?')(?:[^'\\\n]|\\[^'\n]){4,}+|[^\s\"'\\,;&)}\]]{4,}+)"
)


def redact(text: str) -> str:
    """The text with every secret of a known form replaced by `[redacted]`; what it was for stays readable.

    Known forms only: a password in plain prose cannot be told from a word.
    """
    text = _TOKENS.sub(REDACTED, _without_keys(text))
    text = _USERINFO.sub(REDACTED, text)
    text = _BEARER.sub(rf"\1\2{REDACTED}", text)
    return _ASSIGNED.sub(lambda found: f"{found[1]}{found[2] or found[3] or ''}{REDACTED}", text)


def _without_keys(text: str) -> str:
    """Private key blocks removed; one without an end is taken to reach to the end of the text."""
    kept, at = [], 0
    while begin := _KEY_BLOCK.search(text, at):
        end = _KEY_END.search(text, begin.end())
        kept += [text[at : begin.start()], REDACTED]
        at = end.end() if end else len(text)
    return "".join((*kept, text[at:]))
