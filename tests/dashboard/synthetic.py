"""A source that plays a small mesh at work from a clock: real rows, no coordinator. The same second shows the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from devmesh.vocabulary.record import Request
from devmesh.vocabulary.requests import (
    CancelTask,
    DismissAgent,
    ForceRelease,
    PauseAgent,
    PauseTask,
    ResumeAgent,
    ResumeTask,
    RetryTask,
)
from devmesh.vocabulary.terms import AgentState, Badge, LockMode, TaskState
from devmesh_widgets.rows import (
    AgentRow,
    EventRow,
    HardwareRow,
    HeaderRow,
    Health,
    LockRow,
    SampleRow,
    TaskRow,
    View,
    WaitRow,
)

TURN: Final = 6.0
"Seconds an agent takes for one task."
START: Final = 1_795_000_000.0
"Wall clock at mesh time 0."

AGENTS: Final = (
    ("claude-1", "claude", "opus-4.8", Badge.ISOLATED, 4.0, 0.0),
    ("codex-1", "codex", "gpt-5.2-codex", Badge.ISOLATED, 2.0, 0.0),
    ("gemini-1", "gemini", "gemini-3-pro", Badge.ENFORCED, 2.0, 0.0),
    ("ollama-1", "ollama", "qwen3-coder:30b", Badge.WATCHED, 6.0, 20.0),
)
TASKS: Final = (
    ("Fix the failing parser tests", ("src/shop/parser.py", "tests/test_parser.py"), ()),
    ("Add a discount rule to the basket", ("src/shop/basket.py",), ()),
    ("Write the invoice as PDF", ("src/shop/invoice.py",), (2,)),
    ("Move prices from floats to Decimal", ("src/shop/",), ()),
    ("Translate the error messages", ("src/shop/messages/",), (4,)),
    ("Replace the deprecated date calls", ("src/shop/dates.py",), ()),
    ("Document the public API", ("docs/api.md",), (3, 4)),
    ("Cache the exchange rates", ("src/shop/rates.py",), ()),
    ("Type the storage layer", ("src/shop/storage/",), (6,)),
    ("Speed up the search index", ("src/shop/search.py",), ()),
)


class SyntheticSource:
    """Four agents at ten tasks, for ever; obeys the buttons."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, project: str = "shop", gpu: bool = True) -> None:
        self._clock = clock
        self._began = clock()
        self._gpu = gpu
        self._guard = threading.Lock()
        self._paused: set[str | int] = set()
        self._over: set[str | int] = set()
        self.project = project
        self.asked: list[Request] = []
        self.health = Health.LIVE
        self.health_since = 0.0

    # ---- the contract ----

    def ask(self, request: Request, refused: Callable[[str], None], /) -> None:
        """Do it at once."""
        with self._guard:
            self.asked.append(request)
            match request:
                case PauseAgent(agent=agent):
                    self._paused.add(agent)
                case ResumeAgent(agent=agent):
                    self._paused.discard(agent)
                case DismissAgent(agent=agent):
                    self._over.add(agent)
                case PauseTask(task=task):
                    self._paused.add(task)
                case ResumeTask(task=task):
                    self._paused.discard(task)
                case CancelTask(task=task):
                    self._over.add(task)
                case RetryTask(task=task):
                    self._over.discard(task)
                case ForceRelease(token=token):
                    self._over.add(f"lock {token}")
                case _:
                    refused(f"{type(request).__name__} is not played here")

    def lose(self, health: Health = Health.LOST) -> None:
        """Let the coordinator be lost, stopped, or back."""
        self.health, self.health_since = health, self._now()

    def view(self) -> View:
        """The play at this moment."""
        now = self._now()
        agents, tasks = self._agents(now), self._tasks(now)
        locks, waits = self._locks(now, tasks)
        states = [task.state for task in tasks]
        running = {TaskState.WORKING, TaskState.REVIEW, TaskState.CLAIMED}
        return View(
            now=now,
            header=HeaderRow(
                project=self.project,
                url="127.0.0.1:7700",
                health=self.health,
                since=self.health_since,
                agents=len(agents),
                working=sum(agent.state == AgentState.WORKING for agent in agents),
                queued=states.count(TaskState.QUEUED),
                running=sum(state in running for state in states),
                completed=states.count(TaskState.COMPLETED),
                failed=states.count(TaskState.FAILED),
                locks=len(locks),
                waiting=len(waits),
            ),
            agents=agents,
            tasks=tasks,
            locks=locks,
            waits=waits,
            hardware=self._hardware(now, agents),
            samples=tuple(self._sample(float(second)) for second in range(max(0, int(now) - 120), int(now) + 1)),
            events=self._events(now),
        )

    # ---- the play ----

    def _now(self) -> float:
        return self._clock() - self._began + 3 * TURN + 1.0

    def _turn(self, agent: int, now: float) -> tuple[int, float]:
        """Which task an agent is at, and since when. Each is a little later than the one before it."""
        shifted = max(0.0, now - 1.1 * agent)
        turn = int(shifted // TURN)
        return (turn * len(AGENTS) + agent) % len(TASKS) + 1, turn * TURN + 1.1 * agent

    def _agents(self, now: float) -> tuple[AgentRow, ...]:
        return tuple(self._agent(index, now) for index, row in enumerate(AGENTS) if row[0] not in self._over)

    def _agent(self, index: int, now: float) -> AgentRow:
        name, tool, model, badge, ram, vram = AGENTS[index]
        task, _ = self._turn(index, now)
        idle = task in self._over or task in self._paused
        state = AgentState.PAUSED if name in self._paused else AgentState.IDLE if idle else AgentState.WORKING
        return AgentRow(
            agent=name, tool=tool, model=model, architect=index == 0, badge=badge, state=state,
            task=None if idle else task, title="" if idle else TASKS[task - 1][0], locks=0 if idle else 1,
            ram_gb=self._used(index, now), vram_gb=0.8 * vram if self._gpu else 0.0,
            declared_ram_gb=ram, declared_vram_gb=vram, heard=now - now % 5.0,
        )  # fmt: skip

    def _used(self, index: int, now: float) -> float:
        declared = AGENTS[index][4]
        return round(declared * (0.35 + 0.06 * ((int(now) * (index + 3)) % 10)), 2)

    def _tasks(self, now: float) -> tuple[TaskRow, ...]:
        at = {self._turn(index, now)[0]: index for index in range(len(AGENTS))}
        return tuple(self._task(number, at, now) for number in range(1, len(TASKS) + 1))

    def _task(self, number: int, at: dict[int, int], now: float) -> TaskRow:
        title, files, waits_for = TASKS[number - 1]
        agent, since, state = "", 0.0, TaskState.QUEUED
        if number in at:
            agent, since = AGENTS[at[number]][0], self._turn(at[number], now)[1]
            state = TaskState.REVIEW if now - since > 0.8 * TURN else TaskState.WORKING
        elif (number + int(now // TURN)) % 3 == 0:
            agent, since, state = AGENTS[number % 4][0], now - now % TURN, TaskState.COMPLETED
        elif number == 8:
            agent, since, state = AGENTS[1][0], 0.0, TaskState.FAILED
        if number in self._paused:
            state = TaskState.PAUSED
        if number in self._over:
            state = TaskState.CANCELLED
        waiting = waits_for if state is TaskState.QUEUED else ()
        return TaskRow(
            task=number, title=title, state=state, priority=1 + number % 4, agent=agent, attempt=1 if agent else 0,
            posted=0.0, since=since, waits_for=waiting, files=files,
        )  # fmt: skip

    def _locks(self, now: float, tasks: tuple[TaskRow, ...]) -> tuple[tuple[LockRow, ...], tuple[WaitRow, ...]]:
        modes = (LockMode.WRITE, LockMode.CO_WRITE, LockMode.READ, LockMode.INTENT)
        held = []
        for task in tasks:
            if task.state in {TaskState.WORKING, TaskState.REVIEW}:
                token = int(task.since / TURN) * 10 + task.task
                for offset, target in enumerate(task.files):
                    mode = modes[(task.task + offset) % 4]
                    held.append(LockRow(token=token + 100 * offset, target=target, mode=mode, agent=task.agent,
                                        since=task.since, until=now - now % 5 + 30.0, task=task.task))  # fmt: skip
        held = [lock for lock in held if f"lock {lock.token}" not in self._over]
        waits: tuple[WaitRow, ...] = ()
        if int(now // TURN) % 4 != 3 and held:
            waits = (WaitRow(ticket=int(now // TURN), targets=("src/shop/", "src/shop/search.py"), mode=LockMode.WRITE,
                             agent="gemini-1", behind=(held[0].agent,), since=now - now % TURN),)  # fmt: skip
        return tuple(held), waits

    def _hardware(self, now: float, agents: tuple[AgentRow, ...]) -> HardwareRow:
        return HardwareRow(
            gpu="NVIDIA RTX 4090" if self._gpu else "",
            ram_total_gb=32.0, ram_other_gb=6.2,
            ram_used_gb=round(sum(agent.ram_gb for agent in agents), 2),
            ram_reserved_gb=sum(agent.declared_ram_gb for agent in agents if agent.state is not AgentState.IDLE),
            vram_total_gb=24.0 if self._gpu else 0.0, vram_other_gb=1.1 if self._gpu else 0.0,
            vram_used_gb=sum(agent.vram_gb for agent in agents), vram_reserved_gb=20.0 if self._gpu else 0.0,
        )  # fmt: skip

    def _sample(self, at: float) -> SampleRow:
        used = round(sum(self._used(index, at) for index in range(len(AGENTS))), 2)
        vram = 16.0 if self._gpu and at > 8 else 0.0
        return SampleRow(at=at, ram_used_gb=used, ram_reserved_gb=14.0 if at > 4 else 8.0, vram_used_gb=vram,
                         vram_reserved_gb=20.0 if vram else 0.0)  # fmt: skip

    def _events(self, now: float) -> tuple[EventRow, ...]:
        kinds = (
            ("task_awarded", "won the bidding with fitness 0.82"),
            ("lock_granted", "write on src/shop/basket.py"),
            ("task_started", "workspace ready, the tool runs"),
            ("lock_queued", "waits for src/shop/ behind codex-1"),
            ("change_offered", "3 files, 48 lines"),
            ("check_ended", "pytest -q passed in 4 s"),
            ("change_applied", "3 files landed, 1 merged"),
            ("task_completed", "first attempt"),
            ("request_refused", "LOCK_HELD: src/shop/ is held by claude-1"),
        )
        last = int(now / 0.7)
        return tuple(
            EventRow(sequence=number, at=START + number * 0.7, kind=kinds[number % len(kinds)][0],
                     agent=AGENTS[number % 4][0], task=number % 10 + 1, text=kinds[number % len(kinds)][1])
            for number in range(max(1, last - 199), last + 1)
        )  # fmt: skip
