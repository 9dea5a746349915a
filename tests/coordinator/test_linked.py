"""The links of a project as the gate sees them: none leads out with a change, and none hides what is obeyed."""

from __future__ import annotations

from pathlib import Path

import pytest

from devmesh.coordinator.linked import Linked
from devmesh.coordinator.tree import WriteGate
from devmesh.core.events import Applied
from devmesh.errors import RepositoryError
from devmesh.repository import Repository
from devmesh.settings import Settings
from devmesh.vocabulary.facts import BiddingOpened, ChangeApplied, ReviewRequested, TaskAwarded
from devmesh.vocabulary.requests import Bid, PostTask, Review, Start
from devmesh.vocabulary.terms import LockMode, Verdict
from tests.coordinator.changing import Edit, land, make, write
from tests.coordinator.rig import looped, running


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../../outside", "../../src/app.py", "../.git/hooks", "lib/.GIT/config", "x/../../../y"]
)
def test_a_link_that_leads_out_of_the_project_does_not_land(gate: WriteGate, project: Path, target: str) -> None:
    """Whoever read or wrote through it would leave the project without knowing."""
    made = make(gate.repository, lambda place: (place / "src" / "link").symlink_to(target))
    (conflict,) = gate.prepare(made.to_prepare()).conflicts
    assert conflict.reason == f"a symbolic link to {target!r} leads out of the project"


def test_a_link_within_the_project_lands(gate: WriteGate, project: Path) -> None:
    """And one that the project has is left as it is."""
    (project / "mine").symlink_to("/etc/hosts")

    def edit(place: Path) -> None:
        (place / "src" / "link").symlink_to("../a.txt")
        (place / "b.txt").write_text("b\n")

    _, applied = land(gate, make(gate.repository, edit))
    assert applied == Applied(change=1)
    assert (project / "src" / "link").readlink() == Path("../a.txt")
    assert (project / "mine").readlink() == Path("/etc/hosts")


def linking(**targets: str) -> Edit:
    """Make symbolic links, in place of what is there; `__` in a name is a `/`."""

    def edit(place: Path) -> None:
        for name, target in targets.items():
            link = place / name.replace("__", "/")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(target)

    return edit


def test_links_that_lead_out_together_do_not_land(gate: WriteGate, project: Path) -> None:
    """Each of them alone stays inside: in one change, and the second where the first is there already."""
    both = make(gate.repository, linking(a__b__up="../..", out="a/b/up/../.."))
    (conflict,) = gate.prepare(both.to_prepare()).conflicts
    assert (conflict.path, conflict.reason[:28]) == ("out", "a symbolic link to 'a/b/up/.")
    first, second = linking(a__b__up="../.."), linking(out="a/b/up/../..")
    for one, other in ((first, second), (second, first)):
        assert land(gate, make(gate.repository, one))[1] == Applied(change=1)
        (conflict,) = gate.prepare(make(gate.repository, other).to_prepare()).conflicts
        assert conflict.path == "out"
        for link in ("out", "a/b/up"):
            (project / link).unlink(missing_ok=True)


def test_a_text_does_not_become_a_link_that_leads_out(gate: WriteGate, project: Path) -> None:
    """The content stays as it was, only its kind is another."""
    (project / "b.txt").write_text("../..")
    (conflict,) = gate.prepare(make(gate.repository, linking(**{"b.txt": "../.."})).to_prepare()).conflicts
    assert conflict.reason == "a symbolic link to '../..' leads out of the project"


def obeyed(gate: WriteGate, edit: Edit) -> tuple[str, ...]:
    """The names that a change is found to be obeyed by."""
    prepared = gate.prepare(make(gate.repository, edit).to_prepare())
    assert prepared.plan
    return prepared.obeyed


def test_a_file_is_known_by_the_links_that_lead_to_it(gate: WriteGate, project: Path) -> None:
    """One text under several names, a folder of an editor's that is a link; and such links of the change itself."""
    (project / "CLAUDE.md").symlink_to("GUIDE.md")
    (project / ".vscode").symlink_to("config")
    assert obeyed(gate, write(GUIDE_md="obey\n")) == ("CLAUDE.md",)
    assert obeyed(gate, write(config__tasks_json="{}")) == (".vscode/tasks.json",)
    assert obeyed(gate, write(src__GUIDE_md="fine\n")) == ()

    def both(place: Path) -> None:
        linking(**{".husky": "hooks"})(place)
        (place / "hooks").mkdir()
        (place / "hooks" / "pre-commit").write_text("run")

    assert set(obeyed(gate, both)) == {".husky", ".husky/pre-commit"}


