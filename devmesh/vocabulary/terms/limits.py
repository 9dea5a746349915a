"""The numbers the rules go by, and what may be spent."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from devmesh.vocabulary.record import Record
from devmesh.vocabulary.terms.kinds import Lane, OverusePolicy
from devmesh.vocabulary.terms.records import Resources
from devmesh.vocabulary.terms.values import Dollars, Path, Seconds, Tokens


class Budget(Record):
    """What may be spent. None: no limit."""

    dollars: Dollars | None = None
    tokens: Tokens | None = None


class Spending(Record):
    """What was spent: tokens read, tokens written, dollars."""

    input_tokens: Tokens = 0
    output_tokens: Tokens = 0
    dollars: Dollars = 0.0

    @property
    def tokens(self) -> int:
        """Read and written together: what a budget in tokens is about."""
        return self.input_tokens + self.output_tokens


class LanePolicy(Record):
    """Files matching `glob` are worked on in `lane`; the first match wins."""

    glob: Path
    lane: Lane


class Limits(Record):
    """Every number the rules use. Recorded at the start, so that a replay uses the same ones. Times in seconds."""

    lease: Seconds = 30.0
    heartbeat: Seconds = 5.0
    margin: Seconds = 3.0
    "A client stops trusting its lease this long before it ends."
    lock_wait: Seconds = 120.0
    "How long a queued lock request waits when it names no time of its own."
    stall_credit: Seconds = 10.0
    "No lease ends for this long after the coordinator itself was late."
    bid_window: Seconds = 0.4
    "A bidding closes after this long, or as soon as all who may bid have spoken."
    claim_limit: Seconds = 120.0
    "An awarded task must be started within this time, or it is abandoned. Waiting in a lock queue does not count."
    task_limit: Seconds = 3600.0
    attempts: Annotated[int, Meta(ge=1, le=100)] = 3
    deaths: Annotated[int, Meta(ge=1, le=100)] = 2
    "Agents lost during one task before it counts as poison."
    backoff: Seconds = 1.0
    "Before the second attempt; doubles each time, up to 100 s."
    locks_per_agent: Annotated[int, Meta(ge=1)] = 1000
    agents: Annotated[int, Meta(ge=1)] = 1000
    replies: Annotated[int, Meta(ge=1)] = 64
    "Answers kept per session, so that a repeated request has its effect once."
    session_keep: Seconds = 3600.0
    "A dropped session without an agent is forgotten after this long."
    total: Resources = Resources()
    "What the hardware ledger may grant. 0 GB of a kind means: none of it is managed."
    lanes: tuple[LanePolicy, ...] = ()
    overuse: OverusePolicy = OverusePolicy.WARN
    budget: Budget = Budget()
    "What the whole mesh may spend, until another is set."
    question_wait: Seconds = 3600.0
    "How long a question waits for its answer when it names no time of its own."
    park: Seconds = 60.0
    "How long an agent whose service would not serve is parked the first time; doubles, up to an hour."
