"""A program that takes memory of the first NVIDIA card, by the driver's own interface, and keeps it until it is ended.

`taking.py SECONDS MEGABYTES [MEGABYTES ...]`: the first figure itself, each other one by a child in a session of its
own. Prints `taken` and all their pids. SIGUSR1 gives back what this process took; what the driver needs for it, stays.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time

_MEGABYTE = 1_000_000


class Driver:
    """The calls of libcuda that are needed. Raises OSError with the driver's number for what went wrong."""

    def __init__(self) -> None:
        self._cuda = ctypes.CDLL("libcuda.so.1")
        device, context = ctypes.c_int(), ctypes.c_void_p()
        self._call("cuInit", 0)
        self._call("cuDeviceGet", ctypes.byref(device), 0)
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        self._call("cuCtxSetCurrent", context)

    def take(self, count: int) -> ctypes.c_uint64:
        """So many bytes; where they are."""
        place = ctypes.c_uint64()
        self._call("cuMemAlloc_v2", ctypes.byref(place), ctypes.c_size_t(count))
        return place

    def give_back(self, place: ctypes.c_uint64) -> None:
        """What was taken."""
        self._call("cuMemFree_v2", place)

    def _call(self, name: str, *arguments: object) -> None:
        code = getattr(self._cuda, name)(*arguments)
        if code:
            raise OSError(code, f"{name} failed with {code}")


def main(seconds: str, own: str, *others: str) -> None:
    """Take it, say so, wait."""
    driver = Driver()
    place = driver.take(int(own) * _MEGABYTE)
    children = [_child(seconds, other) for other in others]
    said = [child.stdout.readline().split()[1] for child in children if child.stdout is not None]

    def give_back(*_: object) -> None:
        driver.give_back(place)
        print("freed", flush=True)  # noqa: T201

    signal.signal(signal.SIGUSR1, give_back)
    print("taken", os.getpid(), *said, flush=True)  # noqa: T201
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        time.sleep(0.05)
    for child in children:
        child.wait()


def _child(seconds: str, count: str) -> subprocess.Popen[str]:
    argv = [sys.executable, __file__, seconds, count]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
