"""Real CLIs against a stub model. Collected only when asked for by name, as `make test-tools` does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Unpack

import psutil
import pytest

import devmesh
from devmesh.bridge.tools import catalogue
from devmesh.mesh import Mesh, Task
from devmesh.mesh.operations import Wishes
from tests.tools.gateways import GATEWAYS, Gateway
from tests.tools.stub_model import StubModel
from tests.tools.trial import Trial

HERE = Path(__file__).parent
INSTALLED = HERE.parents[1] / "build" / "tools"
"Where `make test-tools` installs them."
PLACES = ("npm/node_modules/.bin", "aider/bin", "sgpt/bin")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """They take minutes, and programs that `make install` does not bring."""
    asked = [Path(argument.split("::")[0]).resolve() for argument in config.args]
    return None if any(path.is_relative_to(HERE) for path in asked) else True


class Bench:
    """One real tool in one mesh, asking the stub."""

    def __init__(self, name: str, mesh: Mesh, model: StubModel, gateway: Gateway, home: Path) -> None:
        self.name = name
        self.mesh = mesh
        self.model = model
        self.entry = catalogue.find(name).entry
        self._gateway = gateway
        self._home = home

    def launch(self) -> str:
        """Bring an agent of the tool into the mesh; its name."""
        options = tuple(option.replace("{home}", str(self._home)) for option in self._gateway.options)
        return str(self.mesh.launch(self.name, options=options)[0])

    def post(self, prompt: str, **wishes: Unpack[Wishes]) -> Task:
        """Post a task; one that only answers is to be asked for an answer."""
        return self.mesh.post(prompt, **({"capabilities": "answer"} if not self.entry.edits else {}), **wishes)

    def processes(self) -> list[str]:
        """The command lines of all of the tool's living processes: they inherit a workspace, and the home folder."""
        return [" ".join(command) for process in psutil.process_iter() if (command := self._command_of(process))]

    def _command_of(self, process: psutil.Process) -> list[str]:
        try:
            env = process.environ()
            ours = env.get("HOME") == str(self._home) and "DEVMESH_WORKSPACE" in env
            return process.cmdline() if ours else []
        except psutil.Error:
            return []


def ready(name: str, model: StubModel, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tool on PATH, and a person's home folder whose settings lead to the stub; skips what is not installed."""
    tools = Path(os.environ.get("TOOLS", INSTALLED))
    monkeypatch.setenv("PATH", os.pathsep.join([*(str(tools / place) for place in PLACES), os.environ["PATH"]]))
    if catalogue.executable_of(catalogue.find(name).entry) is None:
        pytest.skip(f"{name} is not installed: make test-tools installs it ({GATEWAYS[name].package})")
    home = folder / "person"
    home.mkdir()
    for variable, value in (GATEWAYS[name].lay(home, model.url) | {"HOME": str(home)}).items():
        monkeypatch.setenv(variable, value)
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    return home


@pytest.fixture(params=GATEWAYS)
def bench(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Each tool in turn in a mesh, with a home folder of its own."""
    name: str = request.param
    project = tmp_path / "project"
    project.mkdir()
    (project / "notes.md").write_text("# Notes\n")
    with StubModel() as model:
        home = ready(name, model, tmp_path, monkeypatch)
        with devmesh.start(project, ws_port=0, home=tmp_path / "state", max_attempts=1) as mesh:
            yield Bench(name, mesh, model, GATEWAYS[name], home)


@pytest.fixture
def trial(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    """The tool that the test names, without a mesh."""
    name: str = request.param
    with StubModel() as model:
        home = ready(name, model, tmp_path, monkeypatch)
        yield Trial(name, GATEWAYS[name], model, tmp_path / "state", home)
