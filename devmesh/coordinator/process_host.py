"""A coordinator in a child process, for kernels whose cells hold the interpreter for seconds. It ends with its parent.

The parent holds a pipe to it: when that closes, for whatever reason, the child says goodbye and ends.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import IO, Any

from devmesh import errors, logs
from devmesh.address import Connection
from devmesh.coordinator.hosts import STOP_WITHIN, serve
from devmesh.errors import DevMeshError, MeshError
from devmesh.settings import Settings

START_WITHIN = 60.0
"Seconds a child may take until others can connect: it may have a long record to recover from."

_log = logs.logger("coordinator")


class ProcessHost:
    """Starts the child, knows whether it runs, and ends it."""

    def __init__(self, project: Path, settings: Settings) -> None:
        self._project, self._settings = project, settings
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self.failure: BaseException | None = None
        "Why it ended by itself, if it did."
        self.when_failed: Callable[[BaseException], None] = lambda _: None
        "Told at once, on a thread of ours, when it ends by itself."

    def start(self) -> Connection:
        """Start, and return once others can connect. Raises what hinders the child, as it would here."""
        argv = [sys.executable, "-P", "-m", "devmesh.coordinator.process_host", str(self._project)]
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        giving_up = threading.Timer(START_WITHIN, self._process.kill)
        giving_up.start()
        try:
            self._connection = self._greeted(self._process)
        except BaseException:
            output = self._process.stdout
            self.stop()
            if output is not None:
                output.close()
            raise
        finally:
            giving_up.cancel()
        watching = threading.Thread(target=self._watch, args=(self._process,), name="devmesh-child", daemon=True)
        watching.start()
        return self._connection

    def stop(self, timeout: float = STOP_WITHIN, *, reason: str = "stopped") -> None:
        """End it cleanly, and wait for that. Harmless when it has ended. After `timeout` seconds it is killed."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(OSError):
            _write(process.stdin, {"stop": reason})
        with suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._connection = None

    @property
    def is_running(self) -> bool:
        """Whether it coordinates now."""
        return self._process is not None and self._connection is not None and self._process.poll() is None

    @property
    def connection(self) -> Connection | None:
        """How it is reached, while it is."""
        return self._connection if self.is_running else None

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for its end. If nobody asked for that, its last words say why it came."""
        assert process.stdout is not None  # noqa: S101 - it was started with a pipe
        with process.stdout as said:
            line = said.readline()
        code = process.wait()
        if self._process is not process:
            return
        self.failure = (
            _error(json.loads(line)) if line else MeshError(f"the coordinator's process ended with exit code {code}")
        )
        self.when_failed(self.failure)

    def _greeted(self, process: subprocess.Popen[bytes]) -> Connection:
        """What the child says first: that it can be reached, or why it cannot."""
        _write(process.stdin, {"settings": self._settings.model_dump(mode="json")})
        line = process.stdout.readline() if process.stdout else b""
        if not line:
            raise MeshError(f"the coordinator's process ended before it could be reached, exit code {process.wait()}")
        said = json.loads(line)
        if "failed" in said:
            raise _error(said)
        from devmesh.address import read_connection

        return read_connection(Path(said["home"]))


def _error(said: dict[str, Any]) -> DevMeshError:
    """The child's error as its own class, so that it can be caught like one that was raised here."""
    kind = getattr(errors, str(said["failed"]), MeshError)
    if not (isinstance(kind, type) and issubclass(kind, DevMeshError)):
        kind = MeshError
    error: DevMeshError = kind.__new__(kind)
    DevMeshError.__init__(error, str(said["message"]), hint=str(said["hint"]))
    return error


def _write(stream: IO[bytes] | None, message: dict[str, Any]) -> None:
    if stream is not None:
        stream.write(json.dumps(message).encode() + b"\n")
        stream.flush()


# ---- in the child ----


def main() -> int:
    """Coordinate the project named on the command line until the parent says stop, or is gone."""
    child = sys.stdout.buffer
    # Without a buffer, whose lock the listening thread would hold when the interpreter ends.
    parent = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - a descriptor, for as long as we live
    settings = Settings.load(**json.loads(parent.readline())["settings"])
    project = Path(sys.argv[1])
    try:
        asyncio.run(_carried(project, settings, parent, child))
    except DevMeshError as error:
        _log.error("the coordinator ended: %s", error)
        with suppress(OSError):
            _write(child, {"failed": type(error).__name__, "message": error.message, "hint": error.hint})
        return 1
    return 0


async def _carried(project: Path, settings: Settings, parent: FileIO, child: IO[bytes]) -> None:
    loop = asyncio.get_running_loop()
    told: asyncio.Future[str] = loop.create_future()

    def listen() -> None:
        line = parent.readline()
        reason = str(json.loads(line)["stop"]) if line else "the notebook's kernel ended"
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(told.set_result, reason)

    def ready(connection: Connection) -> None:
        logs.configure(settings, home=Path(connection.home))
        _write(child, {"home": connection.home})

    threading.Thread(target=listen, name="devmesh-parent", daemon=True).start()
    await serve(project, settings, ready=ready, until=told)


if __name__ == "__main__":
    sys.exit(main())
