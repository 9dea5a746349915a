"""`python -m devmesh.jupyter.server HOME`: the HTTP interface by itself. Says where it is on one line of JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from devmesh.errors import DevMeshError
from devmesh.jupyter.server.standing import run
from devmesh.settings import Settings


def _ready(url: str, token_file: Path) -> None:
    sys.stdout.write(json.dumps({"url": url, "token_file": str(token_file)}) + "\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """0 for a clean end; 2 for a setting that does not fit, 1 for any other error, each said on one line of JSON."""
    try:
        run(Path(arguments[0]), Settings.load(), _ready)
    except DevMeshError as failed:
        sys.stdout.write(json.dumps(failed.as_json()) + "\n")
        return 2 if failed.field else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
