"""A small program between a bridge and a tool: when the bridge goes, by any signal, so does all the tool has started.

Runs by itself (`python -I -S supervisor.py CONTROL STATUS PARENT [NAME=LIMIT ...] -- PROGRAM ...`) on the standard
library alone. Linux: as a child subreaper it inherits every orphan of the tool, whatever session it moved to. Elsewhere
(not run there) descendants are found through `ps`: one that lost its parent before it was ever seen escapes.

Commands on the control pipe, a line each: `stop SECONDS`, `kill`, `pause`, `resume`, `interrupt`; its end means `kill`.
Reports on the status pipe: `started PID`, `failed ERRNO`, `exit CODE` or `signal NUMBER`, `leftover COUNT` (processes
that outlived the tool and had to be ended), `unkillable COUNT`.
"""

# contextlib would double the start-up that every tool pays for:
# ruff: noqa: SIM105
from __future__ import annotations

import errno
import os
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # the same numbers and calls without the enumerations, which are a third of the start-up
if TYPE_CHECKING or __package__:
    from devmesh.processes.descendants import Tree, become_subreaper, send
else:
    from descendants import Tree, become_subreaper, send  # its room is on the path, its package is not

POLL = 0.5
"Seconds between two looks at whether the parent is still the parent, should its pipe be held open by somebody else."
LINGER = 0.5
"Seconds that what the tool left running may take to end by itself; then again as long after SIGTERM."
NOT_STARTED = 127
PLACES = ("CLOSED", "OPENED", "REQUIRED")
"Words among the limits that are no limits: where the program may not write, and where it may."


class Supervision:
    """Watches one tree: what the parent says, and what the tool does."""

    def __init__(self, tree: Tree, control: int, status: int, parent: int) -> None:
        """`control` and `status` are the ends of the parent's pipes, `parent` its pid."""
        self.tree = tree
        self.control = control
        self.status = status
        self.parent = parent
        self.unread = b""
        self.kill_at: float | None = None
        "When patience with a `stop` ends."
        self.told = False

    def report(self, *words: object) -> None:
        """Tell the parent; if it is gone, its control pipe will say so."""
        try:
            os.write(self.status, (" ".join(map(str, words)) + "\n").encode())
        except OSError:
            pass

    def watch(self, wakeup: int) -> None:
        """Return when nothing of the tree is left, or nothing can be done about what is."""
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        poll.register(wakeup, select.POLLIN)
        while not self._over():
            for descriptor, _events in poll.poll(self._patience() * 1000):
                if descriptor == wakeup:
                    os.read(wakeup, 4096)
                else:
                    self._hear()
            if os.getppid() != self.parent:
                self.kill_at = 0.0

    def _patience(self) -> float:
        return POLL if self.kill_at is None else min(POLL, max(0.0, self.kill_at - time.monotonic()), 0.05)

    def _over(self) -> bool:
        self.tree.reap()
        if self.tree.ended is not None:
            self._tell_end(self.tree.ended)
            self._clear_leftovers()
            return True
        if self.kill_at is not None and time.monotonic() >= self.kill_at:
            self._kill()
            return True
        return False

    def _kill(self) -> None:
        unkillable = self.tree.kill()
        if self.tree.ended is not None:
            self._tell_end(self.tree.ended)
        if unkillable:
            self.report("unkillable", unkillable)

    def _tell_end(self, status: int) -> None:
        if not self.told:
            self.told = True
            code = os.waitstatus_to_exitcode(status)
            self.report(*(("exit", code) if code >= 0 else ("signal", -code)))

    def _clear_leftovers(self) -> None:
        """A tool may end a moment before its pipeline does; what then still runs is ended with it."""
        hurried = self.kill_at is not None and self.kill_at <= time.monotonic()
        if hurried or self._ended_within(LINGER):
            self._kill()
            return
        self.report("leftover", len(self.tree.pids()))
        self.tree.signal(signal.SIGTERM)
        self.tree.signal(signal.SIGCONT)
        self._ended_within(LINGER)
        self._kill()

    def _ended_within(self, seconds: float) -> bool:
        give_up = time.monotonic() + seconds
        while self.tree.pids():
            if time.monotonic() >= give_up or self._parent_wants_out():
                return False
            self.tree.reap()
            time.sleep(0.01)
        return True

    def _parent_wants_out(self) -> bool:
        if select.select([self.control], [], [], 0)[0]:
            self._hear()
        return self.kill_at == 0.0

    def _hear(self) -> None:
        said = os.read(self.control, 4096)
        if not said:
            self.kill_at = 0.0
            return
        *lines, self.unread = (self.unread + said).split(b"\n")
        for line in lines:
            self._obey(*line.decode().split())

    def _obey(self, command: str, seconds: str = "0") -> None:
        if command == "kill":
            self.kill_at = 0.0
        elif command == "stop":
            self.tree.signal(signal.SIGTERM)
            self.tree.signal(signal.SIGCONT)
            patience = time.monotonic() + float(seconds)
            self.kill_at = patience if self.kill_at is None else min(self.kill_at, patience)
        elif command == "pause":
            self.tree.freeze()
        elif command == "resume":
            self.tree.signal(signal.SIGCONT)
        elif command == "interrupt":
            send(-self.tree.main, signal.SIGINT)


