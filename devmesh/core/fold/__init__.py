"""What each fact does to the state. One file per noun; they decide nothing and never fail on a recorded fact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Folds: TypeAlias = dict[type[Any], Callable[[Any, Any, Any], None]]
"From the kind of a fact to what it does: (state, recorded, fact)."
