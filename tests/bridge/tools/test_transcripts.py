"""What real CLIs wrote, good runs and each way to fail, and what it must come to: one conformance test for all."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from devmesh.bridge.tools import catalogue
from devmesh.bridge.tools.reading import OutputReader
from devmesh.bridge.tools.tool import ResultGiven, Said, SessionNamed, TextSaid, ToolEnded, ToolStarted, UsageCounted

HERE = Path(__file__).parent / "transcripts"
EXPECTED: dict[str, dict[str, dict[str, Any]]] = tomllib.loads((HERE / "transcripts.toml").read_text(encoding="utf-8"))
RUNS = [(tool, case) for tool, cases in EXPECTED.items() for case in cases]
PIECE = 4096
PRIVATE = re.compile(r"/(?:home|root|Users|work)/|\bsk-\w{16}|Bearer |[\w.+-]+@(?!example\.com)[\w-]+\.[a-z]{2,}")


def in_words(said: Said) -> str:
    """One event, as `transcripts.toml` writes it."""
    match said:
        case SessionNamed():
            return "session"
        case TextSaid(text):
            return f"says {' '.join(text.split())[:60]}"
        case ToolStarted(name, paths):
            return " ".join(("begins", name, *paths))
        case ToolEnded(name, paths):
            return " ".join(("ended", name, *paths))
        case UsageCounted(given, made):
            return f"usage {given} {made}"
        case ResultGiven(success):
            return f"result {'success' if success else 'failure'}"


def written(tool: str, case: str, stream: str) -> bytes:
    """What that run wrote there; a stream on which it wrote nothing has no file."""
    file = HERE / f"{tool}-{case}.{stream}"
    return file.read_bytes() if file.is_file() else b""


@pytest.mark.parametrize(("tool", "case"), RUNS, ids=" ".join)
def test_a_real_run_is_understood_and_judged(tool: str, case: str) -> None:
    """The stream in our words, and the verdict: a success with its answer, or its own reason in one line."""
    expected = EXPECTED[tool][case]
    known = catalogue.find(tool)
    entry = known.entry
    reader = OutputReader(known)
    output = written(tool, case, "out")
    pieces = [output[start : start + PIECE] for start in range(0, len(output), PIECE)]
    heard = [said for piece in pieces for said in reader.feed(piece)] + reader.end()
    judgement = reader.judge(expected["exit"], written(tool, case, "err").decode())
    if entry.output != "text":
        assert [in_words(said) for said in heard] == expected["stream"]
    assert judgement.reason == expected.get("reason", "")
    assert judgement.success == ("answer" in expected)
    assert judgement.blockage == expected.get("blockage")
    assert judgement.answer.strip().endswith(expected.get("answer", ""))
    assert "\n" not in judgement.reason


def test_every_cli_that_was_run_has_a_good_run_and_a_bad_one() -> None:
    """A row of the registry may only say V for "seen" when there is something to see."""
    seen = {name for name, entry in catalogue.load().tools.items() if entry.seen.startswith("V")} - {"scripted"}
    assert seen == set(EXPECTED)
    for tool, cases in EXPECTED.items():
        assert "answer" in cases["edit"], tool
        assert any("reason" in case for case in cases.values()), tool


def test_every_file_is_of_a_run() -> None:
    """Nothing lies beside them that no test reads."""
    names = {f"{tool}-{case}" for tool, case in RUNS} | {"transcripts"}
    assert {file.stem for file in HERE.iterdir()} == names


def test_no_transcript_tells_of_a_machine_or_a_person() -> None:
    """No home folder, key or address of anybody."""
    for file in HERE.iterdir():
        assert not PRIVATE.search(file.read_text(encoding="utf-8")), file.name
