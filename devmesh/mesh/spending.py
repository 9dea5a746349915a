"""What was spent, in words and figures. Reads the state; knows no request."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devmesh.vocabulary.terms import Budget, Spending


def money(spending: Spending, budget: Budget) -> str:
    """`$0.42 of $5.00, 12,400 tokens`: what was spent, and of how much where there is a limit."""
    parts = []
    if spending.dollars or budget.dollars is not None:
        parts.append(f"${spending.dollars:.2f}" + (f" of ${budget.dollars:.2f}" if budget.dollars is not None else ""))
    if spending.tokens or budget.tokens is not None:
        limit = f" of {budget.tokens:,}" if budget.tokens is not None else ""
        parts.append(f"{spending.tokens:,}{limit} tokens")
    return ", ".join(parts)


def allowed(budget: Budget) -> str:
    """`$5.00, 12,400 tokens`: what may be spent; nothing where there is no limit."""
    dollars = f"${budget.dollars:.2f}" if budget.dollars is not None else ""
    tokens = f"{budget.tokens:,} tokens" if budget.tokens is not None else ""
    return ", ".join(filter(None, (dollars, tokens)))
