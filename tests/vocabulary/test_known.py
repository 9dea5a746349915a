"""What is known to be secret is found wherever it stands, by its value or by its digest, and nothing else is."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Iterator
from hashlib import sha256
from urllib.parse import quote

import pytest

from devmesh.vocabulary import known
from devmesh.vocabulary.plain import REDACTED, goes_on, redact
from tests.vocabulary.test_plain import shows

TOKEN = secrets.token_urlsafe(32)
AROUND = {
    "alone": "{}",
    "in a sentence": "it is {} there",
    "in JSON": '{{"agent": "{}"}}',
    "after an escaped line end": '"one\\n{}\\ntwo"',
    "within a longer word": "x{}y",
    "after grep's own signs": "connection.json-7-{}",
    "in a path": "/srv/{}/x",
    "twice in a row": "{0}{0}",
}


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    known.forget()
    yield
    known.forget()


@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
@pytest.mark.parametrize("how", ["by its value", "by its digest"])
def test_a_token_is_found_wherever_it_stands(how: str, around: str) -> None:
    """Also where only its SHA-256 is known; and what stands around it stays."""
    assert redact(TOKEN) == TOKEN, "by its form alone it is no secret"
    if how == "by its value":
        known.hide(TOKEN)
    else:
        known.hide_digests(sha256(TOKEN.encode()).hexdigest())
    text = around.format(TOKEN)
    assert redact(text) == around.format(REDACTED)
    assert redact(redact(text)) == redact(text)


def test_another_token_stays() -> None:
    """The form is not enough: a checksum or an id is none."""
    known.hide(TOKEN)
    others = [secrets.token_urlsafe(32) for _ in range(50)]
    assert redact(" ".join(others)) == " ".join(others)


@pytest.mark.parametrize("value", ["hunter22", "p@ss w0rd/+=", 'quo"ted\\pass', "größe-geheim"])
def test_a_value_is_found_as_it_is_in_json_and_in_an_address(value: str) -> None:
    """Whatever signs it has."""
    known.hide(value)
    for text in (value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], quote(value, "")):
        assert redact(f"so {text}.") == f"so {REDACTED}."


def test_short_values_are_words() -> None:
    """And nothing comes of an empty one."""
    known.hide("", "no", "abcde")
    assert redact("no abcde") == "no abcde"


def test_each_line_of_a_value_is_hidden() -> None:
    """A key of several lines is seldom printed in one piece."""
    known.hide("first-line-of-it\nsecond-line-of-it\n")
    assert redact("a second-line-of-it b") == f"a {REDACTED} b"


def test_bytes_are_known_in_hexadecimal_and_base64() -> None:
    """As `xxd -p -c 64`, `base64` and their relatives print a key."""
    key = secrets.token_bytes(32)
    known.hide_bytes(key)
    printed = (key.hex(), key.hex().upper(), base64.b64encode(key).decode(), base64.urlsafe_b64encode(key).decode())
    for text in printed:
        assert redact(f"key: {text}").rstrip("=") == f"key: {REDACTED}"


def test_one_value_within_another_leaves_nothing_of_the_longer() -> None:
    """Overlapping ones go together."""
    known.hide("abcdefgh", "defghijklm", "xxabcdefghxx")
    assert redact("1 xxabcdefghxx 2 abcdefghijklm 3") == f"1 {REDACTED} 2 {REDACTED} 3"


@pytest.mark.parametrize("value", [TOKEN, "p@ss w0rd/+=of-the-database"], ids=["a token", "words"])
def test_a_value_that_a_terminal_broke_over_two_lines_is_known(value: str) -> None:
    """At any place; and the line before says that it may go on."""
    known.hide(value)
    for at in range(1, len(value)):
        line = f"{'so ' * 40}"[: 79 - at] + " "
        text = f"{line}{value[:at]}\n{value[at:]} end\n"
        if text[79] not in " @" and text[81] not in " @":
            assert not shows(redact(text), value), at
            assert goes_on(text[:81]), at


def test_what_is_known_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest are forgotten: nobody fills the memory by coming in again and again."""
    monkeypatch.setattr(known, "MOST", 100)
    tokens = [secrets.token_urlsafe(32) for _ in range(150)]
    known.hide_digests(*(sha256(token.encode()).hexdigest() for token in tokens))
    assert redact(tokens[0]) == tokens[0]
    assert redact(tokens[-1]) == REDACTED


HOSTILE = {
    "one run of base64": base64.urlsafe_b64encode(secrets.token_bytes(220_000)).decode(),
    "runs of tokens": " ".join(secrets.token_urlsafe(32) for _ in range(7_000)),
    "ends of tokens": "aA" * 150_000,
    "beginnings of a value": "abcdabcd" * 40_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_looking_costs_linear_time(text: str) -> None:
    """Some 300 kB take well under two seconds on a busy machine; a tenth of it is usual."""
    known.hide(TOKEN, "abcdabcdx", *(f"value-number-{number}" for number in range(50)))
    started = time.perf_counter()
    known.spans(text)
    assert time.perf_counter() - started < 2
