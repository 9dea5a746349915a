"""How a program's words are read by its list: like getopt does, and no further than the list goes."""

from __future__ import annotations

import pytest

from devmesh.bridge.guarding.options import Options, options
from devmesh.bridge.guarding.shell import CannotTell, simple_commands

KNOWN = options("ab:c:: --all --almost --block= --color[=] !--bare")
FREE = options("ab:c:: --all --almost --block= --color[=] !--bare", free=True)
EXACT = options("a --all", shortened=False)


def read(known: Options, text: str) -> tuple[list[str], list[tuple[str, str]]]:
    """The operands, and the options with their values."""
    words = simple_commands(f"program {text}")[0][0].words[1:]
    found = known.read("program", words)
    return [word.text for word in found.operands], found.given


TAKEN = {
    "x -a y": (["x", "y"], [("a", "")]),
    "-ab1 x": (["x"], [("a", ""), ("b", "1")]),
    "-ab 1 x": (["x"], [("a", ""), ("b", "1")]),
    "-b -5 x": (["x"], [("b", "-5")]),
    "-ac1": ([], [("a", ""), ("c", "1")]),
    "-c 1": (["1"], [("c", "")]),
    "--all x": (["x"], [("all", "")]),
    "--blo 1 x": (["x"], [("block", "1")]),
    "--bl=1 x": (["x"], [("block", "1")]),
    "--c=1": ([], [("color", "1")]),
    "--col 1": (["1"], [("color", "")]),
    "- x": (["-", "x"], []),
    "-- -z --what": (["-z", "--what"], []),
    "-- *": (["*"], []),
    "a*": (["a*"], []),
}
REFUSED = (
    *("-z", "-az", "--what", "--al", "--a", "--b", "--ba", "--bare", "--all=x", "--=x", "-b", "--block", "-é"),
    *("-b -a", "-b --all", "--block -a", "-b *", "-b $X", "$X", "-- $X", "*", "?x", "[ab]", "-$X", '"$X"', "--col$X"),
)


@pytest.mark.parametrize("text", TAKEN)
def test_words_are_read_as_getopt_reads_them(text: str) -> None:
    """Clusters, values in the same word and the next, abbreviations, and the end of options."""
    assert read(KNOWN, text) == TAKEN[text]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_on_the_list_cannot_be_told(text: str) -> None:
    """Nor what may become an option when it runs, or stands where a value should."""
    with pytest.raises(CannotTell):
        read(KNOWN, text)


@pytest.mark.parametrize("text", ["$X", "*", "-- $X", "-b $X", "-b -a", '"$X" -a'])
def test_a_program_without_a_harmful_option_may_be_given_any(text: str) -> None:
    """What is written out must be on its list all the same."""
    read(FREE, text)
    with pytest.raises(CannotTell):
        read(FREE, f"{text} --what") if "--" not in text else read(KNOWN, "--what")


def test_a_program_that_takes_no_abbreviations_is_given_none() -> None:
    """What looks like one may mean something else to it."""
    assert read(EXACT, "--all")[1] == [("all", "")]
    with pytest.raises(CannotTell):
        read(EXACT, "--al")


def test_options_may_end_at_the_first_operand() -> None:
    """What follows belongs to another program."""
    words = simple_commands("xargs -a grep -z")[0][0].words[1:]
    assert [word.text for word in KNOWN.read("xargs", words, leading=True).operands] == ["grep", "-z"]
