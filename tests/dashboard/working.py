"""The synthetic mesh with questions, conflicts and costs in it, and with answers to what a panel looks up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from devmesh.vocabulary.record import Request
from devmesh.vocabulary.requests import AnswerQuestion, PostTask, SetAnswerRule
from devmesh.vocabulary.terms import AgentState, Badge, QuestionKind, TaskState
from devmesh_widgets.deeds import Launch
from devmesh_widgets.messages import Look
from devmesh_widgets.rows import ConflictRow, QuestionRow, RuleRow, View
from tests.dashboard.synthetic import SyntheticSource

DIFF: Final = """diff --git a/src/shop/basket.py b/src/shop/basket.py
--- a/src/shop/basket.py
+++ b/src/shop/basket.py
@@ -12,7 +12,9 @@ class Basket:
     def total(self) -> Decimal:
         \"\"\"The price of all lines.\"\"\"
-        return sum(line.price for line in self.lines)
+        total = sum((line.price for line in self.lines), Decimal())
+        discount = self.rule.of(total) if self.rule else Decimal()
+        return total - discount

     def add(self, line: Line) -> None:
"""

FOUND: Final[dict[str, Any]] = {
    "task": {
        "prompt": "Add a discount rule to the basket.\n\nA rule takes the total and gives what is taken off it.\n"
        "Keep the rounding as it is; the tests in tests/test_basket.py must pass.",
        "files": ["src/shop/basket.py"], "depends_on": [1], "agents": [], "capabilities": ["python"],
        "budget": "$2.00", "posted_by": "person", "summary": "",
    },
    "output": {"text": "Reading src/shop/basket.py\nThe total is summed as float; I will use Decimal.\n$ pytest -q\n"
               "....................  20 passed in 0.84s\n"},
    "diff": {"text": DIFF, "change": 7, "state": "reviewing", "judged": True},
    "verdicts": [
        {"good": True, "title": "pytest -q", "note": "passed in 0.8 s", "text": "20 passed"},
        {"good": False, "title": "gemini-1", "note": "changes wanted", "text": "The discount can exceed the total."},
    ],
    "bids": [
        {"attempt": 1, "agent": "claude-1", "fitness": 0.82, "reason": "I wrote the basket", "won": True},
        {"attempt": 1, "agent": "codex-1", "fitness": 0.61, "reason": "", "won": False},
        {"attempt": 1, "agent": "ollama-1", "fitness": None, "reason": "cannot edit files", "won": False},
    ],
    "facts": [{"at": 1_795_000_000.0, "kind": "task_posted", "agent": "", "text": "Add a discount rule"},
              {"at": 1_795_000_001.0, "kind": "task_awarded", "agent": "claude-1", "text": "attempt 1: fitness"}],
    "fact": {"text": '{\n  "kind": "lock_granted",\n  "target": "src/shop/basket.py"\n}'},
    "question": {"text": "The whole text of the question."},
    "history": [{"task": 3, "prompt": "Write the invoice as PDF", "files": ["src/shop/invoice.py"], "priority": 2,
                 "check": "pytest -q", "review": True}],
    "tools": [
        {"name": "claude", "title": "Claude Code", "installed": True, "version": "2.1.4", "path": "/usr/bin/claude",
         "install": "npm install -g @anthropic-ai/claude-code", "note": ""},
        {"name": "codex", "title": "Codex CLI", "installed": True, "version": "0.63.0", "path": "/usr/bin/codex",
         "install": "npm install -g @openai/codex", "note": ""},
        {"name": "gemini", "title": "Gemini CLI", "installed": True, "version": "0.18.4", "path": "/usr/bin/gemini",
         "install": "npm install -g @google/gemini-cli", "note": ""},
        {"name": "aider", "title": "Aider", "installed": False, "version": "", "path": "",
         "install": "uv tool install aider-chat", "note": "not on PATH"},
    ],
    "knowledge": {"total": 2, "found": [
        {"discovery": 2, "title": "Prices are stored in cents", "agent": "codex-1", "task": 4,
         "text": "The column price_cents holds an integer; Decimal(price) / 100 is the amount."},
        {"discovery": 1, "title": "pytest needs --import-mode=importlib here", "agent": "person", "task": None,
         "text": "Two test modules have the same name."},
    ]},
    "contention": [
        {"path": "src/", "depth": 0, "waits": 9, "seconds": 41.0},
        {"path": "src/shop/", "depth": 1, "waits": 9, "seconds": 41.0},
        {"path": "src/shop/basket.py", "depth": 2, "waits": 6, "seconds": 33.0},
        {"path": "src/shop/search.py", "depth": 2, "waits": 3, "seconds": 8.0},
    ],
    "conflict": {"files": [{
        "path": "src/shop/basket.py", "reason": "both changed lines 14 to 16", "diff": DIFF,
        "base": "def total(self):\n    return sum(line.price for line in self.lines)\n",
        "ours": "def total(self):\n    return round(sum(line.price for line in self.lines), 2)\n",
        "theirs": "def total(self):\n    total = sum(line.price for line in self.lines)\n    return total - self.off\n",
    }]},
}  # fmt: skip

PATHS: Final = ("src/", "src/shop/basket.py", "src/shop/rates.py", "tests/test_basket.py")


class WorkingSource(SyntheticSource):
    """A mesh that waits for the person: two questions, a rule, three things to decide."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.done: list[Request | Launch] = []
        self.looked: list[Look] = []
        self.found = dict(FOUND)
        self._answered: set[int] = set()
        self._rules: list[RuleRow] = []

    def view(self) -> View:
        """The play at this moment, and what waits for the person."""
        shown = super().view()
        questions = tuple(row for row in _questions(shown.now) if row.question not in self._answered)
        header = msgspec.structs.replace(
            shown.header, questions=len(questions), conflicts=3, tokens=184_300, dollars=1.37, budget_dollars=5.0,
            discoveries=2,
        )  # fmt: skip
        return msgspec.structs.replace(
            shown, header=header, questions=questions, rules=tuple(self._rules), conflicts=_conflicts(shown.now),
            agents=tuple(msgspec.structs.replace(row, **_extra(row.agent, shown.now)) for row in shown.agents),
            tasks=tuple(
                msgspec.structs.replace(row, tokens=9_000 * row.task, dollars=0.08 * row.task) if row.agent else row
                for row in shown.tasks
            ),
        )  # fmt: skip

    def look(self, look: Look, told: Callable[[object], None], /) -> None:
        """Canned answers; paths and events by what was asked."""
        self.looked.append(look)
        if look.what == "paths":
            told([path for path in PATHS if look.words in path])
        elif look.what == "events":
            told([msgspec.to_builtins(row) for row in self.view().events if look.words in row.text][::-1])
        else:
            told(self.found.get(look.what, LookupError(f"there is no {look.what}")))

    def do(self, request: Request | Launch, told: Callable[[object], None], /) -> None:
        """Keep it, and play its effect."""
        self.done.append(request)
        match request:
            case AnswerQuestion(question=question):
                self._answered.add(question)
            case SetAnswerRule(pattern=pattern, answer=answer):
                self._rules.append(RuleRow(rule=len(self._rules) + 1, pattern=pattern, answer=answer))
                self._answered.add(1)
        told("posted task 11" if isinstance(request, PostTask) else "done")


