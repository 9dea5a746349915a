"""What wishes mean for the disk: by every name that a path has, and for a folder by what is in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from devmesh.bridge.guarding.own import NO, OwnGate
from devmesh.bridge.guarding.wishes import meaning
from devmesh.bridge.tools.tool import Wish
from devmesh.vocabulary.requests import Ask
from tests.coordinator.rig import looped


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with second names for what is obeyed, and folders that hold it."""
    root = tmp_path / "project"
    for name in (
        *("GUIDE.md", "config/tasks.json", "docs/guide.md", "prep/CLAUDE.md", "prep/a.txt", "prep/hooks/x", "src/a.py"),
        *("sub/AGENTS.md", "sub/b.txt", "plain/c.txt", "config/deep/rules"),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x\n")
    (root / "CLAUDE.md").symlink_to("GUIDE.md")
    (root / ".vscode").symlink_to("config")
    (root / "alias").symlink_to("sub")
    (root / "AGENTS.md").symlink_to("docs/guide.md")
    (root / "up").symlink_to("src")
    (root / "far").symlink_to("config/deep")
    (root / "tools").mkdir()
    (root / "tools" / "GEMINI.md").symlink_to("../src/a.py")
    (root / "tools" / ".claude").symlink_to("../plain")
    (root / "way").symlink_to("tools/.claude")
    (root / "round").symlink_to("round")
    return root


def command(text: str) -> Wish:
    """A shell command."""
    return Wish("Bash", (), text)


DELICATE = {
    "a link to the instructions, by its own name": Wish("Edit", ("CLAUDE.md",)),
    "the same by a command": command("echo x > CLAUDE.md"),
    "the same taken away": command("rm CLAUDE.md"),
    "what the instructions are a link to": Wish("Edit", ("GUIDE.md",)),
    "the same by a command that writes": command("echo x > GUIDE.md"),
    "the same further down": Wish("Edit", ("docs/guide.md",)),
    "through a folder that is a link": Wish("Edit", (".vscode/tasks.json",)),
    "the same in a command": command("echo x > .vscode/tasks.json"),
    "by where such a folder leads": Wish("Edit", ("config/tasks.json",)),
    "through a link to the folder of it": Wish("Edit", ("alias/AGENTS.md",)),
    "a name of it that stands elsewhere": Wish("Edit", ("tools/GEMINI.md",)),
    "a name that links lead through": Wish("Edit", ("way/c.txt",)),
    "a folder made to be obeyed": command("mv prep sub/.vscode"),
    "another": command("mv prep .github"),
    "copied in": command("cp -r prep/. ."),
    "copied in, to a folder that is not there": command("cp -r prep/. new"),
    "copied as a folder": command("cp -r prep other"),
    "copied into a folder that it makes": command("mkdir new && cp prep/CLAUDE.md new"),
    "removed with its folder": command("rm -r sub"),
    "removed through a link": command("rm -r alias/"),
    "moved away with its folder": command("mv sub other"),
    "moved into one that is there": command("mv sub plain"),
    "a folder that is the target of a link": command("rm -r config"),
    "a folder that holds the target of a link": command("rm -r docs"),
    "a mode of all below": command("chmod -R a+x sub"),
    "in a command that is otherwise not understood": command("make; rm -r sub"),
    "a patch": Wish("apply_patch", ("prep/a.txt", "CLAUDE.md")),
}
PLAIN = {
    "a file": Wish("Edit", ("src/a.py",)),
    "a link in a circle": Wish("Edit", ("round",)),
    "a file beside the delicate": command("echo x > sub/b.txt"),
    "through a link to a plain folder": Wish("Edit", ("up/a.py",)),
    "a folder without any": command("rm -r plain"),
    "a folder moved": command("mv plain other"),
    "an ordinary file, then written": command("cp src/a.py c.py && echo x > c.py"),
    "its contents copied": command("cp -r plain/. ."),
    "reading": command("cat CLAUDE.md .vscode/tasks.json && ls -R sub"),
}


@pytest.mark.parametrize("case", DELICATE)
@looped
async def test_what_others_obey_takes_a_persons_yes_by_any_of_its_names(case: str, root: Path) -> None:
    """As it is written, where it leads, what leads to it, and in a folder."""
    asked = []

    async def no(question: Ask) -> str:
        asked.append(question)
        return NO

    assert meaning(DELICATE[case], root).protected()
    assert not (await OwnGate(root, no)(DELICATE[case])).granted
    assert len(asked) == 1


@pytest.mark.parametrize("case", PLAIN)
def test_what_nobody_obeys_is_asked_about_by_nobody(case: str, root: Path) -> None:
    """Or everybody would say yes to everything."""
    found = meaning(PLAIN[case], root)
    assert (found.protected(), found.never(), found.outside, found.untold) == ((), "", (), "")


MEANT = {
    "cp -r prep/. .": {"CLAUDE.md": "GUIDE.md", "a.txt": "a.txt", "hooks/x": "hooks/x"},
    "cp -r plain/. new": {"new/": "new/"},
    "rm -r sub": {"sub/": "sub/"},
    "mv plain other": {"plain/": "plain/", "other/": "other/"},
    "cd far && echo x > ../y": {"../y": "config/y"},
    "cd far; cd ..; echo x > y": {"y": "y"},
    "echo x > far/../y": {"far/../y": "config/y"},
    "echo x > up/a.py": {"up/a.py": "src/a.py"},
}


@pytest.mark.parametrize("text", MEANT)
def test_what_is_locked_is_where_it_leads(text: str, root: Path) -> None:
    """A folder once for all in it; what is copied into one that is there, file by file."""
    found = meaning(command(text), root)
    assert (sorted(found.inside), found.untold) == (sorted(MEANT[text].values()), "")


def test_a_path_through_a_link_and_back_leads_where_the_system_says(root: Path) -> None:
    """And where the text says, for a tool may take it so: `deep/..` is not where `deep` stands."""
    (root / "deep").symlink_to("config/deep")
    assert set(meaning(Wish("Edit", ("deep/../tasks.json",)), root).inside) == {"config/tasks.json", "tasks.json"}
    (root / "out").symlink_to(root.parent)
    for path in ("out/x", "out/../x", "deep/../../../x"):
        found = meaning(Wish("Edit", (path,)), root)
        assert (found.inside, found.outside) == ((), (path,))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "cp -a CLAUDE.md b; echo x > b",
            "cp -r plain e && echo x > e/c.txt",
            "mv up b; tee b/a.py",
            "mv src s; touch s/x",
        ),
        *(
            "git restore src; echo x > src/a.py",
            "cp -r plain .; sed -i s/a/b/ plain/c.txt",
            "bash -c 'mv up b'; cp GUIDE.md b",
        ),
    ],
)
def test_nothing_is_told_of_what_was_put_there_by_the_command_itself(text: str, root: Path) -> None:
    """It may be a link, or a folder of links, that is not yet there to be looked at."""
    assert meaning(command(text), root).untold
    assert not meaning(command(text.partition(";")[0].partition("&&")[0]), root).untold


