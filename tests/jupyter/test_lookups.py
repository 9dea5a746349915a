"""What a panel looks up, and what comes of its forms: from a real mesh, its record and its project."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

import devmesh
from devmesh.jupyter.lookups import LOOKUPS
from devmesh.jupyter.panels import MeshSource
from devmesh.mesh import Mesh
from devmesh.repository import Repository
from devmesh.vocabulary.facts import DiscoveryShared, QuestionAsked, WriteFound
from devmesh.vocabulary.requests import (
    AnswerQuestion,
    Ask,
    Decline,
    PostTask,
    Report,
    ReportUsage,
    ReportWrite,
    SetBudget,
    ShareDiscovery,
)
from devmesh.vocabulary.terms import Budget, Stream
from devmesh_widgets import Finder
from devmesh_widgets.deeds import Keep, Launch
from devmesh_widgets.finding import harmless
from devmesh_widgets.messages import Look
from tests.mesh.visitor import Visitor

pytestmark = pytest.mark.slow


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[Mesh]:
    """A mesh without agents, of a project with a few files."""
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    (project / ".hidden").mkdir()
    for name in ("src/basket.py", "src/rates.py", "README.md", ".hidden/basket.py"):
        (project / name).write_text("x = 1\n")
    with devmesh.start(project, ws_port=0, home=tmp_path / "home") as started:
        yield started


class Desk:
    """A source, and what it tells."""

    def __init__(self, mesh: Mesh) -> None:
        self.source = MeshSource(mesh._operations)

    def look(self, what: str, key: str | int = "", words: str = "", before: int = 0) -> Any:
        """What is found, as a browser would get it. Raises what was told instead."""
        told: Future[object] = Future()
        self.source.look(Look(id=1, what=what, key=key, words=words, before=before), told.set_result)
        return self._of(told)

    def do(self, request: Any) -> Any:
        """What came of a form."""
        told: Future[object] = Future()
        self.source.do(request, told.set_result)
        return self._of(told)

    @staticmethod
    def _of(told: Future[object]) -> Any:
        found = told.result(20)
        if isinstance(found, BaseException):
            raise found
        return harmless(found)


@pytest.fixture
def desk(mesh: Mesh) -> Desk:
    """The source of that mesh."""
    return Desk(mesh)


def test_a_mesh_can_be_asked_and_says_why_not(desk: Desk) -> None:
    """There is no such thing to look up, or no such task: one line each."""
    assert isinstance(desk.source, Finder)
    with pytest.raises(LookupError, match="no 'nonsense' to look up"):
        desk.look("nonsense")
    for what in ("task", "diff", "question", "conflict"):
        with pytest.raises(LookupError, match=f"no {what} 99"):
            desk.look(what, 99)
    assert set(LOOKUPS) >= {"task", "output", "diff", "events", "paths", "tools", "knowledge", "conflict"}


def test_a_task_is_opened_with_its_prompt_bids_output_and_facts(mesh: Mesh, desk: Desk) -> None:
    """Everything that was said of it, and only of it; output of one stream where one is named."""
    visitor, shy = Visitor(mesh), Visitor(mesh, "shy")
    mesh.post("Mend it\nproperly", files="README.md", budget_usd=2, check="true")
    shy.say(Decline(task=1, reason="not mine"))
    visitor.begin(1)
    for stream, text in ((Stream.STDOUT, "one\n"), (Stream.STDERR, "two\n")):
        visitor.say(Report(task=1, attempt=1, stream=stream, text=text))
    task = desk.look("task", 1)
    assert (task["prompt"], task["files"], task["budget"]) == ("Mend it\nproperly", ["README.md"], "$2.00")
    assert desk.look("output", 1)["text"] == "one\ntwo\n"
    assert desk.look("output", 1, "stderr")["text"] == "two\n"
    bids = {bid["agent"]: (bid["won"], bid["reason"]) for bid in desk.look("bids", 1)}
    assert bids == {"visitor-1": (True, ""), "shy-1": (False, "not mine")}
    assert desk.look("facts", 1)[-1]["kind"] == "task_posted"
    assert desk.look("diff", 1) == {"text": "", "change": None, "state": "", "judged": False}
    assert desk.look("verdicts", 1) == []
    for one in (visitor, shy):
        one.leave()


def test_events_are_paged_back_filtered_and_searched_in_the_record(mesh: Mesh, desk: Desk) -> None:
    """Newest first; every page goes on where the one before ended."""
    for number in range(5):
        mesh.post(f"task number {number}")
    newest = desk.look("events", "task_*")
    assert [row["text"] for row in newest] == [f"task number {number}" for number in (4, 3, 2, 1, 0)]
    older = desk.look("events", "task_*", before=newest[1]["sequence"])
    assert [row["text"] for row in older] == [f"task number {number}" for number in (2, 1, 0)]
    mesh.post("Find me")
    assert [row["text"] for row in desk.look("events", "", "FIND task_posted")] == ["Find me"]
    mesh.tasks[6].cancel()
    assert desk.look("events", "lock_*") == []
    assert '"prompt": "task number 4"' in desk.look("fact", newest[0]["sequence"])["text"]
    assert [task["prompt"] for task in desk.look("history")][:2] == ["Find me", "task number 4"]


def test_a_question_is_answered_from_its_form_and_its_card_goes(mesh: Mesh, desk: Desk) -> None:
    """The row says until when, the lookup gives the whole text; a refusal is told."""
    visitor = Visitor(mesh)
    text = "May I?\n" + "because " * 100
    number = visitor.ask(QuestionAsked, Ask(text=text, options=("yes", "no"), default="no", wait=60.0)).question
    mesh._door.replica.when(lambda state: state.questions or None).result(5)
    shown = desk.source.view()
    (row,) = shown.questions
    assert (row.agent, row.options, row.default, row.long) == ("visitor-1", ("yes", "no"), "no", True)
    assert row.until is not None
    assert 50 < row.until - shown.now <= 60.0
    assert shown.header.questions == 1
    assert desk.look("question", number)["text"] == text
    with pytest.raises(Exception, match="has these answers"):
        desk.do(AnswerQuestion(question=number, answer="perhaps"))
    assert desk.do(AnswerQuestion(question=number, answer="yes")) == "answered"
    assert desk.source.view().questions == ()
    visitor.leave()


def test_a_write_behind_the_gate_waits_for_the_person_also_after_a_restart_of_the_panels(
    mesh: Mesh, desk: Desk
) -> None:
    """Both versions, and what lies between them."""
    visitor = Visitor(mesh)
    before, after = Repository(mesh.project, mesh.home).write_blobs([b"x = 1\n", b"x = 2\n"])
    visitor.begin(mesh.post("work").number)
    visitor.ask(WriteFound, ReportWrite(path="src/rates.py", task=1, attempt=1, before=before, after=after))
    for source in (desk, Desk(mesh)):
        mesh._door.replica.when(lambda state: state.counted.get("write")).result(5)
        (row,) = source.source.view().conflicts
        assert (row.conflict, row.sort, row.agent, row.files) == ("write 1", "write", "visitor-1", ("src/rates.py",))
        (file,) = source.look("conflict", "write 1")["files"]
        assert (file["ours"], file["theirs"]) == ("x = 1\n", "x = 2\n")
        assert "-x = 1\n+x = 2" in file["diff"]
    assert desk.do(Keep(write=1)) == "kept; it stays on record"
    assert desk.source.view().conflicts == ()
    visitor.leave()


def test_a_write_behind_the_gate_is_over_once_something_landed_on_it(mesh: Mesh, desk: Desk) -> None:
    """Whoever made that change knew of it; so it is for panels that were there and for those that come later."""
    visitor = Visitor(mesh)
    before, after = Repository(mesh.project, mesh.home).write_blobs([b"x = 1\n", b"x = 2\n"])
    visitor.begin(mesh.post("work").number)
    visitor.ask(WriteFound, ReportWrite(path="src/rates.py", task=1, attempt=1, before=before, after=after))
    mesh._door.replica.when(lambda state: state.counted.get("write")).result(5)
    assert desk.source.view().header.conflicts == 1
    mesh.launch("scripted")
    mesh.post("Again.\n```script\nappend src/rates.py\n| y = 3\n```").result(30)
    assert desk.source.view().conflicts == Desk(mesh).source.view().conflicts == ()
    visitor.leave()


def test_forms_say_what_came_of_them(mesh: Mesh, desk: Desk) -> None:
    """Posted tasks by number, a budget, a discovery, and a launch of what is not there."""
    assert desk.do(PostTask(prompt="one")) == "posted task #1"
    assert desk.do(PostTask(prompt="both", copies=2)) == "posted tasks #2 and #3, to be compared"
    assert desk.do(SetBudget(budget=Budget(dollars=5.0))) == "the budget is set"
    header = desk.source.view().header
    assert (header.budget_dollars, header.budget_tokens) == (5.0, None)
    assert desk.do(ShareDiscovery(title="Prices", text="are in cents")) == "shared with everybody"
    found = desk.look("knowledge", words="cents")
    assert [(one["title"], one["agent"]) for one in found["found"]] == [("Prices", "person")] or found["total"] == 1
    assert desk.look("knowledge", words="nothing-like-it")["found"] == []
    with pytest.raises(Exception, match="nosuchtool"):
        desk.do(Launch(tool="nosuchtool"))


def test_paths_are_offered_by_the_letters_in_them(desk: Desk) -> None:
    """What begins so first; nothing hidden, and no content."""
    assert desk.look("paths", words="src/b") == ["src/basket.py"]
    assert desk.look("paths", words="ra") == ["src/rates.py"]
    assert desk.look("paths", words="src")[0] == "src/"
    assert desk.look("paths", words="../") == []


def test_tools_are_looked_for_once_until_told_to_look_again(desk: Desk) -> None:
    """Those here with a version, the others with how to get them."""
    found = {tool["name"]: tool for tool in desk.look("tools")}
    assert found["scripted"]["installed"]
    assert all(tool["installed"] or tool["install"] for tool in found.values())
    assert [tool["name"] for tool in desk.look("tools", words="again")] == list(found)


def test_what_was_spent_is_in_the_rows(mesh: Mesh, desk: Desk) -> None:
    """Of the task, of its agent, and of the mesh."""
    visitor = Visitor(mesh)
    mesh.post("spend")
    visitor.begin(1)
    visitor.say(ReportUsage(task=1, attempt=1, input_tokens=900, output_tokens=100, dollars=0.5))
    mesh._door.replica.when(lambda state: state.spent.dollars or None).result(5)
    shown = desk.source.view()
    assert (shown.header.tokens, shown.header.dollars) == (1000, 0.5)
    assert [(row.tokens, row.dollars) for row in shown.tasks] == [(1000, 0.5)]
    assert [(row.tokens, row.dollars) for row in shown.agents] == [(1000, 0.5)]
    visitor.leave()


def test_contention_is_the_tree_of_what_was_waited_for(mesh: Mesh, desk: Desk) -> None:
    """Each folder with all below it; nobody waited, nothing is shown."""
    from devmesh.vocabulary.facts import LockGranted, LockQueued
    from devmesh.vocabulary.requests import ReleaseLock, RequestLock
    from devmesh.vocabulary.terms import LockMode

    assert desk.look("contention") == []
    first, second = Visitor(mesh), Visitor(mesh)
    lock = first.ask(LockGranted, RequestLock(targets=("src/basket.py",), mode=LockMode.WRITE))
    second.ask(LockQueued, RequestLock(targets=("src/basket.py",), mode=LockMode.WRITE))
    first.say(ReleaseLock(tokens=(lock.token,)))
    mesh._door.replica.when(lambda state: not state.locks.waiting or None).result(5)
    heat = desk.look("contention")
    assert [(one["path"], one["depth"], one["waits"]) for one in heat] == [("src/", 0, 1), ("src/basket.py", 1, 1)]
    for one in (first, second):
        one.leave()


def test_knowledge_lists_what_was_shared_latest_first(mesh: Mesh, desk: Desk) -> None:
    """With who shared it, for which task."""
    visitor = Visitor(mesh)
    for title in ("first", "second"):
        visitor.ask(DiscoveryShared, ShareDiscovery(title=title, text=f"about the {title}"))
    found = desk.look("knowledge")
    assert (found["total"], [one["title"] for one in found["found"]]) == (2, ["second", "first"])
    assert found["found"][0]["agent"] == "visitor-1"
    visitor.leave()
