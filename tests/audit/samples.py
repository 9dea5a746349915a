"""Facts to record: any kind with any values it may have, and one plausible history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from devmesh.audit.kinds import KINDS
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.terms import (
    Conflict,
    FileChange,
    FileKind,
    LockMode,
    Resources,
    Role,
    Stream,
    Verdict,
    WrittenBehind,
)

WALL = 1_790_000_000.0
"When the histories here begin, in Unix seconds."

ONE, TWO, THREE = "1" * 40, "2" * 40, "3" * 40


def any_fact() -> st.SearchStrategy[Any]:
    """Any recorded fact, every field within what its type allows."""
    return st.sampled_from(sorted(KINDS)).flatmap(lambda kind: any_of(KINDS[kind]))


def any_of(record: type[Any]) -> st.SearchStrategy[Any]:
    """Any value of one struct type."""
    described = inspect.type_info(record)
    assert isinstance(described, inspect.StructType)
    return st.builds(record, **{field.name: _values(field.type) for field in described.fields})


def _values(kind: inspect.Type) -> st.SearchStrategy[Any]:  # noqa: C901, PLR0911 - one case per kind of type
    match kind:
        case inspect.Metadata():
            return _values(kind.type)
        case inspect.IntType():
            return st.integers(kind.ge if kind.ge is not None else 0, kind.le if kind.le is not None else 2**53 - 1)
        case inspect.FloatType():
            return st.floats(kind.ge, kind.le, allow_nan=False, allow_infinity=False)
        case inspect.StrType(pattern=None):
            letters = st.characters(exclude_categories=["Cs"])
            return st.text(letters, min_size=kind.min_length or 0, max_size=min(kind.max_length or 20, 20))
        case inspect.StrType():
            return st.from_regex(str(kind.pattern), fullmatch=True)
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.EnumType():
            return st.sampled_from(list(kind.cls))
        case inspect.StructType():
            return any_of(kind.cls)
        case inspect.VarTupleType():
            return st.lists(_values(kind.item_type), max_size=3).map(tuple)
        case inspect.UnionType():
            return st.one_of([_values(one) for one in kind.types])
    raise AssertionError(kind)


class History:
    """Facts numbered as a coordinator would, one second of mesh time apart."""

    def __init__(self) -> None:
        self.recorded: list[Recorded] = []
        self.now = 100.0

    def add(self, *said: Any, seconds: float = 1.0) -> list[Recorded]:
        """Number these facts; the clock goes on afterwards."""
        first = len(self.recorded) + 1
        made = [Recorded(sequence=first + i, fact=fact, now=self.now) for i, fact in enumerate(said)]
        self.recorded.extend(made)
        self.now += seconds
        return made


def locking(turns: int, *, epoch: int = 1) -> list[list[Recorded]]:
    """A start, an agent, and so many turns in which it takes a lock and gives it back; discoveries among them."""
    history = History()
    batches = [history.add(facts.CoordinatorStarted(epoch=epoch, project="/project"), *joining())]
    for turn in range(turns):
        token = len(history.recorded) + 1
        path = f"src/module_{turn % 7}.py"
        batch: Sequence[Any] = (
            facts.LockGranted(token=token, agent="claude-1", target=path, mode=LockMode.WRITE, lease=30.0),
            facts.LockReleased(token=token, agent="claude-1", target=path, mode=LockMode.WRITE, held=0.0),
        )
        if turn % 5 == 0:
            found = facts.DiscoveryShared(
                discovery=turn + 1, agent="claude-1", title=f"finding {turn}", text="café au lait"
            )
            batch = (*batch, found)
        batches.append(history.add(*batch))
    return batches


def joining() -> tuple[Any, ...]:
    """Two agents in their sessions."""
    return (
        facts.SessionOpened(session=1, connection=1, role=Role.AGENT, key="a"),
        facts.AgentJoined(
            agent="claude-1", session=1, tool="claude", model="opus", declared=Resources(ram_gb=2.0), pid=7
        ),
        facts.SessionOpened(session=2, connection=2, role=Role.AGENT, key="b"),
        facts.AgentJoined(agent="codex-1", session=2, tool="codex"),
    )


def working() -> History:
    """One task from its posting to its landing, past a conflict, a review and a pause; a second one cancelled."""
    told = History()
    told.add(facts.CoordinatorStarted(epoch=1, project="/project"), *joining())
    told.add(facts.TaskPosted(task=1, prompt="Fix the tests\nplease", priority=2, review=True))
    told.add(
        facts.BidPlaced(task=1, attempt=1, agent="claude-1", confidence=0.9, fitness=0.8, served=0.0),
        facts.BidDeclined(task=1, attempt=1, agent="codex-1", reason="busy"),
    )
    told.add(
        facts.TaskAwarded(task=1, attempt=1, agent="claude-1", prompt="Fix the tests\nplease", fitness=0.8, bids=1),
        facts.HardwareReserved(agent="claude-1", task=1, amount=Resources(ram_gb=2.0), free=Resources(ram_gb=6.0)),
    )
    told.add(
        facts.LockQueued(ticket=12, agent="claude-1", targets=("a.py", "b.py"), mode=LockMode.WRITE, wait=60.0, task=1)
    )
    told.add(*_granted(told, 4.0), seconds=2.0)
    told.add(facts.TaskStarted(task=1, attempt=1, agent="claude-1", workspace="/w"), seconds=10.0)
    told.add(facts.OutputReported(task=1, attempt=1, agent="claude-1", stream=Stream.STDOUT, text="=SUM(A1)\n"))
    told.add(facts.TaskPaused(task=1, agent="claude-1"), seconds=100.0)
    told.add(facts.TaskResumed(task=1, agent="claude-1"), seconds=9.0)
    told.add(*_offered(1), facts.GateEntered(change=1, agent="claude-1", task=1))
    conflict = (Conflict(path="a.py", reason="both changed line 1"),)
    told.add(
        facts.ChangeReturned(
            change=1, task=1, attempt=1, agent="claude-1", code="CONFLICT", conflicts=conflict, current=THREE
        )
    )
    told.add(*_offered(2), facts.ReviewRequested(change=2, task=1, agent="claude-1", review=2))
    told.add(
        facts.ReviewGiven(change=2, task=1, agent="claude-1", reviewer="codex-1", verdict=Verdict.APPROVE),
        facts.GateEntered(change=2, agent="claude-1", task=1),
        facts.CheckStarted(change=2, task=1, command="pytest -q"),
    )
    told.add(
        facts.CheckEnded(change=2, task=1, command="pytest -q", passed=True, exit_code=0, seconds=1.5),
        facts.ChangeApplying(change=2, task=1, agent="claude-1"),
        facts.ChangeApplied(
            change=2, task=1, agent="claude-1", files=("a.py", "b.py"), merged=("a.py",), kind_of_landing="merged"
        ),
    )
    told.add(*_released(told), facts.TaskCompleted(task=1, attempt=1, agent="claude-1", summary="all green", change=2))
    told.add(facts.HardwareReleased(agent="claude-1", task=1, amount=Resources(ram_gb=2.0), free=Resources(ram_gb=8.0)))
    told.add(facts.HardwareSampled(total=Resources(ram_gb=16.0), used=Resources(ram_gb=5.0), agents=_usage()))
    told.add(
        facts.HardwareExceeded(
            agent="claude-1", declared=Resources(ram_gb=2.0), used=Resources(ram_gb=3.0), action="warned"
        )
    )
    told.add(facts.TaskPosted(task=3, prompt="Never mind", title="Never"))
    told.add(facts.TaskCancelled(task=3, reason="changed my mind"))
    told.add(facts.RequestRefused(code="LOCK_HELD", message="held", request="request_lock", agent="codex-1"))
    told.add(facts.AgentLeft(agent="codex-1", reason="done"))
    told.add(
        facts.UsageReported(task=1, attempt=1, agent="claude-1", input_tokens=900, output_tokens=100, dollars=0.25)
    )
    told.add(facts.UsageReported(task=1, attempt=1, agent="claude-1", input_tokens=50, output_tokens=5, model="opus"))
    told.add(facts.QuestionAsked(question=1, agent="claude-1", text="Which port?", default="80", task=1), seconds=5.0)
    told.add(facts.QuestionAnswered(question=1, agent="claude-1", answer="8080", answered_by="person"))
    found = facts.WriteFound(
        write=1, path="a.py", found_by=WrittenBehind.SWEEP, agent="claude-1", before=ONE, holders=("codex-1",)
    )
    told.add(found)
    return told


def _usage() -> tuple[facts.Usage, ...]:
    return (facts.Usage(agent="claude-1", used=Resources(ram_gb=3.0)),)


def _granted(told: History, waited: float) -> list[facts.LockGranted]:
    first = len(told.recorded) + 1
    return [
        facts.LockGranted(
            token=first + i,
            agent="claude-1",
            target=path,
            mode=LockMode.WRITE,
            lease=30.0,
            task=1,
            ticket=12,
            waited=waited,
        )
        for i, path in enumerate(("a.py", "b.py"))
    ]


def _released(told: History) -> list[facts.LockReleased]:
    return [
        facts.LockReleased(
            token=one.fact.token,
            agent=one.fact.agent,
            target=one.fact.target,
            mode=one.fact.mode,
            held=told.now - one.now,
        )
        for one in told.recorded
        if isinstance(one.fact, facts.LockGranted)
    ]


def _offered(change: int) -> tuple[facts.ChangeOffered]:
    files = tuple(FileChange(path=path, kind=FileKind.MODIFIED, before=ONE, after=TWO) for path in ("a.py", "b.py"))
    return (
        facts.ChangeOffered(
            change=change, task=1, attempt=1, agent="claude-1", base=ONE, head=TWO, files=files, tokens=(14,)
        ),
    )


def encoded(value: Any) -> bytes:
    """Two facts are the same when their JSON is."""
    return msgspec.json.encode(value)
