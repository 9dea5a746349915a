"""One row per report of what an attempt spent. Folded from the facts alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct

from devmesh.audit.columns import Count, Figure, Moment, Word
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded


class CostRow(Struct):
    """What was spent since the report before; `dollars` is missing where the tool names no price."""

    sequence: Count
    time: Moment
    task: Count
    attempt: Count
    agent: Word
    tool: Word
    model: Word
    input_tokens: Count
    output_tokens: Count
    dollars: Figure = None


def fold_costs(recorded: Iterable[Recorded]) -> list[CostRow]:
    """Every report, in order."""
    tools: dict[str, str] = {}
    rows = []
    for one in recorded:
        fact: Any = one.fact
        if isinstance(fact, facts.AgentJoined):
            tools[fact.agent] = fact.tool
        elif isinstance(fact, facts.UsageReported):
            rows.append(
                CostRow(
                    sequence=one.sequence,
                    time=one.at,
                    task=fact.task,
                    attempt=fact.attempt,
                    agent=fact.agent,
                    tool=tools.get(fact.agent),
                    model=fact.model or None,
                    input_tokens=fact.input_tokens,
                    output_tokens=fact.output_tokens,
                    dollars=fact.dollars,
                )
            )
    return rows


COST_FACTS: Final[tuple[type[Any], ...]] = (facts.AgentJoined, facts.UsageReported)
"All that a cost's row is made of."
