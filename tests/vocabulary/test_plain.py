"""Text from an agent becomes harmless, quickly, and what it says stays readable."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, strategies as st

from devmesh.vocabulary.plain import REDACTED, beginning, ending, goes_on, mended, plain, redact
from tests.coordinator.test_canary import SECRETS as CANARIES

CONTROLLED = {
    "a colour": ("\x1b[1;31mred\x1b[0m", "red"),
    "an eight-bit colour": ("\x9b31mred", "red"),
    "a window title": ("\x1b]0;owned\x07text", "text"),
    "a link": ("\x1b]8;;http://evil\x1b\\here\x1b]8;;\x1b\\", "here"),
    "a clipboard write": ("\x1b]52;c;QUJD\x07text", "text"),
    "a device string": ("\x1bP1;2q#0\x1b\\text", "text"),
    "a string that never ends": ("\x1b]0;title\ntext", "\ntext"),
    "a screen erase": ("before\x1b[2J\x1b[Hafter", "beforeafter"),
    "a charset": ("\x1b(Btext", "text"),
    "a bare escape": ("text\x1b", "text"),
    "a progress bar": ("10 %\r20 %\r100 %\ndone", "100 %\ndone"),
    "a progress bar that ends with a return": ("10 %\r20 %\r", "20 %"),
    "a Windows line end": ("one\r\ntwo", "one\ntwo"),
    "a bell and a backspace": ("a\x07b\x08c", "abc"),
    "a tab and a newline": ("a\tb\nc", "a\tb\nc"),
    "a direction override": ("safe\u202etxt.exe\u2066", "safetxt.exe"),
    "a lone surrogate": ("a\ud800b", "a\ufffdb"),
    "a joined emoji": ("\U0001f469\u200d\U0001f52c", "\U0001f469\u200d\U0001f52c"),
    "plain prose": ("Größe: 5 €", "Größe: 5 €"),
}

SECRETS = {
    "an Anthropic key": "sk-ant-api03-abcdefghijklmnop",
    "an OpenAI key": "sk-proj-abcdefghijklmnopqrst",
    "a GitHub token": "ghp_" + "a1" * 18,
    "a fine-grained GitHub token": "github_pat_" + "a1" * 20,
    "an AWS key": "AKIAIOSFODNN7EXAMPLE",
    "a Google key": "AIza" + "b2" * 18,
    "a Slack token": "xoxb-1234567890-abcdef",
    "a JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "a private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
}

ASSIGNED = {
    "https://bob:hunter22@host/x": "https://[redacted]@host/x",
    "Authorization: Bearer abcdefghijk": "Authorization: Bearer [redacted]",
    "token=abcd1234&x=1": "token=[redacted]&x=1",
    "MY_API_KEY: 'xyz 12345'": "MY_API_KEY: '[redacted]'",
    "DB_PASS=hunter22": "DB_PASS=[redacted]",
    "passphrase=hunter22": "passphrase=[redacted]",
    "mysql --password hunter22 -h x": "mysql --password [redacted] -h x",
    '{"password":"hunter22","n":1}': '{"password":"[redacted]","n":1}',
    '"{\\"secret\\":\\"hunter22\\"}"': '"{\\"secret\\":\\"[redacted]\\"}"',
}

HARMLESS = (
    "max_tokens: 4096",
    "the password is good",
    "PWD=/srv/ada/project",
    "all tests pass: twelve of them",
    "the token counts",
    "give it --token or --password",
    "risk-assessment-of-the-whole-project",
    "https://host:8080/a@b",
    "def tokenise(text): ...",
)

HOSTILE = {
    "openings of control strings": "\x1b]" * 150_000,
    "openings of escapes": "\x1b[0;" * 100_000,
    "carriage returns": "\r" * 300_000,
    "almost a URL": "://a:" * 80_000,
    "almost a key name": "a_" * 150_000,
    "blanks after a name": "token" + " " * 300_000,
    "names without values": 'token="' * 50_000,
    "almost a JWT": "eyJ" * 100_000,
    "key blocks without an end": "-----BEGIN PRIVATE KEY-----" * 15_000,
    "key blocks without a beginning": ("MIIE\n" * 5 + "-----END PRIVATE KEY-----\n") * 6_000,
    "lines that a terminal may have broken": ("x" * 70 + "\n") * 4_000,
    "names that a terminal may have broken": ("x " * 35 + "token\n") * 4_000,
}


@pytest.mark.parametrize(("said", "shown"), CONTROLLED.values(), ids=CONTROLLED)
def test_plain_keeps_only_what_a_terminal_would_print(said: str, shown: str) -> None:
    """Control goes, words stay."""
    assert plain(said) == shown


@given(st.text(alphabet=st.characters(), max_size=200) | st.text("\x1b]P[\x07\x9b0m\\\r\n;ab", max_size=60))
def test_nothing_that_steers_survives_plain(said: str) -> None:
    """Whatever came in, no escape, control or surrogate comes out, and a second pass finds nothing more."""
    shown = plain(said)
    assert not [sign for sign in shown if (ord(sign) < 32 and sign not in "\n\t") or 0x7F <= ord(sign) < 0xA0]
    shown.encode()
    assert plain(shown) == shown


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_a_secret_of_a_known_form_is_redacted_wherever_it_stands(secret: str) -> None:
    """Alone, in a sentence or in quotes."""
    assert redact(secret) == REDACTED
    assert redact(f"it is {secret} there") == f"it is {REDACTED} there"
    assert redact(f'say("{secret}")') == f'say("{REDACTED}")'


@pytest.mark.parametrize(("said", "kept"), ASSIGNED.items())
def test_redaction_keeps_what_the_secret_was_for(said: str, kept: str) -> None:
    """The name stays, and so do the quotes: JSON stays JSON."""
    assert redact(said) == kept


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_text_is_left_alone(text: str) -> None:
    """Words that only resemble secrets are not touched."""
    assert redact(text) == text


def test_a_private_key_without_an_end_is_redacted_to_the_end() -> None:
    """A block cut off by a limit must not leak its first half."""
    assert redact("before -----BEGIN PRIVATE KEY-----\nMIIE") == f"before {REDACTED}"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_costs_linear_time(text: str) -> None:
    """Some 300 kB of the worst input take well under two seconds; quadratic patterns would take minutes."""
    started = time.perf_counter()
    plain(text)
    redact(text)
    assert time.perf_counter() - started < 2


# ---- cuts ----


def shows(text: str, hidden: str) -> bool:
    """Whether as much of it is there as eight characters in a row."""
    return any(hidden[at : at + 8] in text for at in range(len(hidden) - 7))


@pytest.mark.parametrize(("secret", "hidden"), CANARIES.values(), ids=CANARIES)
def test_a_cut_at_any_place_leaves_no_part_of_a_secret(secret: str, hidden: str) -> None:
    """What is shortened is made harmless first: cut by a limit, a secret would not be known for one any more."""
    text = f"it said: {secret} and more\n"
    for most in range(len(text)):
        assert not shows(beginning(text, most), hidden)
        assert not shows(ending(text, most), hidden)
        assert len(beginning(text, most)) <= most
    assert "it said" in beginning(text, 12)


@pytest.mark.parametrize(("secret", "hidden"), CANARIES.values(), ids=CANARIES)
def test_what_was_cut_out_of_a_longer_text_loses_what_was_cut_in_two(secret: str, hidden: str) -> None:
    """Where the rest is not at hand any more, the torn line or word goes, and the other half of a key block does."""
    text = f"first\nit said: {secret} and more\nlast"
    for at in range(1, len(text) - 4):
        after, before = mended(text[at:], torn_start=True), mended(text[:at], torn_end=True)
        assert not shows(redact(plain(after)), hidden), at
        assert not shows(redact(plain(before)), hidden), at
    assert mended(text, torn_start=True).endswith(" and more\nlast")
    assert mended("one two", torn_end=True) == "one"


@pytest.mark.parametrize(("secret", "hidden"), [pair for pair in CANARIES.values() if "\n" not in pair[0]])
def test_a_secret_that_a_terminal_broke_over_two_lines_is_known(secret: str, hidden: str) -> None:
    """At any place of it; and the line before says that it may go on, for those who pass lines one by one."""
    for at in range(1, len(secret)):
        line = f"{'so ' * 40}"[: 79 - at] + " "
        text = f"{line}{secret[:at]}\n{secret[at:]} end\n"
        assert not shows(redact(text), hidden), at
        assert redact(redact(text)) == redact(text)
        assert goes_on(text[: 80 + 1]) or not shows(secret[at:], hidden) or not shows(redact(text[81:]), hidden)


def test_lines_that_are_whole_stay_apart() -> None:
    """A long line, and a word below it."""
    text = f"{'so ' * 30}risk\nassessment of the whole project\n"
    assert redact(text) == text
    assert not goes_on(f"{'so ' * 30}is finished\n")
    assert not goes_on("short\n")


@given(st.lists(st.sampled_from([*(s for s, _ in CANARIES.values()), *ASSIGNED, *HARMLESS, " ", "\n", "=", "x" * 61])))
def test_redacting_twice_changes_nothing_more(parts: list[str]) -> None:
    """What was cleaned by a bridge is cleaned again by the coordinator."""
    once = redact(" ".join(parts))
    assert redact(once) == once
