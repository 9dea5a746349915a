"""What a column of a frame can be, and frames made of such columns: the same types for a million rows and for none.

Knows no fact. pandas is imported when a frame is made, not before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, get_type_hints

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Word = Annotated[str | None, "category"]
"One of few: a state, an agent, a mode."
Prose = Annotated[str | None, "text"]
Count = Annotated[int | None, "number"]
"A whole number, or none."
Figure = Annotated[float | None, "figure"]
Flag = Annotated[bool | None, "flag"]
Moment = Annotated[float | None, "moment"]
"Unix seconds; a UTC time in the frame."
Span = Annotated[float | None, "span"]
"Seconds; a Timedelta in the frame."

DTYPES: Final[Mapping[str, str]] = {
    "category": "category",
    "text": "str",
    "number": "Int64",
    "figure": "float64",
    "flag": "boolean",
    "moment": "datetime64[us, UTC]",
    "span": "timedelta64[us]",
    "object": "object",
}
"Every kind of column and its dtype."

_MISSING = -(2**63)
"NaT, to numpy."


def columns_of(row: type[Any]) -> dict[str, str]:
    """The columns of a row class: its attributes annotated with a kind above. Others are its working memory."""
    hints = get_type_hints(row, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items() if hasattr(hint, "__metadata__")}


def frame_of(row: type[Any], rows: Iterable[Any]) -> pd.DataFrame:
    """A frame with one line per row, in their order."""
    kept = list(rows)
    columns = columns_of(row)
    return frame(columns, {name: [getattr(one, name) for one in kept] for name in columns})


def frame(columns: Mapping[str, str], values: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """A frame of the given columns. Raises KeyError when one has no values."""
    import pandas as pd

    return pd.DataFrame({name: series(values[name], kind) for name, kind in columns.items()})


def series(values: Sequence[Any], kind: str) -> pd.Series[Any]:
    """One column. None is missing in all of them."""
    import pandas as pd

    if (make := _MAKERS.get(kind)) is not None:
        return pd.Series(make(values), dtype=DTYPES[kind])
    if kind == "category":
        present = dict.fromkeys(value for value in values if value is not None)
        return pd.Series(pd.Categorical(values, categories=pd.Index(list(present), dtype="str")))
    return pd.Series(list(values), dtype=DTYPES[kind])


def numbers(values: Sequence[Any]) -> Any:
    """Whole numbers with gaps, quickly. Exact up to 2**53."""
    import numpy as np
    import pandas as pd

    figures = np.asarray(values, dtype="float64")
    missing = np.isnan(figures)
    return pd.arrays.IntegerArray(np.where(missing, 0, figures).astype("int64"), missing)


def moments(values: Sequence[Any]) -> Any:
    """Unix seconds as UTC times, to the microsecond."""
    import pandas as pd

    return pd.DatetimeIndex(_microseconds(values).view("datetime64[us]")).tz_localize("UTC")


def spans(values: Sequence[Any]) -> Any:
    """Seconds as durations, to the microsecond."""
    return _microseconds(values).view("timedelta64[us]")


def _microseconds(values: Sequence[Any]) -> np.ndarray[Any, Any]:
    import numpy as np

    figures = np.asarray(values, dtype="float64")
    missing = np.isnan(figures)
    whole: np.ndarray[Any, Any] = np.where(missing, 0, figures * 1e6).round().astype("int64")
    whole[missing] = _MISSING
    return whole


_MAKERS: Final[Mapping[str, Callable[[Sequence[Any]], Any]]] = {"number": numbers, "moment": moments, "span": spans}
