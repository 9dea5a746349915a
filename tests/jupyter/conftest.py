"""A real IPython shell with the extension loaded, and a project to try it on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from devmesh.errors import NoMesh
from devmesh.mesh import current


@pytest.fixture(scope="session")
def bare_shell() -> InteractiveShell:
    """A shell that keeps no history on disk."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    return InteractiveShell(config=config)  # type: ignore[no-untyped-call]


@pytest.fixture
def shell(bare_shell: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """The shell with `%load_ext devmesh`; a mesh that was started in it is stopped."""
    monkeypatch.setenv("DEVMESH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DEVMESH_WS_PORT", "0")
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    bare_shell.run_line_magic("load_ext", "devmesh")
    yield bare_shell
    bare_shell.run_line_magic("unload_ext", "devmesh")
    with suppress(NoMesh):
        current().stop()
