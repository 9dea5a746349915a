"""Somebody else who appends lines to one file, in a process of their own. Arguments: the file, how many lines."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path


def append(file: Path, line: str) -> None:
    """As a logger does: the file itself, opened for each line."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def main() -> None:
    """Write `foreign N` lines until all are written."""
    file, count = Path(sys.argv[1]), int(sys.argv[2])
    for number in range(count):
        append(file, f"foreign {number}\n")
        if number % 10 == 0:
            time.sleep(0.001)


if __name__ == "__main__":
    main()
