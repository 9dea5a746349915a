"""Waiting for several tasks, and showing how far they are: in a notebook, on a terminal, or not at all.

Everything is shown by the waiting thread itself; the session's thread never prints.
"""

from __future__ import annotations

import html
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from devmesh.errors import Code, MeshLost, Refused, WaitTimeout
from devmesh.mesh.prospects import held_up
from devmesh.mesh.task import Task, TaskResult
from devmesh.mesh.waiting import Several, settled
from devmesh.vocabulary.terms import AgentState, TaskState

if TYPE_CHECKING:
    from devmesh.core.state import MeshState
    from devmesh.mesh.operations import Operations, Which

_BUSY = (TaskState.WORKING, TaskState.CLAIMED, TaskState.REVIEW, TaskState.QUEUED, TaskState.PAUSED)
"States worth a word in a line of progress, in this order."


class Progress(NamedTuple):
    """How far a set of tasks is."""

    done: int
    failed: int
    total: int
    states: tuple[tuple[str, int], ...]
    idle: int
    seconds: float
    held_up: str = ""
    "What some of those queued lack, if any do."

    def __str__(self) -> str:
        parts = [f"{self.done + self.failed} of {self.total} tasks ended"]
        parts += [f"{number} {name}" for name, number in self.states]
        if self.failed:
            parts.append(f"{self.failed} not completed")
        if self.held_up:
            parts.append(self.held_up)
        return f"{' · '.join(parts)} · {self.seconds:.0f} s"


class Shown(Protocol):
    """A place where progress is shown, one line that replaces itself."""

    def show(self, progress: Progress) -> None:
        """Replace what is shown."""

    def close(self, said: str) -> None:
        """Leave the last line, with a last word if there is one."""


def chosen(operations: Operations, tasks: Iterable[Which]) -> list[Task]:
    """The tasks meant; all the mesh knows when none is named. Raises Refused for one it does not know."""
    from devmesh.mesh.operations import task_number

    known = operations.door.replica.read(lambda state: list(state.tasks))
    numbers = [task_number(which) for which in tasks] or known
    for number in numbers:
        if number not in known:
            raise Refused(f"there is no task {number}", code=Code.UNKNOWN)
    return [Task(number, operations) for number in numbers]


def wait_for(
    operations: Operations, tasks: Iterable[Which], *, timeout: float | None, progress: bool
) -> Several[TaskResult]:
    """Wait until these have ended, or, where none is named, until no task is open any more. See `Mesh.wait`."""
    named = tuple(tasks)
    numbers = [task.number for task in chosen(operations, named)] if named else None
    replica = operations.door.replica
    ended = replica.when(lambda state: not _open(state, numbers) or None)
    shown: Shown = _place() if progress else Nowhere()
    began = time.monotonic()

    def beat() -> None:
        shown.show(replica.read(lambda state: measured(state, numbers or list(state.tasks), time.monotonic() - began)))

    try:
        beat()
        settled(ended, timeout, beat=beat)
        beat()
    except KeyboardInterrupt:
        shown.close("stopped waiting; the mesh goes on")
        raise
    except MeshLost:
        shown.close("the mesh was lost")
        raise
    except TimeoutError:
        shown.close(f"not over after {timeout:g} s; the mesh goes on")
        raise WaitTimeout(f"not all tasks ended within {timeout:g} s; they go on") from None
    finally:
        ended.cancel()
    shown.close("")
    return Several(_completed(task.future() for task in chosen(operations, named)))


def _open(state: MeshState, numbers: list[int] | None) -> bool:
    """Whether one of them has not ended; None: whether any task has not."""
    if numbers is None:
        return bool(state.open_tasks)
    return any(not state.tasks[number].ended for number in numbers)


def _completed(futures: Iterable[Future[TaskResult]]) -> Iterable[TaskResult]:
    for future in futures:
        if future.done() and future.exception() is None:
            yield future.result()


def measured(state: MeshState, numbers: Iterable[int], seconds: float) -> Progress:
    """Count how far these tasks are."""
    tasks = [state.tasks[number] for number in numbers]
    states = Counter(task.state for task in tasks)
    failed = states[TaskState.FAILED] + states[TaskState.CANCELLED]
    return Progress(
        done=states[TaskState.COMPLETED],
        failed=failed,
        total=states.total(),
        states=tuple((name.value, states[name]) for name in _BUSY if states[name]),
        idle=sum(1 for agent in state.present if agent.state is AgentState.IDLE),
        seconds=seconds,
        held_up=next((f"task {task.number}: {why}" for task in tasks if (why := held_up(state, task))), ""),
    )


# ---- where it is shown ----


def _place() -> Shown:
    with suppress(ImportError, NameError):
        from IPython import get_ipython

        shell = get_ipython()
        if shell is not None and hasattr(shell, "kernel"):
            return Notebook()
    return Terminal() if sys.stderr.isatty() else Nowhere()


class Notebook:
    """One output of the running cell, updated in place."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._line = ""

    def show(self, progress: Progress) -> None:
        """Replace what is shown."""
        line = str(progress)
        if line != self._line:
            self._line = line
            self._put(line, progress)

    def close(self, said: str) -> None:
        """Leave the last line, with a last word if there is one."""
        if said:
            self._put(f"{self._line} · {said}", None)

    def _put(self, line: str, progress: Progress | None) -> None:
        from IPython.display import display

        meter = "" if progress is None else _meter(progress)
        content = {"text/plain": line, "text/html": f"<div>{meter}{html.escape(line)}</div>"}
        if self._handle is None:
            self._handle = display(content, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(content, raw=True)


def _meter(progress: Progress) -> str:
    ended = progress.done + progress.failed
    return f"<progress value='{ended}' max='{max(progress.total, 1)}' style='width:14em'></progress> "


class Terminal:
    """One line of the terminal, on standard error."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress as Bars, TextColumn

        self._bars = Bars(BarColumn(), TextColumn("{task.description}"), console=Console(stderr=True))
        self._bar = self._bars.add_task("", total=None)
        self._bars.start()

    def show(self, progress: Progress) -> None:
        """Replace what is shown."""
        ended = progress.done + progress.failed
        self._bars.update(self._bar, total=progress.total, completed=ended, description=str(progress))

    def close(self, said: str) -> None:
        """Leave the last line, with a last word if there is one."""
        self._bars.stop()
        if said:
            self._bars.console.print(said)


class Nowhere:
    """Neither a notebook nor a terminal: nothing is shown."""

    def show(self, progress: Progress) -> None:
        """Show nothing."""

    def close(self, said: str) -> None:
        """Nothing was shown."""
