"""`devmesh tools`, `doctor` and `version`: what is on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from devmesh.terminal import exits
from devmesh.terminal.options import AsJson, Project
from devmesh.terminal.printing import console, put_json, put_table, say

_COLOURS: Final = {"ok": "green", "note": "yellow", "problem": "red", "absent": "dim"}


def tools(as_json: AsJson = False) -> int:
    """The CLIs: which are here, their versions, how to get more."""
    from devmesh.mesh.toolbox import COLUMNS, survey
    from devmesh.settings import Settings

    found = survey(Settings.load().home)
    if as_json:
        put_json([tool._asdict() for tool in found])
        return exits.DONE
    put_table("", COLUMNS, found.rows)
    return exits.DONE


def doctor(
    project: Project = Path(),
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the CLIs, which take a while.")] = False,
    as_json: AsJson = False,
) -> int:
    """Look whether this machine has what a mesh needs. Says what to do where it has not.

    Of each CLI: its version, whether our flags are still in its help, whether it answers over its protocol. No model is
    prompted. Exit code 1 when something is a problem.
    """
    from devmesh.mesh.checkup import examine
    from devmesh.settings import Settings

    findings = examine(project.resolve(), Settings.load(), tools=not quick)
    if as_json:
        put_json([finding._asdict() for finding in findings])
    else:
        screen = console()
        for finding in findings:
            screen.print(f"[{_COLOURS[finding.verdict]}]{finding.verdict:<8}[/]", end="")
            screen.print(f"{finding.about}: {finding.found}", markup=False, soft_wrap=True)
            if finding.advice:
                screen.print(f"        {finding.advice}", markup=False, soft_wrap=True)
    return exits.DONE if findings.healthy else exits.FAILED


def version(as_json: AsJson = False) -> int:
    """The version of DevMesh."""
    from devmesh import __version__

    put_json({"devmesh": __version__}) if as_json else say(__version__)
    return exits.DONE
