"""Whether a failed run failed by the model's service, and when that may be asked again. Knows no tool and no run."""

from __future__ import annotations

import re

from devmesh.bridge.tools.entry import Refusals
from devmesh.bridge.tools.tool import Blocked
from devmesh.vocabulary.terms import Blockage

LONGEST_SEARCHED = 8000
"Characters of complaints that are looked at, from their end."
_UNITS = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def blocked(refusals: Refusals, status: int, *texts: str) -> Blocked | None:
    """What the first text that tells it says of a refusal by the service; None when the failure is the tool's own.

    `status` is the HTTP status that an event named, 0 for none: it comes first.
    """
    searched = [text[-LONGEST_SEARCHED:] for text in ((f"HTTP {status}" if status else ""), *texts) if text]
    together = "\n".join(searched)
    for rule in refusals.rules:
        if rule.means is Blockage.QUOTA and re.search(rule.pattern, together):
            return Blocked(rule.means, _retry(refusals, searched))
    for text in searched:
        for rule in refusals.rules:
            if re.search(rule.pattern, text):
                return Blocked(rule.means, _retry(refusals, searched))
    return None


def _retry(refusals: Refusals, texts: list[str]) -> float | None:
    for text in texts:
        for pattern in refusals.retries:
            if fits := re.search(pattern, text):
                unit = (fits.groupdict().get("unit") or "").lower()
                return float(fits["number"]) * _UNITS["ms" if unit.startswith("ms") else unit[:1]]
    return None
