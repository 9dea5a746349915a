"""Figures as a person reads them: ages, memory, lists. The browser's twin is `static/wording.js`."""

from __future__ import annotations

from collections.abc import Sequence

DASH = "\N{EN DASH}"
"What stands in a cell that has nothing to say."
_DECIMAL_BELOW = 9.95
_HUNDREDTHS_BELOW = 0.995
_NOTHING_BELOW = 0.005
_STEPS = ((60.0, 1.0, "s"), (3600.0, 60.0, "min"), (86_400.0, 3600.0, "h"))


def age(seconds: float) -> str:
    """`12 s`, `4 min`, `3 h`, `2 d`: one figure, rounded down, never negative."""
    seconds = max(0.0, seconds)
    for below, unit, name in _STEPS:
        if seconds < below:
            return f"{int(seconds / unit)} {name}"
    return f"{int(seconds / 86_400)} d"


def span(seconds: float) -> str:
    """How long something took: `0.4 s`, `12 s`, `4 min`; a decimal while it says something."""
    return f"{max(0.0, seconds):.1f} s" if seconds < _DECIMAL_BELOW else age(seconds + 0.5)


def gigabytes(amount: float) -> str:
    """`0 GB`, `0.04 GB`, `1.4 GB`, `12 GB`: two figures that count."""
    if amount < _HUNDREDTHS_BELOW:
        return "0 GB" if amount < _NOTHING_BELOW else f"{amount:.2f} GB"
    return f"{amount:.1f} GB" if amount < _DECIMAL_BELOW else f"{amount:.0f} GB"


def share(used: float, total: float) -> str:
    """`1.2 of 8.0 GB`."""
    return f"{gigabytes(used).removesuffix(' GB')} of {gigabytes(total)}"


def listed(items: Sequence[object]) -> str:
    """The items with commas; a dash for none."""
    return ", ".join(str(item) for item in items) or DASH
