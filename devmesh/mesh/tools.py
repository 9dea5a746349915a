"""`mesh.tools`: the CLIs on this machine, as a table to read, and as the live panel that connects them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from devmesh.mesh.faces import bundle
from devmesh.mesh.toolbox import Tools, ToolStanding, survey

if TYPE_CHECKING:
    import pandas as pd

    from devmesh.mesh.operations import Operations


class Toolbox:
    """Which tools are here, with their versions, and how to get the others. Looked for whenever it is read."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    def survey(self) -> Tools:
        """All of them, those that are here first."""
        return survey(self._operations.record.home.parent)

    def __iter__(self) -> Iterator[ToolStanding]:
        return iter(self.survey())

    def __len__(self) -> int:
        return len(self.survey())

    def __getitem__(self, name: str) -> ToolStanding:
        """The tool of that name. Raises KeyError when none is called so."""
        for tool in self.survey():
            if tool.name == name:
                return tool
        raise KeyError(f"there is no tool {name}")

    def df(self) -> pd.DataFrame:
        """All of them as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(list(self.survey()), columns=list(ToolStanding._fields))

    def __repr__(self) -> str:
        return repr(self.survey())

    def _repr_mimebundle_(self, **_: Any) -> Any:
        return bundle("tools", self._operations, Surveyed(self))


class Surveyed(NamedTuple):
    """The table, made only where it is shown."""

    tools: Toolbox

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.tools.survey()._repr_mimebundle_()
