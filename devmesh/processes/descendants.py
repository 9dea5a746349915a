"""The processes below this one: found, stopped, killed, collected. Standard library only."""

# pathlib and contextlib would double the start-up that every tool pays for:
# ruff: noqa: PTH123, PTH208, SIM105
from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Iterable
else:
    import _signal as signal  # the same numbers and calls without the enumerations, which are a third of the start-up

LAST_RESORT = 5.0
"Seconds of SIGKILL after which what is left counts as unkillable: it sleeps in the kernel, or belongs to another user."
THREADS = 17
"Where `/proc/PID/stat` says, after the name, how many threads live: without its main thread, a process looks dead."
SUBREAPER = 36
"PR_SET_CHILD_SUBREAPER of <linux/prctl.h>."


def become_subreaper() -> None:
    """Have every orphaned descendant become a child of this process, where the system can do that."""
    if sys.platform != "linux":
        return
    try:
        import _ctypes  # what ctypes itself calls, in a fifth of its import time

        program = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]  # None is this program, as for ctypes.CDLL
        _ctypes.call_function(_ctypes.dlsym(program, "prctl"), (SUBREAPER, 1, 0, 0, 0))
    except (ImportError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)


def descendants() -> list[int]:
    """Every process below this one, zombies left out."""
    children: dict[int, list[int]] = {}
    for pid, parent in _processes():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    waiting = [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def _processes() -> Iterable[tuple[int, int]]:
    if sys.platform != "linux":
        yield from _listed_by_ps()
        return
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    said = file.read().rpartition(b")")[2].split()
            except OSError:
                continue
            if said and (said[0] not in (b"Z", b"X") or int(said[THREADS]) > 1):
                yield int(name), int(said[1])


def _listed_by_ps() -> Iterable[tuple[int, int]]:
    with os.popen("/bin/ps -axo pid=,ppid=,stat=") as listing:  # noqa: S605 - a constant
        for line in listing:
            pid, parent, state = line.split()[:3]
            if not state.startswith("Z"):
                yield int(pid), int(parent)


class Tree:
    """The tool and everything below it."""

    def __init__(self, main: int) -> None:
        """`main` is the tool's own process."""
        self.main = main
        self.ended: int | None = None
        "How the tool ended, as `waitpid` says it; None while it runs."
        self.recorded: set[int] = {main}

    def pids(self) -> list[int]:
        """Who lives now."""
        alive = descendants()
        if sys.platform != "linux":
            alive += [pid for pid in self.recorded - set(alive) if _exists(pid)]
            self.recorded |= set(alive)
        return alive

    def reap(self) -> None:
        """Collect who ended, orphans included, and note how the tool did."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                self.recorded.discard(pid)
                if pid == self.main:
                    self.ended = status
        except ChildProcessError:
            return

    def signal(self, number: int) -> None:
        """Send to everybody once."""
        for pid in self.pids():
            send(pid, number)

    def freeze(self) -> None:
        """Stop everybody, and whoever they started while that went on, until nobody new is found."""
        seen: set[int] = set()
        while fresh := set(self.pids()) - seen:
            seen |= fresh
            for pid in fresh:
                send(pid, signal.SIGSTOP)

    def kill(self) -> int:
        """SIGKILL everybody until nobody is left; returns how many could not be killed."""
        give_up = time.monotonic() + LAST_RESORT
        while time.monotonic() < give_up:
            self.reap()
            if not self.pids():
                self.reap()
                return 0
            self.freeze()
            self.signal(signal.SIGKILL)
            time.sleep(0.002)
        return len(self.pids())


def send(pid: int, number: int) -> None:
    """Signal a process, or a group by its negative; one that is gone, or another user's, is passed by."""
    try:
        os.kill(pid, number)
    except OSError:
        pass


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
