"""The ways in which a coding CLI can go wrong, each on request: bridges are tried against these."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import NoReturn

from devmesh.scripted.script import Step
from devmesh.scripted.surroundings import Ended, Surroundings

_MEGABYTE = 1_000_000
_hoarded: list[bytearray] = []


def fail(_: Surroundings, step: Step) -> NoReturn:
    """End at once with an error result."""
    raise Ended(step.text or "told to fail", error=True)


def exit_silently(_: Surroundings, step: Step) -> NoReturn:
    """End at once with that code and no result, as a crash does."""
    raise Ended("", error=True, code=int(step.argument))


def lie(_: Surroundings, step: Step) -> NoReturn:
    """Claim success, whatever was done."""
    raise Ended(step.text or "All done.", error=False)


_REFUSALS = {
    401: "Invalid API key; please log in",
    402: "Your credit balance is too low",
    429: "rate limit reached",
    529: "the service is overloaded",
}


def refused(_: Surroundings, step: Step) -> NoReturn:
    """Fail as when the model's service answers with that HTTP status, to be tried again after so many seconds."""
    raise refusal(step.argument)


def refusal(argument: str) -> Ended:
    """The end of a run that no service served: `STATUS [SECONDS]`."""
    status, _, seconds = argument.partition(" ")
    again = f"; try again in {seconds} s" if seconds else ""
    said = f"API Error: {status} {_REFUSALS.get(int(status), 'the service failed')}{again}"
    return Ended(said, error=True, status=int(status))


def hang(here: Surroundings, step: Step) -> bool:
    """Answer no signal that can be ignored, for ever or for so many seconds."""
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    here.stream.say("I do not answer any more.")
    end = time.monotonic() + (float(step.argument) if step.argument else float("inf"))
    while time.monotonic() < end:
        time.sleep(min(60.0, max(0.0, end - time.monotonic())))
    return False


def flood(here: Surroundings, step: Step) -> bool:
    """Write megabytes into standard output or error."""
    size, _, where = step.argument.partition(" ")
    target = sys.stderr if where == "stderr" else sys.stdout
    line = "x" * 999 + "\n"
    here.stream.said += int(float(size) * _MEGABYTE)
    for _ in range(int(float(size) * _MEGABYTE) // len(line)):
        target.write(line)
    target.flush()
    return False


def hoard(here: Surroundings, step: Step) -> bool:
    """Take that much memory, and keep it until the end of the run."""
    _hoarded.append(bytearray(int(float(step.argument) * _MEGABYTE)))
    here.stream.say(f"I keep {step.argument} MB.")
    return False


def daemon(here: Surroundings, step: Step) -> bool:
    """A child in a session of its own, its parent already gone: what a kill of the process group misses."""
    asleep = "import os, sys, time; os.fork() and os._exit(0); os.setsid(); print(os.getpid(), flush=True); "
    done = subprocess.run(
        [sys.executable, "-c", asleep + "os.close(1); time.sleep(float(sys.argv[1]))", step.argument],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    here.stream.emit("daemon", pid=int(done.stdout))
    return False
