"""The HTTP interface beside `devmesh serve`: a process of its own that ends with us. Knows only how to start it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from devmesh.errors import MeshError, SettingError
from devmesh.vocabulary import known

if TYPE_CHECKING:
    from devmesh.address import Connection

_ENDING = 5.0


class Interface(NamedTuple):
    """One that runs: where it is, and which file has its token."""

    url: str
    token_file: str
    process: subprocess.Popen[bytes]

    def end(self) -> None:
        """Let it go, and wait."""
        assert self.process.stdin is not None  # noqa: S101 - it was given a pipe
        self.process.stdin.close()
        try:
            self.process.wait(_ENDING)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def begin(connection: Connection) -> Interface:
    """Start it, and return once it listens. Raises SettingError or MeshError with what hinders it.

    It ends when the pipe to it does, however we end.
    """
    home, package = Path(connection.home), Path(__file__).parents[2]
    places = (str(package), str(package / "widgets"), os.environ.get("PYTHONPATH", ""))
    surroundings = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, places))}
    appending = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    with os.fdopen(os.open(home / "http.log", appending, 0o600), "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "devmesh.jupyter.server", str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**surroundings, "DEVMESH_HOME": str(home.parent)},
            start_new_session=True,
        )
    assert process.stdout is not None  # noqa: S101 - it was given a pipe
    said = _read(process.stdout.readline())
    process.stdout.close()
    if "url" in said:
        known.hide(Path(said["token_file"]).read_text(encoding="ascii").strip())  # the mesh runs in this very process
        return Interface(said["url"], said["token_file"], process)
    process.wait()
    if said.get("field"):
        raise SettingError(said["message"], field=said["field"], hint=said.get("hint"))
    why = said.get("message") or "it ended while starting"
    raise MeshError(f"the HTTP interface does not start: {why}", hint=f"Its log: {home / 'http.log'}")


def _read(line: bytes) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return {}
    return found
