"""What a person can ask of a mesh, as coroutines on the session's loop. One method, one request, one value.

It names things and translates; whether something may be done is the core's to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal, TypedDict, TypeVar

from devmesh.bridge.asking import Reply
from devmesh.errors import Code, Malformed, MeshLost, Refused
from devmesh.mesh.launching import Launcher
from devmesh.mesh.task import Task
from devmesh.mesh.waiting import Done, Several, awaited
from devmesh.vocabulary.facts import AnswerRuleSet, DiscoveriesFound, Discovery, DiscoveryShared, TaskPosted
from devmesh.vocabulary.requests import (
    AnswerQuestion,
    AnyRequest,
    CancelTask,
    DismissAgent,
    DropAnswerRule,
    ForceRelease,
    PauseAgent,
    PauseTask,
    PostTask,
    ReprioritiseTask,
    ResumeAgent,
    ResumeTask,
    RetryTask,
    Review,
    SearchKnowledge,
    SetAnswerRule,
    SetBudget,
    SetGoal,
    ShareDiscovery,
)
from devmesh.vocabulary.terms import Budget, QuestionKind, Resources, Verdict

if TYPE_CHECKING:
    from devmesh.core.state import MeshState
    from devmesh.mesh.door import Door
    from devmesh.mesh.record import Past

Which = Task | int | str
"A task, its number, or an agent's name."

F = TypeVar("F")


class Wishes(TypedDict, total=False):
    """What may be said of a task beside its prompt; `Mesh.post` explains each."""

    title: str
    priority: int
    files: str | Iterable[str]
    depends_on: Which | Iterable[Which]
    review: bool
    check: str
    agents: str | Iterable[str]
    capabilities: str | Iterable[str]
    time_limit: float | None
    needs: Resources | None
    budget_usd: float | None
    budget_tokens: int | None
    to: int | str


class Operations:
    """Everything `Mesh` can do, to be awaited. Each raises Refused when the mesh says no."""

    def __init__(self, door: Door, record: Past, launcher: Launcher) -> None:
        self.door = door
        self.record = record
        self.launcher = launcher

    # ---- agents ----

    async def launch(
        self,
        *tools: str,
        count: int = 1,
        options: Sequence[str] = (),
        wait: bool = True,
        workspace: Literal["own", "shared"] | None = None,
    ) -> Several[str]:
        """Start `count` bridges of each tool; with `wait`, until they have joined. The agents' names, where known.

        Raises ToolNotFound before anything is started; MeshError with a bridge's last words when one ends instead.
        """
        launch = self.launcher.launch
        return Several(await launch(self.door, tools, count, tuple(options), wait=wait, workspace=workspace))

    def present(self) -> list[str]:
        """The names of the agents in the mesh now."""
        return self.door.replica.read(lambda state: [agent.name for agent in state.present])

    async def dismiss(self, agent: str, reason: str = "") -> Done:
        """Tell an agent to stop its tool and leave."""
        await self.door.ask(DismissAgent(agent=str(agent), reason=reason))
        return Done(f"dismissed {agent}")

    # ---- tasks ----

    async def post(  # noqa: PLR0913 - each is an honest field of a task
        self,
        prompt: str,
        *,
        title: str = "",
        priority: int = 3,
        files: str | Iterable[str] = (),
        depends_on: Which | Iterable[Which] = (),
        review: bool = False,
        check: str = "",
        agents: str | Iterable[str] = (),
        capabilities: str | Iterable[str] = (),
        time_limit: float | None = None,
        needs: Resources | None = None,
        budget_usd: float | None = None,
        budget_tokens: int | None = None,
        to: int | str = 1,
    ) -> Task:
        """Ask for work. Every eligible agent may bid; the coordinator awards."""
        request = PostTask(
            prompt=prompt,
            title=title,
            priority=priority,
            files=_several(files),
            depends_on=tuple(task_number(one) for one in _each(depends_on)),
            review=review,
            check=check,
            agents=_several(agents),
            capabilities=_several(capabilities),
            time_limit=time_limit,
            needs=needs,
            budget=Budget(dollars=budget_usd, tokens=budget_tokens),
            copies=self._copies(to),
        )
        posted = _the(TaskPosted, await self.door.ask(request))
        await self._heard(posted.task)
        return Task(posted.task, self)

    async def pause(self, which: Which) -> Done:
        """Stop a task's tool where it is, or an agent altogether."""
        return await self._either(which, "paused", PauseTask, PauseAgent)

    async def resume(self, which: Which) -> Done:
        """Let a paused task or agent go on."""
        return await self._either(which, "resumed", ResumeTask, ResumeAgent)

    async def cancel(self, task: Which, reason: str = "") -> Done:
        """End a task; its tool is stopped."""
        await self.door.ask(CancelTask(task=task_number(task), reason=reason))
        return Done(f"cancelled task {task_number(task)}")

    async def retry(self, task: Which) -> Done:
        """Queue a failed or cancelled task again, its attempts counted from zero."""
        await self.door.ask(RetryTask(task=task_number(task)))
        return Done(f"queued task {task_number(task)} again")

    async def reprioritise(self, task: Which, priority: int) -> Done:
        """Give a task another priority, 1 (most urgent) to 5."""
        await self.door.ask(ReprioritiseTask(task=task_number(task), priority=priority))
        return Done(f"task {task_number(task)} has priority {priority}")

    # ---- review ----

    async def approve(self, change: Task | int, remarks: str = "") -> Done:
        """Let a change in review land: the person counts as its reviewer. A task means its latest change."""
        return await self._judge(change, Verdict.APPROVE, remarks)

    async def send_back(self, change: Task | int, remarks: str) -> Done:
        """Give a change back to its agent, with remarks."""
        return await self._judge(change, Verdict.CHANGES_WANTED, remarks)

    async def _judge(self, change: Task | int, verdict: Verdict, remarks: str) -> Done:
        number = self.door.replica.read(lambda state: _change_of(state, change))
        await self.door.ask(Review(change=number, verdict=verdict, remarks=remarks))
        return Done(f"change {number}: {verdict.replace('_', ' ')}")

    # ---- the whole ----

    async def goal(self, text: str) -> Done:
        """Ask the architect for a framework towards a goal: an overview and a task graph."""
        await self.door.ask(SetGoal(text=text))
        return Done("asked the architect for a framework")

    async def share(self, title: str, text: str, *, task: Which | None = None) -> int:
        """Leave a discovery for the agents and for later. Its number."""
        number = None if task is None else task_number(task)
        answer = await self.door.ask(ShareDiscovery(title=title, text=text, task=number))
        return _the(DiscoveryShared, answer).discovery

    async def search(self, query: str, limit: int = 10) -> Several[Discovery]:
        """Full-text search over what was shared, best first."""
        return Several(_the(DiscoveriesFound, await self.door.ask(SearchKnowledge(query=query, limit=limit))).found)

    async def force_release(self, token: int, reason: str) -> Done:
        """Take a lock from its holder. The reason goes on record."""
        await self.door.ask(ForceRelease(token=token, reason=reason))
        return Done(f"released lock {token}")

    # ---- inbox and money ----

    async def answer(self, question: int, answer: str) -> Done:
        """Answer a question of the inbox, once."""
        await self.door.ask(AnswerQuestion(question=question, answer=answer))
        return Done(f"answered question {question}")

    async def answer_rule(self, pattern: str, answer: str, kind: QuestionKind | str | None = None) -> int:
        """Answer by rule whatever matches the glob. The rule's number."""
        of = None if kind is None else QuestionKind(kind)
        reply = await self.door.ask(SetAnswerRule(pattern=pattern, answer=answer, question_kind=of))
        return _the(AnswerRuleSet, reply).rule

    async def drop_rule(self, rule: int) -> Done:
        """Answer by that rule no more."""
        await self.door.ask(DropAnswerRule(rule=rule))
        return Done(f"dropped rule {rule}")

    async def budget(self, *, usd: float | None = None, tokens: int | None = None, task: Which | None = None) -> Done:
        """Limit what the mesh may spend from now on, or one task; None of a kind: no limit."""
        number = None if task is None else task_number(task)
        await self.door.ask(SetBudget(budget=Budget(dollars=usd, tokens=tokens), task=number))
        return Done(f"{'the mesh' if number is None else f'task {number}'} may spend {_limits(usd, tokens)}")

    # ---- the rest ----

    async def _either(
        self, which: Which, done: str, task: type[PauseTask | ResumeTask], agent: type[PauseAgent | ResumeAgent]
    ) -> Done:
        """The same request for a task or, by its name, an agent."""
        if isinstance(which, str) and not which.lstrip("#").isdigit():
            await self.door.ask(agent(agent=which))
            return Done(f"{done} {which}")
        await self.door.ask(task(task=task_number(which)))
        return Done(f"{done} task {task_number(which)}")

    def _copies(self, to: int | str) -> int:
        """How many agents are meant. Raises Malformed for anything but a number from 1 on, or "all"."""
        if to == "all":
            return max(1, len(self.present()))
        if isinstance(to, str) and to.isdigit():
            to = int(to)
        if not isinstance(to, int) or to < 1:
            raise Malformed(f"to: {to!r} is neither a number of agents nor 'all'", field="to")
        return to

    async def _heard(self, task: int) -> None:
        """Until the replica knows the task, so that what is returned can be read at once."""
        await awaited(self.door.replica.when(lambda state: task in state.tasks or None))

    async def send(self, request: AnyRequest) -> None:
        """Any other request of the vocabulary, for those who know it."""
        await self.door.ask(request)


