"""`%devmesh` and `%%devmesh`: one magic, whose sub-commands are the table in `commands`. Thin: parse, do, hand back.

Errors of ours come out as a line, with a hint, and without a traceback; the cell still fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class

from devmesh.errors import DevMeshError
from devmesh.jupyter.actions import Words
from devmesh.jupyter.commands import BY_NAME, overview, parser_of
from devmesh.jupyter.completion import match
from devmesh.jupyter.parsing import HelpWanted, did_you_mean, words
from devmesh.mesh import Mesh
from devmesh.vocabulary.plain import plain

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


E = TypeVar("E", bound=BaseException)

INTERRUPTED = "devmesh: interrupted. `%devmesh status` says what goes on; what was asked for stays asked for."


class HelpText:
    """A text that shows itself as it is."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


@magics_class
class DevMeshMagics(Magics):
    """Holds the one magic."""

    @line_cell_magic
    def devmesh(self, line: str, cell: str | None = None) -> object:
        """Do what the line says and return what came of it."""
        try:
            made = run(line, cell)
        except HelpWanted as wanted:
            return HelpText(wanted.text)
        except DevMeshError as error:
            raise _readable(error) from None
        except KeyboardInterrupt as interrupt:
            raise _in_a_line(interrupt, INTERRUPTED) from None
        if isinstance(made, Mesh) and self.shell is not None:
            _name(made, self.shell.user_ns)
        return made


DevMeshMagics.devmesh.__doc__ = overview()


def _name(mesh: Mesh, names: dict[str, Any]) -> None:
    """Call it `mesh`, unless that name is taken by anything but a mesh that is over."""
    held = names.get("mesh", mesh)
    if held is mesh or (isinstance(held, Mesh) and held.is_closed):
        names["mesh"] = mesh


def run(line: str, cell: str | None = None) -> object:
    """One line after `%devmesh`. Raises UsageError, HelpWanted, or any error of ours."""
    given, beyond = words(line)
    if not given or given[0] in {"--help", "-h", "help"}:
        raise HelpWanted(overview())
    command = BY_NAME.get(given[0])
    if command is None:
        meant = did_you_mean(given[0], BY_NAME)
        raise UsageError(f"%devmesh: there is no command {given[0]!r}. {meant}`%devmesh --help` lists them.")
    parsed = parser_of(command).parse_args(given[1:])
    return command.does(Words(parsed, beyond, cell))


def _readable(error: DevMeshError) -> DevMeshError:
    """The same error, which IPython shows as its message and hint instead of a traceback."""
    return _in_a_line(error, f"devmesh: {plain(error.message)}", *([plain(error.hint)] if error.hint else []))


def _in_a_line(error: E, *lines: str) -> E:
    error._render_traceback_ = lambda: list(lines)  # type: ignore[attr-defined]  # IPython's own hook
    return error


# ---- coming and going ----

_loaded: WeakSet[InteractiveShell] = WeakSet()
"The shells that have the magic."


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Add the magic and its completion; loading twice adds them once."""
    if shell in _loaded:
        return
    shell.register_magics(DevMeshMagics(shell))
    shell.Completer.custom_matchers.append(match)
    _loaded.add(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take both away again. A running mesh keeps running."""
    if shell not in _loaded:
        return
    _loaded.discard(shell)
    shell.Completer.custom_matchers.remove(match)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("devmesh", None)
