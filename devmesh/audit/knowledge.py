"""Full-text search over the shared discoveries, best first. Knows not who asks; what it returns is quoted data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from devmesh.audit.database import open_reader
from devmesh.vocabulary.codec import decode_fact
from devmesh.vocabulary.facts import Discovery, DiscoveryShared

TITLE_WEIGHT: Final = 4.0
"A word in the title says more than one in the text."

_WORD = re.compile(r"\w+")
_MOST_WORDS = 64


def search(home: Path, query: str, limit: int) -> tuple[Discovery, ...]:
    """Discoveries with any of the query's words, by BM25. No query is wrong: nothing in it is an operator.

    Reads beside the one who writes. Raises StorageError when there is no record.
    """
    words = _WORD.findall(query)[:_MOST_WORDS]
    if not words or limit < 1:
        return ()
    expression = " OR ".join(f'"{word}"' for word in words)
    with open_reader(home) as connection:
        rows = connection.execute(
            """SELECT facts.body, bm25(discoveries, ?, 1.0) AS score
               FROM discoveries JOIN facts ON facts.sequence = discoveries.rowid
               WHERE discoveries MATCH ? ORDER BY score, facts.sequence LIMIT ?""",
            (TITLE_WEIGHT, expression, limit),
        ).fetchall()
    return tuple(_discovery(body, score) for body, score in rows)


def _discovery(body: str, score: float) -> Discovery:
    fact = decode_fact(body)
    assert isinstance(fact, DiscoveryShared), "only discoveries are indexed"  # noqa: S101 - an invariant of rows.py
    return Discovery(
        discovery=fact.discovery, agent=fact.agent, title=fact.title, text=fact.text, task=fact.task, score=score
    )
