"""`mesh.agents`, `.tasks`, `.locks`, `.hardware`, `.files`: looked up, iterated, framed, and shown live by a cell.

Each reads the replica when asked and keeps nothing. The record's own nouns are `archives`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

from devmesh.mesh.faces import bundle, table
from devmesh.mesh.task import Task, standing, title_of
from devmesh.mesh.waiting import Done

if TYPE_CHECKING:
    import pandas as pd

    from devmesh.core.state import Agent as AgentEntry, MeshState
    from devmesh.mesh.operations import Operations
    from devmesh.vocabulary.terms import AgentState, LockMode, Resources

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")


class Noun(Generic[K, V]):
    """Things of one kind, by key. As the last line of a cell: their live panel."""

    called: ClassVar[str]
    "What they are, in one word: also the name of the panel."
    columns: ClassVar[tuple[str, ...]]

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    def _read(self, look: Callable[[MeshState], T]) -> T:
        return self._operations.door.replica.read(look)

    # ---- for each kind to say ----

    def _keys(self, state: MeshState) -> list[K]:
        raise NotImplementedError

    def _held(self, key: K) -> V:
        raise NotImplementedError

    def _row(self, state: MeshState, key: K) -> tuple[object, ...]:
        raise NotImplementedError

    # ---- the same for all ----

    def keys(self) -> list[K]:
        """The keys of now, in the order of their history."""
        return self._read(self._keys)

    def __getitem__(self, key: K) -> V:
        """The one of that key. Raises KeyError when there is none."""
        if key not in self.keys():
            raise KeyError(f"there is no {self.called.removesuffix('s')} {key}")
        return self._held(key)

    def __contains__(self, key: object) -> bool:
        return key in self.keys()

    def __iter__(self) -> Iterator[V]:
        return iter([self._held(key) for key in self.keys()])

    def __len__(self) -> int:
        return len(self.keys())

    def df(self) -> pd.DataFrame:
        """All of them in history, as a DataFrame."""
        return self._operations.record.frame(self.called)

    def plot(self) -> Any:
        """A picture of them, as a plotly figure."""
        return self._operations.record.figure(self.called)

    def rows(self) -> list[tuple[object, ...]]:
        """What is known of each, under `columns`."""
        return self._read(lambda state: [self._row(state, key) for key in self._keys(state)])

    def _bundle(self) -> dict[str, str]:
        return table(self.called, self.columns, self.rows())

    def __repr__(self) -> str:
        return self._bundle()["text/plain"]

    def _repr_mimebundle_(self, **_: Any) -> Any:
        return bundle(self.called, self._operations, Picture(self._bundle()))


class Picture(NamedTuple):
    """A picture made already."""

    made: dict[str, str]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.made


class Agent:
    """One agent of the mesh, as a person holds it."""

    def __init__(self, name: str, operations: Operations) -> None:
        self.name = name
        self._operations = operations

    def _entry(self) -> AgentEntry:
        return self._operations.door.replica.read(lambda state: state.agents[self.name])

    @property
    def state(self) -> AgentState:
        """Where it is in its life."""
        return self._entry().state

    @property
    def tool(self) -> str:
        """The CLI it wraps."""
        return self._entry().joined.tool

    @property
    def task(self) -> Task | None:
        """The work it has."""
        number = self._entry().task
        return None if number is None else Task(number, self._operations)

    @property
    def used(self) -> Resources:
        """Memory of its process tree, as last measured."""
        return self._entry().used

    def pause(self) -> Done:
        """Stop its tool where it is and give it no new work."""
        return self._operations.door.call(self._operations.pause(self.name))

    def resume(self) -> Done:
        """Let it go on."""
        return self._operations.door.call(self._operations.resume(self.name))

    def dismiss(self, reason: str = "") -> Done:
        """Tell it to stop its tool and leave."""
        return self._operations.door.call(self._operations.dismiss(self.name, reason))

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        entry = self._entry()
        doing = f" on task {entry.task}" if entry.task is not None else ""
        return f"Agent {self.name} ({entry.state}{doing})"


class Agents(Noun[str, Agent]):
    """The agents, by name."""

    called = "agents"
    columns = ("agent", "tool", "state", "task", "awards", "used RAM (GB)")

    def _keys(self, state: MeshState) -> list[str]:
        return [agent.name for agent in state.present]

    def _held(self, key: str) -> Agent:
        return Agent(key, self._operations)

    def _row(self, state: MeshState, key: str) -> tuple[object, ...]:
        agent = state.agents[key]
        return (agent.name, agent.joined.tool, agent.state, agent.task, agent.awards, agent.used.ram_gb)


class Tasks(Noun[int, Task]):
    """The tasks, by number."""

    called = "tasks"
    columns = ("task", "title", "state", "agent", "attempt", "priority")

    def _keys(self, state: MeshState) -> list[int]:
        return list(state.tasks)

    def _held(self, key: int) -> Task:
        return Task(key, self._operations)

    def _row(self, state: MeshState, key: int) -> tuple[object, ...]:
        task = state.tasks[key]
        return (task.number, title_of(task), standing(state, task), task.agent, task.attempt, task.priority)

    def bids(self) -> pd.DataFrame:
        """Every bid for every task, and who won, as a DataFrame."""
        return self._operations.record.frame("bids")


class Lock(NamedTuple):
    """A lock as it was when looked up."""

    token: int
    target: str
    mode: LockMode
    agent: str
    task: int | None
    expires_in: float
    "Seconds, unless renewed."


class Locks(Noun[int, Lock]):
    """The locks that are held, by fencing token."""

    called = "locks"
    columns = Lock._fields

    def _keys(self, state: MeshState) -> list[int]:
        return list(state.locks.locks)

    def _held(self, key: int) -> Lock:
        return self._read(lambda state: self._look(state, key))

    def _look(self, state: MeshState, key: int) -> Lock:
        lock = state.locks.locks[key]
        now = self._operations.door.replica.now
        left = round(max(0.0, lock.deadline - now), 1)
        return Lock(lock.token, lock.target, lock.mode, lock.agent, lock.task, left)

    def _row(self, state: MeshState, key: int) -> tuple[object, ...]:
        return self._look(state, key)

    def __iter__(self) -> Iterator[Lock]:
        return iter(self._read(lambda state: [self._look(state, key) for key in state.locks.locks]))


class Reserved(NamedTuple):
    """Memory set aside for one task, until its tool has stopped."""

    task: int
    agent: str
    amount: Resources


class Hardware(Noun[int, Reserved]):
    """The memory ledger: what is set aside, by task; `total`, `used` and `free` of the machine."""

    called = "hardware"
    columns = ("task", "agent", "RAM (GB)", "GPU memory (GB)")

    def _keys(self, state: MeshState) -> list[int]:
        return list(state.reserved)

    def _held(self, key: int) -> Reserved:
        return self._read(lambda state: Reserved(key, state.reserved[key].agent, state.reserved[key].amount))

    def _row(self, state: MeshState, key: int) -> tuple[object, ...]:
        held = state.reserved[key]
        return (key, held.agent, held.amount.ram_gb, held.amount.vram_gb)

    @property
    def total(self) -> Resources:
        """What the ledger may grant. 0 of a kind: none of it is managed."""
        return self._read(lambda state: state.limits.total)

    @property
    def used(self) -> Resources:
        """What the machine uses, as last measured."""
        return self._read(lambda state: state.measured_used)


class FileStanding(NamedTuple):
    """One file: who holds it now and who changed it last."""

    path: str
    held_by: tuple[str, ...]
    changed_by: str | None
    task: int | None
    change: int | None


class Files(Noun[str, FileStanding]):
    """Files of the project that are locked or were changed through the mesh, by path."""

    called = "files"
    columns = FileStanding._fields

    def _standing(self, state: MeshState) -> dict[str, FileStanding]:
        found: dict[str, FileStanding] = {}
        for change in state.changes.values():
            for path in getattr(change.outcome, "files", ()):
                found[path] = FileStanding(path, (), change.offered.agent, change.offered.task, change.number)
        for lock in state.locks.locks.values():
            before = found.get(lock.target) or FileStanding(lock.target, (), None, None, None)
            found[before.path] = before._replace(held_by=(*before.held_by, f"{lock.agent} ({lock.mode})"))
        return dict(sorted(found.items()))

    def _keys(self, state: MeshState) -> list[str]:
        return list(self._standing(state))

    def _held(self, key: str) -> FileStanding:
        return self._read(lambda state: self._standing(state)[key])

    def _row(self, state: MeshState, key: str) -> tuple[object, ...]:
        return self._standing(state)[key]

    def rows(self) -> list[tuple[object, ...]]:
        """All of them, in one look."""
        return list(self._read(self._standing).values())

    def df(self) -> pd.DataFrame:
        """Every file held or changed, as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(list(self._read(self._standing).values()), columns=list(self.columns))

    def changes(self) -> pd.DataFrame:
        """Every change that was offered, and how the write gate dealt with it, as a DataFrame."""
        return self._operations.record.frame("changes")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self._bundle()
