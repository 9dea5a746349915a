"""A small program that starts another and ends at once, so that the other belongs to nobody who could take it along.

Runs by itself (`python -I -S launcher.py LOG -- PROGRAM ...`), standard library only. Prints the other's pid, waits
for one byte on standard input, lets the other begin, and prints the errno of its start, 0 for a good one.
"""

from __future__ import annotations

import errno
import os
import signal
import sys

GO = b"g"


def begin(log: str, program: list[str], go: int, failed: int) -> None:
    """In the new process: wait for the word, then become the program. Never returns."""
    try:
        if os.read(go, 1) != GO:
            os._exit(errno.ECANCELED)
        nothing = os.open(os.devnull, os.O_RDONLY)
        written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for descriptor, stream in ((nothing, 0), (written, 1), (written, 2)):
            os.dup2(descriptor, stream)
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.chdir("/")
        os.execvp(program[0], program)  # noqa: S606 - no shell is the point
    except OSError as error:
        os.write(failed, str(error.errno).encode())
    finally:
        os._exit(127)


def main(arguments: list[str]) -> None:
    """Fork in a session of our own, say who was started, and leave."""
    log, _separator, *program = arguments
    os.setsid()
    go_read, go_write = os.pipe()
    failed_read, failed_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go_write)
        begin(log, program, go_read, failed_write)
    os.close(failed_write)
    os.write(1, f"{pid}\n".encode())
    os.write(go_write, os.read(0, 1))
    os.close(go_write)
    os.write(1, (os.read(failed_read, 64) or b"0") + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