def task_number(which: object) -> int:
    """The number meant by a Task, 3, "3" or "#3". Raises Refused for anything else."""
    if isinstance(which, Task):
        return which.number
    if isinstance(which, int) and not isinstance(which, bool) and which > 0:
        return which
    if isinstance(which, str) and which.lstrip("#").isdigit():
        return int(which.lstrip("#"))
    raise Refused(f"{which!r} is no task", code=Code.UNKNOWN, hint="Name a task by its number, as in 3.")


def _limits(usd: float | None, tokens: int | None) -> str:
    """What may be spent, in words."""
    limits = [] if usd is None else [f"${usd:.2f}"]
    limits += [] if tokens is None else [f"{tokens:,} tokens"]
    return " and ".join(limits) or "anything"


def _several(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _each(value: Which | Iterable[Which]) -> tuple[Which, ...]:
    return (value,) if isinstance(value, Task | int | str) else tuple(value)


def _the(kind: type[F], reply: Reply) -> F:
    """The fact of that kind in an answer."""
    fact = reply.find(kind)
    if fact is None:
        raise MeshLost(f"the mesh answered without {kind.__name__}: is it of another version?")
    return fact


def _change_of(state: MeshState, which: Task | int) -> int:
    if not isinstance(which, Task):
        return int(which)
    change = state.tasks[which.number].change
    if change is None:
        raise Refused(f"task {which.number} has offered no change", code=Code.WRONG_STATE)
    return change
