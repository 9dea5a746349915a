"""The `devmesh` command: its sub-commands, and one place where errors become a message and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Final

import typer

from devmesh.errors import DevMeshError
from devmesh.terminal import asking, credentials, dashboard, deciding, demo, exits, machine, mcp, printing, running

_HELP = """Several AI coding CLIs on one project at the same time, without stepping on each other.

Start a mesh with `devmesh serve`, or in a notebook with `%devmesh start`; join agents; post tasks."""

_EPILOG = f"""Exit codes:

\b
{exits.table()}"""

_UNWRITABLE: Final = frozenset({errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG})

_FAR: Final = (
    "devmesh join claude --through wss://hub.example/user/ada/devmesh/ws/ID --credential-file c --token-file t"
)

COMMANDS: Final[tuple[tuple[str, Callable[..., int], tuple[str, ...]], ...]] = (
    ("serve", running.serve, ("devmesh serve", "devmesh serve --project ~/shop --port 0 --json")),
    ("join", running.join, ("devmesh join claude", "devmesh join codex --project ~/shop -- --model gpt-5", _FAR)),
    ("stop", running.stop, ("devmesh stop --project ~/shop",)),
    (
        "post",
        asking.post,
        ('devmesh post "Fix the failing tests" --priority 1 --wait', "devmesh post - --file src/ < task.md"),
    ),
    ("cancel", deciding.cancel, ("devmesh cancel 3 4 --reason 'asked twice'",)),
    ("retry", deciding.retry, ("devmesh retry 3",)),
    ("pause", deciding.pause, ("devmesh pause 3", "devmesh pause claude-1")),
    ("resume", deciding.resume, ("devmesh resume 3 claude-1",)),
    ("inbox", deciding.inbox, ("devmesh inbox", "devmesh inbox --json | jq '.[].question'")),
    ("answer", deciding.answer, ("devmesh answer 3 yes",)),
    ("conflicts", deciding.conflicts, ("devmesh conflicts", "devmesh conflicts change 3")),
    ("costs", deciding.costs, ("devmesh costs", "devmesh costs --json | jq .dollars")),
    ("status", asking.status, ("devmesh status", "devmesh status --json | jq .tasks")),
    ("dashboard", dashboard.dashboard, ("devmesh dashboard", "devmesh dashboard --project ~/shop --port 0")),
    (
        "audit",
        asking.audit,
        ("devmesh audit 'lock_*' --since 10m", "devmesh audit --json | jq -r .kind | sort | uniq -c"),
    ),
    (
        "credentials",
        credentials.credentials,
        ("devmesh credentials issue --label 'the build server' --into build.secret", "devmesh credentials revoke 3"),
    ),
    (
        "mcp",
        mcp.mcp,
        (
            "devmesh mcp --project ~/shop",
            "claude mcp add devmesh -- devmesh mcp",
            "codex mcp add devmesh -- devmesh mcp",
        ),
    ),
    ("tools", machine.tools, ("devmesh tools", "devmesh tools --json | jq '.[] | select(.installed) | .name'")),
    (
        "doctor",
        machine.doctor,
        ("devmesh doctor --project ~/shop", "devmesh doctor --json | jq '.[] | select(.advice)'"),
    ),
    ("demo", demo.demo, ("devmesh demo", "devmesh demo --output /tmp/demo")),
    ("version", machine.version, ("devmesh version",)),
)
"Name, function, and examples for the help."


def build() -> typer.Typer:
    """The application."""
    made = typer.Typer(
        name="devmesh",
        help=_HELP,
        epilog=_EPILOG,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
    made.callback()(_root)
    for name, function, examples in COMMANDS:
        made.command(name, epilog="\b\nExamples:\n" + "\n".join(f"  {line}" for line in examples))(guarded(function))
    return made


def _version(wanted: bool) -> None:
    if wanted:
        raise typer.Exit(machine.version())


def _root(
    _version: Annotated[
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """What comes before a command."""


def guarded(function: Callable[..., int]) -> Callable[..., None]:
    """The sub-command, leaving with an exit code: never a traceback for an error of ours, nor for Ctrl-C."""

    @wraps(function)
    def run(*arguments: Any, **options: Any) -> None:
        try:
            code = function(*arguments, **options)
            sys.stdout.flush()
        except KeyboardInterrupt:
            printing.console(stderr=True).print("stopped")
            code = exits.INTERRUPTED
        except DevMeshError as error:
            printing.complain(error, as_json=options.get("as_json", False))
            code = exits.code_of(error)
        except BrokenPipeError:  # whoever read has enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = exits.DONE
        except OSError as error:  # a full disk behind a redirection
            if error.errno not in _UNWRITABLE:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            printing.console(stderr=True).print(f"devmesh: the output could not be written: {error.strerror}")
            code = exits.FAILED
        raise typer.Exit(code)

    return run


app = build()


def main(arguments: list[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    try:
        app(arguments, prog_name="devmesh")
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else exits.FAILED
    return exits.DONE
