"""A simulated agent whose tool costs money and asks; paused, it stands down; its service may refuse it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import Blockage, Budget, Outcome, QuestionKind
from tests.simulation.client import Client

if TYPE_CHECKING:
    from tests.simulation.world import World


class Spender(Client):
    """A bridge that uses what the plain one leaves out."""

    def worked(self) -> None:
        """Say what it cost; then go on, or say that the service would not serve."""
        if self.work is None or self.stage != "working":
            return
        task, attempt = self.work.task, self.work.attempt
        dollars = round(self.random.random(), 2)
        self.ask(requests.ReportUsage(task=task, attempt=attempt, input_tokens=100, dollars=dollars))
        if self.random.random() < 0.2:
            kind = self.random.choice(list(QuestionKind))
            wait = self.random.choice([2.0, 50.0, None])
            self.ask(requests.Ask(text=f"May {self.key}?", question_kind=kind, wait=wait, task=task, default="no"))
        if self.random.random() < 0.1:
            self.stage = "failing"
            blockage = self.random.choice(list(Blockage))
            self.ask(requests.Finish(task=task, attempt=attempt, outcome=Outcome.BLOCKED, blockage=blockage))
            return
        super().worked()

    def on_TaskPaused(self, fact: facts.TaskPaused) -> None:  # noqa: N802 - named after the fact
        """Its processes end, now and then, and their memory is free."""
        if self.work is not None and fact.task == self.work.task and self.random.random() < 0.5:
            self.ask(requests.StandDown(task=self.work.task, attempt=self.work.attempt))

    def _answered(self, request: Any, delivery: Any, refused: facts.RequestRefused | None) -> None:
        super()._answered(request, delivery, refused)
        if isinstance(request, requests.Finish) and request.outcome is Outcome.BLOCKED and self.stage == "failing":
            self._let_go()


def wish(world: World, random: Random) -> Any:
    """What a person wants of agents that cost money and ask."""
    state = world.state
    open_ = [question.number for question in state.questions.values() if question.answer is None]
    tasks = list(state.tasks) or [1]
    return random.choice(
        [
            requests.SetBudget(budget=Budget(dollars=state.spent.dollars + 5 * random.random())),
            requests.SetBudget(budget=Budget(dollars=2 * random.random()), task=random.choice(tasks)),
            requests.SetBudget(budget=Budget()),
            requests.AnswerQuestion(question=random.choice(open_ or [1]), answer="yes"),
            requests.SetAnswerRule(pattern="*client-1*", answer="yes"),
            requests.DropAnswerRule(rule=random.choice(list(state.answer_rules) or [1])),
            requests.PostTask(prompt="do", copies=random.randint(1, len(world.clients))),
            requests.ResumeAgent(agent=random.choice(list(state.agents) or ["sim-1"])),
        ]
    )
