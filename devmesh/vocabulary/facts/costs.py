"""Facts about what the tools spend, and what they may."""

from __future__ import annotations

from devmesh.vocabulary.record import Fact
from devmesh.vocabulary.terms import Budget, Dollars, Line, Name, Number, Spending, Tokens


class UsageReported(Fact):
    """What an attempt spent since its last report, as the tool says."""

    task: Number
    attempt: Number
    agent: Name
    input_tokens: Tokens = 0
    output_tokens: Tokens = 0
    dollars: Dollars | None = None
    model: Line = ""
    conversation: Line = ""


class BudgetSet(Fact):
    budget: Budget
    task: Number | None = None
    "None: of the whole mesh."


class BudgetReached(Fact):
    """No more is begun, and what runs is paused: what is left would not do for one more run."""

    budget: Budget
    spent: Spending
    task: Number | None = None
    "None: the whole mesh."