def _questions(now: float) -> tuple[QuestionRow, ...]:
    return (
        QuestionRow(
            question=1, agent="claude-1", kind=QuestionKind.PERMISSION, task=2, options=("yes", "no"), default="no",
            text="May I run: pip install python-dateutil", asked=now - now % 10 - 40, until=now - now % 10 + 260,
        ),
        QuestionRow(
            question=2, agent="codex-1", task=4, default="keep them as they are", long=True,
            text="The prices of 2019 have three decimals. Shall I round them, or keep them as they are?",
            asked=now - now % 10 - 15, until=now - now % 10 + 3400,
        ),
    )  # fmt: skip


def _conflicts(now: float) -> tuple[ConflictRow, ...]:
    return (
        ConflictRow(conflict="change 7", sort="review", title="Add a discount rule to the basket", agent="claude-1",
                    task=2, change=7, since=now - now % 10 - 20, files=("src/shop/basket.py",),
                    message="Totals are Decimal now; the rule is asked once."),
        ConflictRow(conflict="change 6", sort="returned", title="Move prices from floats to Decimal", agent="codex-1",
                    task=4, change=6, since=now - now % 10 - 90, files=("src/shop/basket.py", "src/shop/rates.py"),
                    message="CONFLICT in src/shop/basket.py"),
        ConflictRow(conflict="write 1", sort="write", agent="ollama-1", task=7,
                    since=now - now % 10 - 300, files=("docs/api.md",), message="found by the sweep after its turn"),
    )  # fmt: skip


def _extra(agent: str, now: float) -> dict[str, Any]:
    """What one of the agents has beside the others."""
    extras: dict[str, dict[str, Any]] = {
        "claude-1": {"tokens": 120_000, "dollars": 1.21, "probes": ("edit: not tried, it has a workspace of its own",)},
        "codex-1": {"tokens": 64_300, "dollars": 0.16},
        "gemini-1": {"state": AgentState.PARKED, "parked": "rate limit: 60 requests a minute",
                     "retry_at": now - now % 10 + 50, "task": None, "title": "",
                     "probes": ("edit: refused", "write: refused", "shell: refused")},
    }  # fmt: skip
    return extras.get(agent, {})


__all__ = ["DIFF", "FOUND", "Badge", "TaskState", "WorkingSource"]
