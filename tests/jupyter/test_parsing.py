"""How a line is read: words, times and numbers."""

from __future__ import annotations

import argparse

import pytest
from IPython.core.error import UsageError

from devmesh.jupyter.parsing import Parser, positive, priority, seconds, words


def test_a_line_is_split_as_a_shell_would() -> None:
    """Quotes hold together; what follows `--` is the tool's."""
    assert words('task "a b" -p 1') == (["task", "a b", "-p", "1"], [])
    assert words("launch claude -- --model opus") == (["launch", "claude"], ["--model", "opus"])


@pytest.mark.parametrize(("text", "value"), [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200), ("10min", 600)])
def test_a_time_span_may_have_a_unit(text: str, value: float) -> None:
    """Seconds without one."""
    assert seconds(text) == value


@pytest.mark.parametrize(("kind", "text"), [(seconds, "soon"), (seconds, "-1"), (priority, "0"), (positive, "0")])
def test_what_is_no_value_is_an_argument_error(kind: object, text: str) -> None:
    """ArgumentTypeError, which argparse turns into one line."""
    with pytest.raises(argparse.ArgumentTypeError):
        kind(text)  # type: ignore[operator]


def test_the_parser_never_leaves_the_process() -> None:
    """A complaint is a UsageError, never SystemExit."""
    with pytest.raises(UsageError, match="unrecognized"):
        Parser(prog="%devmesh x").parse_args(["--nonsense"])
