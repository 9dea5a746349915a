"""What each real CLI must do where it is made to ask before it edits: ask, obey, and tell its model why."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from devmesh.bridge.desk import Desk
from devmesh.bridge.guarding.canary import REFUSAL, WAYS, measured
from devmesh.bridge.guarding.dialects import DIALECTS, lane_of
from devmesh.bridge.lane import Lane
from devmesh.bridge.tools.generic import GenericTool
from devmesh.errors import ToolNotFound
from devmesh.vocabulary.terms import Badge
from tests.tools.conftest import INSTALLED, PLACES
from tests.tools.gateways import GATEWAYS
from tests.tools.stub_model import StubModel, script

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

HOOKED = ("claude", "codex", "gemini", "copilot", "qwen", "opencode")
TALKING = ("claude", "codex", "gemini", "copilot", "qwen", "opencode")


@dataclass(frozen=True)
class Asked:
    """One real tool, which asks a stub model."""

    tool: GenericTool
    model: StubModel
    home: Path
    options: tuple[str, ...]

    def measure(self, *, talks: bool) -> Lane:
        """What its canary finds, by its own protocol or by its hook."""
        return asyncio.run(self._measured(talks=talks))

    async def _measured(self, *, talks: bool) -> Lane:
        desk = Desk(self.home)
        try:
            lane = lane_of(self.tool.entry, desk, await desk.open())
            dialect = "" if talks else self.tool.entry.dialect
            return await measured(
                self.tool, replace(lane, talks=talks, dialect=dialect), self.home, self.options, self._prompt()
            )
        finally:
            await desk.close()

    def _prompt(self) -> str:
        place = self.home / "canary" / self.tool.name / "scratch"
        write = {"write": str(place / WAYS["write"]), "text": "changed\n"}
        return script(write, {"run": f"echo changed > {WAYS['shell']}"}, {"say": "DONE"})


@pytest.fixture
def asked(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """That tool with a home folder of its own; skipped in words where it is not installed."""
    name: str = request.param
    folder = Path(os.environ.get("TOOLS", INSTALLED))
    monkeypatch.setenv("PATH", os.pathsep.join([*(str(folder / place) for place in PLACES), os.environ["PATH"]]))
    try:
        tool = GenericTool.find(name)
    except ToolNotFound as missing:
        pytest.skip(str(missing))
    home, mesh = tmp_path / "person", tmp_path / "mesh"
    home.mkdir()
    mesh.mkdir()
    with StubModel() as model:
        for variable, value in (GATEWAYS[name].lay(home, model.url) | {"HOME": str(home)}).items():
            monkeypatch.setenv(variable, value)
        for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
            monkeypatch.delenv(variable, raising=False)
        options = tuple(option.replace("{home}", str(home)) for option in GATEWAYS[name].options)
        yield Asked(tool, model, mesh, options)


def _writable_above(folder: Path) -> bool:
    return any(above.stat().st_mode & 0o022 for above in folder.parents)


@pytest.mark.parametrize("asked", HOOKED, indirect=True)
def test_its_hook_is_obeyed(asked: Asked) -> None:
    """Each way of writing is put to the gate and refused, nothing is written, and the model hears why."""
    assert asked.tool.entry.dialect in DIALECTS
    if asked.tool.name == "gemini" and _writable_above(asked.home):
        pytest.skip("it ignores settings below a folder that others may write, like that for temporary files")
    _refused(asked, asked.measure(talks=False))


@pytest.mark.parametrize("asked", TALKING, indirect=True)
def test_its_own_protocol_asks_first(asked: Asked) -> None:
    """The same, where it is talked with in both directions."""
    _refused(asked, asked.measure(talks=True))


def _refused(asked: Asked, found: Lane) -> None:
    """The stub's model edits nothing that is there already: that way stays untried, and the badge says so."""
    assert {probe.way: probe.refused for probe in found.probes} == {"edit": False, "write": True, "shell": True}
    assert found.badge is Badge.WATCHED
    assert any(json.dumps(REFUSAL)[1:40] in heard.body for heard in asked.model.heard)
