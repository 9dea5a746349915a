"""Facts taken row by row, made into one frame. Words are kept once and referred to by number. Opens nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from devmesh.audit.columns import series

if TYPE_CHECKING:
    import pandas as pd

FACT_COLUMNS: Final = {
    "sequence": "number",
    "time": "moment",
    "kind": "category",
    "agent": "category",
    "task": "number",
    "change": "number",
}
"What every frame of facts begins with."


class FactTable:
    """Rows taken in chunks, so that a million are never held twice; words are kept once and referred to by code."""

    def __init__(self, fields: dict[str, str]) -> None:
        self.columns = FACT_COLUMNS | {name: kind for name, kind in fields.items() if name not in FACT_COLUMNS}
        self._fields = [name for name in self.columns if name not in FACT_COLUMNS]
        self._parts: dict[str, list[Any]] = {name: [] for name in self.columns}
        self._words = {name: _Words() for name, kind in self.columns.items() if kind == "category"}

    def add(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Rows of the fixed columns and the body, in that order."""
        *fixed, bodies = zip(*rows, strict=True)
        for name, values in zip(FACT_COLUMNS, fixed, strict=True):
            self._put(name, values)
        if self._fields == ["body"]:
            self._put("body", bodies)
        elif self._fields:
            said = [msgspec.json.decode(body) for body in bodies]
            for name in self._fields:
                self._put(name, [one.get(name) for one in said])

    def frame(self, *, newest_first: bool) -> pd.DataFrame:
        """All rows, the lowest sequence first."""
        import pandas as pd

        made = pd.DataFrame({name: self._series(name, kind) for name, kind in self.columns.items()})
        return made.iloc[::-1].reset_index(drop=True) if newest_first else made

    def _put(self, name: str, values: Sequence[Any]) -> None:
        words = self._words.get(name)
        self._parts[name].append(words.codes(values) if words is not None else series(values, self.columns[name]))

    def _series(self, name: str, kind: str) -> pd.Series[Any]:
        import pandas as pd

        parts = self._parts[name]
        if (words := self._words.get(name)) is not None:
            return words.series(parts)
        return pd.concat(parts, ignore_index=True) if parts else series((), kind)


class _Words(dict[str | None, int]):
    """Each word's code, given when it first comes; none is -1."""

    def __init__(self) -> None:
        super().__init__({None: -1})

    def __missing__(self, word: str) -> int:
        code = self[word] = len(self) - 1
        return code

    def codes(self, values: Iterable[str | None]) -> Any:
        import numpy as np

        return np.fromiter(map(self.__getitem__, values), dtype="int32")

    def series(self, parts: list[Any]) -> pd.Series[Any]:
        import numpy as np
        import pandas as pd

        codes = np.concatenate(parts) if parts else np.empty(0, dtype="int32")
        categories = pd.Index([word for word in self if word is not None], dtype="str")
        return pd.Series(pd.Categorical.from_codes(codes, categories=categories))