@pytest.mark.parametrize("text", ["mv plain .git", "rm -r nested", "cp -r nested other", "mv config nested/.git/hooks"])
def test_what_no_tool_writes_is_seen_in_folders_too(text: str, root: Path) -> None:
    """Git's own folder and ours, of any project within."""
    (root / "nested" / ".git").mkdir(parents=True)
    (root / "nested" / ".git" / "config").write_text("x\n")
    assert meaning(command(text), root).never()


def test_a_folder_with_more_than_can_be_looked_at_is_untold(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And so is one whose files would have to be locked one by one."""
    monkeypatch.setattr("devmesh.bridge.guarding.places.MOST_BELOW", 2)
    assert "too many" in meaning(command("rm -r prep"), root).untold
    assert not meaning(command("rm -r sub"), root).untold
    monkeypatch.undo()
    monkeypatch.setattr("devmesh.bridge.guarding.places.MOST_ARRIVING", 2)
    assert "too many" in meaning(command("cp -r prep/. ."), root).untold


@pytest.mark.parametrize(
    "text",
    [
        "rm -rf prep {out}",
        "rm -rf {out}/big",
        "cp -r prep {out}",
        "mv prep {out}/x",
        "mv {out}/big a",
        "mv prep {out}/big a",
    ],
)
@looped
async def test_what_leads_out_is_refused_however_much_it_is(
    text: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in a workspace of its own, where a command that cannot be told is let through."""
    monkeypatch.setattr("devmesh.bridge.guarding.places.MOST_BELOW", 2)
    (root.parent / "big").mkdir()
    for name in "abc":
        (root.parent / "big" / name).touch()
    wish = command(text.format(out=root.parent))
    assert meaning(wish, root).untold

    async def nobody(_: Ask) -> str:
        raise AssertionError

    assert not (await OwnGate(root, nobody)(wish)).granted


def test_many_files_are_looked_at_in_a_moment(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each folder's links are read once for a wish, not once for each of its files."""
    for number in range(200):
        (root / "plain" / f"{number}.txt").touch()
    read: list[str] = []
    scandir = os.scandir

    def counted(folder: str) -> Any:
        read.append(folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", counted)
    assert len(meaning(command("rm -r plain"), root).named) == 404  # each by `way`, too
    assert len(read) < 10