def start(program: list[str], limits: list[str]) -> tuple[int, int]:
    """Fork and execute the program; returns its pid and the errno of a failed start, 0 for a good one."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setpgid(0, 0)
            _confine(limits)
            _limit([limit for limit in limits if limit.split("=", 1)[0] not in PLACES])
            for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            os.execvp(program[0], program)  # noqa: S606 - no shell is the point
        except (OSError, ValueError) as error:
            os.write(writing, str(getattr(error, "errno", None) or errno.EINVAL).encode())
        finally:
            os._exit(NOT_STARTED)
    os.close(writing)
    failed = os.read(reading, 64)
    os.close(reading)
    return pid, int(failed or 0)


def _confine(limits: list[str]) -> None:
    """Close folders to writing. Where the kernel cannot: start nothing if that is required, else go on as it is."""
    said = [limit.split("=", 1) for limit in limits]
    closed = [value for name, value in said if name == "CLOSED"]
    if not closed:
        return
    if TYPE_CHECKING or __package__:
        from devmesh.processes.landlock import forbid_writes
    else:
        from landlock import forbid_writes
    try:
        forbid_writes(closed, [value for name, value in said if name == "OPENED"])
    except OSError:
        if ["REQUIRED", "1"] in said:
            raise


def _limit(limits: list[str]) -> None:
    if not limits:
        return
    import resource

    for name, value in (limit.split("=", 1) for limit in limits):
        kind = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(kind)[1]
        wanted = int(value) if hard == resource.RLIM_INFINITY else min(int(value), hard)
        resource.setrlimit(kind, (wanted, wanted))


def watch_signals() -> int:
    """Wake the poll for every ended child and every request to end; returns the descriptor that becomes readable."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return reading


def main(arguments: list[str]) -> None:
    """Start the program, watch it, and end with nothing of it left."""
    separator = arguments.index("--")
    control, status, parent = map(int, arguments[:3])
    limits, program = arguments[3:separator], arguments[separator + 1 :]
    os.set_inheritable(control, False)
    os.set_inheritable(status, False)
    os.setsid()
    become_subreaper()
    wakeup = watch_signals()
    pid, failed = start(program, limits)
    supervision = Supervision(Tree(pid), control, status, parent)
    if failed:
        supervision.report("failed", failed)
        return
    supervision.report("started", pid)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)

    def asked_to_end(*_: object) -> None:
        supervision.kill_at = 0.0

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, asked_to_end)
    supervision.watch(wakeup)


if __name__ == "__main__":
    main(sys.argv[1:])
