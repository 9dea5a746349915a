"""Options that several sub-commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Project = Annotated[
    Path, typer.Option("--project", "-C", metavar="FOLDER", help="The project's folder; default: where you are.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for a program.")]