def test_a_text_in_the_place_of_a_link_is_known_by_what_led_through_it(gate: WriteGate, project: Path) -> None:
    """`CLAUDE.md` leads to a link: whoever makes a text of that says what is obeyed."""
    (project / "CLAUDE.md").symlink_to("guide")
    (project / "guide").symlink_to("a.txt")

    def text(place: Path) -> None:
        (place / "guide").unlink()
        (place / "guide").write_text("obey\n")

    assert obeyed(gate, text) == ("CLAUDE.md",)


def test_links_that_git_ignores_are_seen_where_they_usually_lie(gate: WriteGate, project: Path) -> None:
    """In the project's folder, and in the folders above what is written: a person's own settings often are."""
    (project / ".gitignore").write_text(".vscode\nCLAUDE.md\n")
    (project / ".vscode").symlink_to("config")
    (project / "src" / "CLAUDE.md").symlink_to("guide/text.md")
    assert obeyed(gate, write(config__tasks_json="{}")) == (".vscode/tasks.json",)
    assert obeyed(gate, write(src__guide__text_md="obey\n")) == ("src/CLAUDE.md",)


def test_a_look_costs_what_changed_since_the_last(
    gate: WriteGate, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All files are listed once; after that links come, change and go by the difference of two snapshots."""
    repository = gate.repository
    linked = Linked(repository)
    listed: list[str] = []
    real = Repository.links

    def links(self: Repository, commit: str) -> dict[str, str]:
        listed.append(commit)
        return real(self, commit)

    monkeypatch.setattr(Repository, "links", links)
    seen = linked.before(repository.snapshot(), [])
    for edit in (
        linking(one="a.txt", src__two="../b.txt"),
        linking(one="b.txt", src__three="app.py"),
        lambda place: (place / "src" / "two").unlink(),
        lambda place: ((place / "one").unlink(), (place / "one").write_text("a file\n")),
        write(a_txt="no link\n"),
    ):
        edit(project)
        snapshot = repository.snapshot()
        seen = linked.before(snapshot, ["src/x.py"])
        assert seen.targets == Linked(repository).before(snapshot, ["src/x.py"]).targets
        assert seen is linked.before(snapshot, ["src/x.py"])
    assert seen.targets == {"src/three": "app.py"}
    assert len(listed) == 1 + 5  # five of them by those that look for the first time


def test_a_snapshot_that_is_gone_is_done_without(
    gate: WriteGate, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing to compare with any more: all are listed again."""
    linked = Linked(gate.repository)
    linked.before(gate.repository.snapshot(), [])
    (project / "one").symlink_to("a.txt")

    def gone(*_: object) -> dict[str, str | None]:
        raise RepositoryError("bad object")

    monkeypatch.setattr(Repository, "links_changed", gone)
    assert linked.before(gate.repository.snapshot(), []).targets == {"one": "a.txt"}


@looped
async def test_what_a_link_makes_obeyed_is_asked_of_the_person(project: Path, settings: Settings) -> None:
    """`CLAUDE.md` is a link: an edit of what it leads to waits, says why, and lands when the person has approved it."""
    (project / "GUIDE.md").write_text("be kind\n")
    (project / "CLAUDE.md").symlink_to("GUIDE.md")
    async with running(project, settings) as mesh, await mesh.agent() as agent:
        person = await mesh.operator()
        await person.ask(PostTask(prompt="edit"))
        await agent.hear_of(BiddingOpened)
        await agent.say(Bid(task=1))
        award = await agent.hear_of(TaskAwarded)
        await agent.ask(Start(task=1, attempt=1))
        token = await agent.lock("GUIDE.md", LockMode.CO_WRITE)
        made = make(Repository(project, mesh.coordinator.home).open(), write(GUIDE_md="obey\n"))
        await agent.say(made.to_offer(award, token))
        asked = await agent.hear_of(ReviewRequested)
        assert (asked.review, asked.obeyed) == (None, ("CLAUDE.md",))
        assert (project / "CLAUDE.md").read_text() == "be kind\n"
        await person.ask(Review(change=asked.change, verdict=Verdict.APPROVE))
        assert (await agent.hear_of(ChangeApplied)).files == ("GUIDE.md",)
        assert (project / "CLAUDE.md").read_text() == "obey\n"
