"""`devmesh doctor`: the whole of it, as a program reads it, on a machine without any CLI."""

from __future__ import annotations

import json

import pytest

from devmesh.bridge.tools.catalogue import load
from devmesh.terminal import exits
from devmesh.terminal.app import main

pytestmark = pytest.mark.slow


def test_the_doctor_has_a_line_for_every_cli(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are not here are no problem, and say how to get them; the scripted one always works."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert main(["doctor", "--json"]) == exits.DONE
    found = {finding["about"]: finding for finding in json.loads(capsys.readouterr().out)}
    assert set(load().tools) < set(found)
    assert found["claude"]["verdict"] == "absent"
    assert "npm install" in found["claude"]["advice"]
    assert found["scripted"]["verdict"] == "ok"
    assert "all our flags in its help" in found["scripted"]["found"]
    assert found["mesh tools"]["verdict"] == found["hook"]["verdict"] == "ok"
