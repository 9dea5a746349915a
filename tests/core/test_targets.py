"""The canonical spelling of targets, and everything that is refused as one."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings, strategies as st

from devmesh.core.targets import (
    SEGMENT_REFUSALS,
    TEXT_REFUSALS,
    canonical,
    covers,
    escape,
    is_directory,
    is_glob,
    literal_prefix,
)
from devmesh.errors import BadTarget, Code, PathEscapes

KINDS = [
    ("a.py", "a.py", False, False, ("a.py",)),
    ("a//b", "a/b", False, False, ("a", "b")),
    ("./a", "a", False, False, ("a",)),
    ("a/./b", "a/b", False, False, ("a", "b")),
    ("a/[.]/b", "a/b", False, False, ("a", "b")),
    ("src/", "src/", True, False, ("src",)),
    ("src/.", "src/", True, False, ("src",)),
    ("src/**", "src/", True, False, ("src",)),
    ("src/**/*", "src/", True, False, ("src",)),
    (".", "./", True, False, ()),
    ("./", "./", True, False, ()),
    ("**", "./", True, False, ()),
    ("**/", "./", True, False, ()),
    ("*/", "*/", True, True, ()),
    ("a/**/*/", "a/*/", True, True, ("a",)),
    ("a/**/**/b", "a/**/b", False, True, ("a",)),
    ("a/**/*/b", "a/*/**/b", False, True, ("a",)),
    ("a/[b]", "a/b", False, False, ("a", "b")),
    ("a/[[]id]", "a/[[]id]", False, False, ("a", "[id]")),
    ("[[]id]/*.ts", "[[]id]/*.ts", False, True, ("[id]",)),
    ("e\u0301.py", "\u00e9.py", False, False, ("\u00e9.py",)),
    ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e", False, False, ("\u0645\u06cc\u200c\u062e",)),
    (".github/x", ".github/x", False, False, (".github", "x")),
    ("a.git/.gitignore", "a.git/.gitignore", False, False, ("a.git", ".gitignore")),
    ("console.log", "console.log", False, False, ("console.log",)),
    ("./a/nb.ipynb#intro-1", "a/nb.ipynb#intro-1", False, False, ("a", "nb.ipynb#intro-1")),
    ("nb.ipynb#x/y", "nb.ipynb#x/y", False, False, ("nb.ipynb#x", "y")),
    ("notes 12:30.md", "notes 12:30.md", False, False, ("notes 12:30.md",)),
]


@pytest.mark.parametrize(("text", "spelled", "directory", "pattern", "prefix"), KINDS)
def test_each_target_has_one_spelling_and_one_kind(
    text: str,
    spelled: str,
    directory: bool,  # noqa: FBT001
    pattern: bool,  # noqa: FBT001
    prefix: tuple[str, ...],
) -> None:
    """Spelled again it is the same; the kind and the fixed part follow from the spelling."""
    target = canonical(text)
    assert target == spelled == canonical(target)
    assert (is_directory(target), is_glob(target), literal_prefix(target)) == (directory, pattern, prefix)


ESCAPING = [
    "..",
    "../a",
    "a/../b",
    "a/..",
    "/etc/passwd",
    "//host/share",
    "\\\\host\\share",
    "C:/a",
    "c:a",
    "[.][.]/a",
    "./C:/a",
    "[C]:/a",
]
USELESS = [
    "",
    " ",
    "\n",
    "a\\b",
    "a\0b",
    "a\x1bb",
    "a\u202eb",
    "a\ufeffb",
    "a\ud800b",
    "a\u2028b",
    "a.txt::$DATA",
    "ab:$I30",
    "[:]:",
    ".git",
    ".git/config",
    "sub/.git/hooks/x",
    ".GIT/x",
    ".gi[t]/x",
    ".g\u200cit/x",
    "git~1/x",
    "nul",
    "a/CON",
    "aux.c",
    "com1.txt",
    "lpt\u00b9",
    "conin$",
    "a./b",
    "a /b",
    "a.",
    "a ",
    "*.",
    "...",
    "[a",
    "[z-a]",
    "e[\u0301]",
    "[\u0301a]",
    "x" * 256,
    "\u00e9" * 128,
    "/".join(["ab"] * 129),
    "/".join(["x" * 250] * 17),
    "a/nb.ipynb#",
    "nb.ipynb#a#b",
    "nb.ipynb#*",
    "nb.ipynb#b.ipynb#c",
    "*.ipynb#a",
    "nb.ipynb#" + "a" * 65,
    "?" * 65,
    "a/" + "**/b/" * 65,
]


@pytest.mark.parametrize("text", ESCAPING)
def test_what_leads_out_of_the_project_is_refused_as_that(text: str) -> None:
    """Whatever system the spelling comes from."""
    with pytest.raises(PathEscapes) as caught:
        canonical(text)
    assert caught.value.code is Code.PATH_ESCAPES
    assert caught.value.field == "targets"


@pytest.mark.parametrize("text", USELESS)
def test_what_names_nothing_lockable_is_refused_with_a_reason(text: str) -> None:
    """In words that can be sent: no longer than a line, and without the raw character."""
    with pytest.raises(BadTarget) as caught:
        canonical(text)
    assert not isinstance(caught.value, PathEscapes)
    assert len(caught.value.message) <= 500
    assert caught.value.message.isprintable()


def test_every_refusal_in_the_tables_is_met_by_a_case_above() -> None:
    """So none is there for nothing."""
    reasons = set()
    for text in ESCAPING + USELESS:
        with pytest.raises(BadTarget) as caught:
            canonical(text)
        reasons.add(caught.value.message.partition(" is no target: ")[2])
    assert {reason for _, _, reason in (*TEXT_REFUSALS, *SEGMENT_REFUSALS)} <= reasons


@settings(max_examples=500)
@given(st.text("ab*?[]!-./ \u0301\u00e9:.gitnulCON\\\0^", max_size=12))
def test_any_text_is_refused_or_has_a_stable_spelling(text: str) -> None:
    """Never another error; in NFC; and with no way left to say `..` or `.git`."""
    try:
        target = canonical(text)
    except BadTarget:
        return
    assert canonical(target) == target
    assert unicodedata.is_normalized("NFC", target)
    names = literal_prefix(target)
    assert ".." not in names
    assert not any(name.casefold() == ".git" for name in names)


@given(st.text("ab[]*?!-", min_size=1, max_size=8).map(lambda name: f"x{name}"))
def test_a_file_of_any_name_can_be_named_exactly(name: str) -> None:
    """Escaped, it is a plain file, covering itself and not its likes."""
    target = canonical(escape(f"dir/{name}"))
    assert not is_glob(target)
    assert covers(target, f"dir/{name}")
    assert literal_prefix(target) == ("dir", name)
    assert not covers(target, f"dir/{name}y")


def test_a_pattern_takes_hidden_files_too() -> None:
    """A lock is about all files, not about those a shell lists."""
    assert covers("*", ".env")
    assert covers("**/*.toml", ".cargo/config.toml")
    assert covers("./", ".env")


def test_braces_mean_themselves() -> None:
    """Templates are full of them."""
    assert canonical("{{cookiecutter.name}}/{a,b}.py") == "{{cookiecutter.name}}/{a,b}.py"
    assert not is_glob("{a,b}.py")
