"""A fact as one short line for a person. A table; what has no row here shows its plain fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from devmesh.mesh.spending import allowed, money
from devmesh.vocabulary import facts
from devmesh.vocabulary.facts import AnyFact

_SHOWN = 200
"Characters of one line."

SENTENCES: Final[dict[type[Any], Callable[[Any], str]]] = {
    facts.AgentDismissed: lambda fact: fact.reason,
    facts.AgentJoined: lambda fact: f"{fact.tool} {fact.model}".strip(),
    facts.AgentLeft: lambda fact: fact.reason,
    facts.AgentLost: lambda fact: fact.reason,
    facts.AgentParked: lambda fact: f"{fact.blockage.replace('_', ' ')}, again in {fact.retry_in:.0f} s: {fact.reason}",
    facts.AnswerRuleSet: lambda fact: f"rule {fact.rule}: {fact.pattern} -> {fact.answer}",
    facts.BiddingOpened: lambda fact: f"attempt {fact.attempt}, open to {', '.join(fact.agents)}",
    facts.BidPlaced: lambda fact: f"fitness {fact.fitness:.2f}, served {fact.served:.0f} s",
    facts.BidDeclined: lambda fact: fact.reason,
    facts.BudgetReached: lambda fact: f"spent {money(fact.spent, fact.budget)}",
    facts.BudgetSet: lambda fact: allowed(fact.budget) or "no limit",
    facts.ChangeApplied: lambda fact: f"change {fact.change} landed: {_files(fact.files)}{_merged(fact.merged)}",
    facts.ChangeOffered: lambda fact: f"change {fact.change}: {_files(file.path for file in fact.files)}",
    facts.ChangeReturned: lambda fact: f"change {fact.change}: {fact.code} {fact.message}",
    facts.CheckEnded: lambda fact: f"{'passed' if fact.passed else 'failed'} in {fact.seconds:.1f} s: {fact.command}",
    facts.CheckStarted: lambda fact: fact.command,
    facts.CoordinatorStalled: lambda fact: f"{fact.seconds:.1f} s late {fact.cause}",
    facts.CoordinatorStarted: lambda fact: f"start {fact.epoch} of {fact.project}",
    facts.CredentialIssued: lambda fact: f"credential {fact.credential}: {fact.role} {fact.label}".strip(),
    facts.CredentialRevoked: lambda fact: f"credential {fact.credential} {fact.reason}".strip(),
    facts.DiscoveryShared: lambda fact: fact.title,
    facts.GateEntered: lambda fact: f"change {fact.change}",
    facts.GoalSet: lambda fact: fact.text,
    facts.HardwareExceeded: lambda fact: f"{fact.used.ram_gb:.1f} of {fact.declared.ram_gb:.1f} GB RAM, {fact.action}",
    facts.HardwareReserved: lambda fact: f"{fact.amount.ram_gb:g} GB RAM, {fact.amount.vram_gb:g} GB GPU memory",
    facts.LockExpired: lambda fact: f"{fact.mode} {fact.target}, lock {fact.token}",
    facts.LockGranted: lambda fact: f"{fact.mode} {fact.target}, lock {fact.token}{_waited(fact.waited)}",
    facts.LockQueued: lambda fact: f"{fact.mode} {_listed(fact.targets)} behind {_listed(fact.behind)}",
    facts.LockReleased: lambda fact: f"{fact.mode} {fact.target} {fact.reason}",
    facts.LockWaitEnded: lambda fact: f"{fact.code}{_waited(fact.waited)}",
    facts.OutputReported: lambda fact: fact.text.strip().partition("\n")[0],
    facts.QuestionAnswered: lambda fact: f"{fact.question}: {fact.answer or 'no answer'} ({fact.answered_by})",
    facts.QuestionAsked: lambda fact: f"{fact.question}: {fact.text}",
    facts.RequestRefused: lambda fact: f"{fact.request}: {fact.code} {fact.message}",
    facts.ReviewGiven: lambda fact: f"{fact.reviewer}: {fact.verdict.replace('_', ' ')} {fact.remarks}",
    facts.ReviewRequested: lambda fact: (
        f"change {fact.change}, by {f'task {fact.review}' if fact.review else 'the person'}"
        f"{f'; it writes what is obeyed as {_listed(fact.obeyed)}' if fact.obeyed else ''}"
    ),
    facts.SessionDropped: lambda fact: fact.reason,
    facts.SessionOpened: lambda fact: fact.role,
    facts.TaskAbandoned: lambda fact: fact.reason,
    facts.TaskAwarded: lambda fact: f"attempt {fact.attempt}: {fact.why}",
    facts.TaskCancelled: lambda fact: fact.reason,
    facts.TaskCompleted: lambda fact: f"{fact.seconds:.1f} s: {fact.summary}",
    facts.TaskFailed: lambda fact: fact.reason,
    facts.TaskPosted: lambda fact: fact.title or fact.prompt,
    facts.TaskRequeued: lambda fact: fact.reason,
    facts.UsageReported: lambda fact: (
        f"{fact.input_tokens:,} tokens in, {fact.output_tokens:,} out{_price(fact.dollars)}"
    ),
    facts.WriteFound: lambda fact: f"{fact.path}, found by the {fact.found_by}, held by {_listed(fact.holders)}",
}


def sentence(fact: AnyFact) -> str:
    """One line of text about it."""
    made = SENTENCES.get(type(fact))
    line = " ".join((made(fact) if made else "").split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def _merged(files: tuple[str, ...]) -> str:
    return f", merged in {_listed(files)}" if files else ""


def _listed(names: Any) -> str:
    return ", ".join(names) or "nobody"


def _files(paths: Any) -> str:
    return ", ".join(paths) or "no file differs"


def _waited(seconds: float) -> str:
    return f" after {seconds:.1f} s" if seconds >= 0.1 else ""  # noqa: PLR2004 - less is not worth a word


def _price(dollars: float | None) -> str:
    return f", ${dollars:.4f}".rstrip("0").rstrip(".") if dollars else ""
