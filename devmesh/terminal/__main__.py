"""`devmesh`, and `python -m devmesh.terminal`: the door, light enough that Ctrl-C is heard while the rest is loaded."""

from __future__ import annotations

import sys

_INTERRUPTED = 130


def main() -> int:
    """Run the command line; the exit code."""
    try:
        from devmesh.terminal.app import main as run

        return run()
    except KeyboardInterrupt:
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
