"""Runs a task's check for a reviewer, in the review's workspace. Knows processes; not what is made of the result."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from devmesh.bridge.prompt import CheckResult
from devmesh.bridge.running import memory_of
from devmesh.errors import ToolNotFound
from devmesh.processes import Command, Ended, SupervisedProcess, allowed_environment
from devmesh.vocabulary.plain import ending
from devmesh.vocabulary.terms import Resources

LONGEST = 600.0
"Seconds it may take; less, where less of the attempt is left."
GRACE = 1.0
TAIL = 8_000
"Characters of its output that are shown."


class CheckRun:
    """One check. It can be paused and killed from the moment it is made; cancelling it ends all it has started."""

    def __init__(self, command: str, workspace: Path, context: Mapping[str, str]) -> None:
        # Our own interpreter first, so that `python -m pytest` means the same as where the check counts.
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        own = {"PATH": path, "PYTHONDONTWRITEBYTECODE": "1", "DEVMESH_CHECK": "1"}
        self._command = command
        self._workspace = workspace
        self._environment = allowed_environment(dict(context) | own)
        self._process: SupervisedProcess | None = None
        self._paused = False
        self.seconds = 0.0
        "How long it ran, pauses left out; known once it ended."

    async def to_end(self, limit: float) -> CheckResult:
        """Run it for at most `limit` seconds, and say what came of it. What hinders it is a result, too."""
        command = Command(
            argv=("sh", "-c", self._command),
            cwd=self._workspace,
            env=self._environment,
            time_limit=min(limit, LONGEST),
            grace=GRACE,
        )
        try:
            self._process = process = await SupervisedProcess.start(command)
        except ToolNotFound as missing:
            return CheckResult(self._command, passed=False, how=f"it could not be run: {missing}")
        if self._paused:
            process.pause()
        try:
            ended = await process.wait()
        except asyncio.CancelledError:
            process.kill("cancelled")
            await process.wait()
            raise
        finally:
            self._process = None
        self.seconds = ended.seconds
        return CheckResult(self._command, _passed(ended), _how(ended), _tail(ended))

    def pause(self) -> None:
        """Stop it where it is; its time stands still."""
        self._paused = True
        if self._process is not None:
            self._process.pause()

    def resume(self) -> None:
        """Let it go on."""
        self._paused = False
        if self._process is not None:
            self._process.resume()

    def kill(self) -> None:
        """End it now."""
        if self._process is not None:
            self._process.kill("in a hurry")

    def used(self) -> Resources:
        """The memory its processes take now."""
        return memory_of(self._process)


def _passed(ended: Ended) -> bool:
    return ended.why == "exited" and ended.exit_code == 0


def _how(ended: Ended) -> str:
    if ended.why == "time_limit":
        return f"it did not end within {ended.seconds:.0f} s"
    if ended.why != "exited":
        return "it was stopped"
    if ended.exit_code is None:
        return f"it was ended by signal {ended.signal}"
    return "it passed" if ended.exit_code == 0 else f"it failed with exit code {ended.exit_code}"


def _tail(ended: Ended) -> str:
    """The end of what it printed, harmless to show; errors last, because they are what is looked for."""
    said = b"\n".join(part for part in (ended.stdout_tail, ended.stderr_tail) if part)
    return ending(said.decode(errors="replace"), TAIL)
