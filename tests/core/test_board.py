"""The board: what an agent is told of the others when it asks, and how much at most."""

from __future__ import annotations

from devmesh.core import board
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.codec import encode
from devmesh.vocabulary.terms import LockMode, Role, TaskState
from tests.core.rig import Rig, only


def look(rig: Rig, who: str) -> facts.BoardShown:
    """What that one is told."""
    assert rig.say(who, requests.Look()) == []  # nothing is put on record
    return only(rig.told[rig.connections[who]], facts.BoardShown)


def test_the_board_shows_who_does_what_and_who_holds_what() -> None:
    """To any agent, of every other."""
    rig = Rig()
    rig.join("a", "b")
    token = rig.lock("a-1", "x.py", mode=LockMode.WRITE)[0]
    rig.say("b-1", requests.RequestLock(targets=("x.py",), mode=LockMode.WRITE))
    number = rig.post(title="mend it", files=("x.py",))
    seen = look(rig, "b-1")
    assert [one.agent for one in seen.agents] == ["a-1", "b-1"]
    assert seen.architect == "a-1"
    assert [(lock.agent, lock.target, lock.token) for lock in seen.locks] == [("a-1", "x.py", token)]
    assert 0 < seen.locks[0].left <= rig.limits.lease
    assert [(one.agent, one.targets) for one in seen.waiting] == [("b-1", ("x.py",))]
    assert [(task.task, task.title, task.files) for task in seen.tasks] == [(number, "mend it", ("x.py",))]


def test_what_is_left_of_a_lock_shrinks_with_time() -> None:
    """It is counted from the moment of the question, not from the last fact."""
    rig = Rig()
    rig.join("a", "b")
    rig.lock("a-1", "x.py")
    before = look(rig, "b-1").locks[0].left
    rig.now += 5
    assert look(rig, "b-1").locks[0].left == before - 5


def test_ended_tasks_come_last_and_are_few() -> None:
    """The latest first; what is open is always before them."""
    rig = Rig()
    rig.person()
    for _ in range(board.ENDED + 5):
        rig.say("person", requests.CancelTask(task=rig.post()))
    open_ = rig.post()
    tasks = look(rig, "person").tasks
    assert tasks[0].task == open_
    assert [task.task for task in tasks[1:]] == list(range(open_ - 1, open_ - 1 - board.ENDED, -1))
    assert {task.state for task in tasks[1:]} == {TaskState.CANCELLED}


def test_a_large_mesh_has_a_small_board() -> None:
    """Of everything so much at most, and the rest is counted."""
    rig = Rig()
    rig.join("a")
    rig.person()
    for number in range(board.OPEN + 7):
        rig.post(prompt="x", title="t" * 400, files=tuple(f"{number}/{file}.py" for file in range(100)))
    rig.lock("a-1", *(f"f{number}" for number in range(board.LOCKS + 3)))
    seen = look(rig, "a-1")
    assert seen.left_out == 10
    assert (len(seen.tasks), len(seen.locks)) == (board.OPEN, board.LOCKS)
    assert len(encode(seen)) < 512 * 1024


def test_only_open_questions_that_agents_may_answer_are_shown() -> None:
    """The others are between their agent and the person."""
    rig = Rig()
    rig.join("a", "b")
    rig.say("a-1", requests.Ask(text="for the person alone"))
    rig.say("a-1", requests.Ask(text="where is the schema?", agents_may_answer=True))
    assert [asked.text for asked in look(rig, "b-1").questions] == ["where is the schema?"]
    rig.say("b-1", requests.AnswerQuestion(question=2, answer="in sql/"))
    assert look(rig, "b-1").questions == ()


def test_whoever_is_connected_may_look() -> None:
    """Also before it joins, and if it only watches."""
    rig = Rig()
    rig.connect("new")
    rig.connect("watcher", Role.OBSERVER)
    assert look(rig, "new").agents == look(rig, "watcher").agents == ()


def test_one_that_does_not_work_is_asked_for_nothing() -> None:
    """No bidding, no review, no plan: it holds locks and looks. The next agent is the architect."""
    rig = Rig()
    rig.join("mcp", works=False)
    assert not [fact for fact in rig.kept if isinstance(fact.fact, facts.ArchitectNamed)]
    rig.join("a")
    assert rig.state.architect == "a-1"
    rig.post()
    assert [fact.fact.agents for fact in rig.kept if isinstance(fact.fact, facts.BiddingOpened)] == [("a-1",)]
    assert rig.lock("mcp-1", "x.py", mode=LockMode.WRITE)
