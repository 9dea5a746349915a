"""One key per file, whatever it is called; and nothing that leads out."""

from __future__ import annotations

from pathlib import Path

import pytest

from devmesh.coordinator.canonical import Canonicaliser, NeedsScan, canonical_target
from devmesh.core.targets import WHOLE
from devmesh.errors import BadTarget, PathEscapes

SPELLINGS = {
    "a.txt": "a.txt",
    "./a.txt": "a.txt",
    "src//app.py": "src/app.py",
    "src": "src/",
    "src/": "src/",
    "src/app.py/": "src/app.py",
    "src/**": "src/",
    "src/*.py": "src/*.py",
    "link.txt": "a.txt",
    "linked/app.py": "src/app.py",
    "linked": "src/",
    "linked/": "src/",
    "linked/*.py": "src/*.py",
    "linked/new/file.py": "src/new/file.py",
    "to_link.txt": "a.txt",
    "here": WHOLE,
    "here/src/app.py": "src/app.py",
    ".": WHOLE,
    "**/*.py": "**/*.py",
    "not/there/yet.py": "not/there/yet.py",
    "dangling": "gone.txt",
    "odd[[]1].txt": "odd[[]1].txt",
    "odd[1].txt": "odd[[]1].txt",
    "odd[2].txt": "odd2.txt",
    "link_odd.txt": "odd[[]1].txt",
    "src//nb.ipynb#intro": "src/nb.ipynb#intro",
    "linked/nb.ipynb#intro": "src/nb.ipynb#intro",
}
"As written, and the key."

ESCAPES = ["out.txt", "outside", "outside/x", "outside/*.py", "up/other.txt", "../x", "/etc/passwd", "proc"]


@pytest.fixture
def linked(project: Path) -> Path:
    """The project with links of every kind."""
    (project.parent / "elsewhere").mkdir()
    (project.parent / "elsewhere" / "x").write_text("")
    (project / "odd[1].txt").write_text("")
    links = {
        "link.txt": "a.txt",
        "linked": "src",
        "to_link.txt": "link.txt",
        "here": ".",
        "dangling": "gone.txt",
        "link_odd.txt": "odd[1].txt",
        "out.txt": "../elsewhere/x",
        "outside": str(project.parent / "elsewhere"),
        "up": "..",
        "proc": "/proc/self/cwd",
        "loop": "loop",
        "into_git": ".git",
    }
    for name, target in links.items():
        (project / name).symlink_to(target)
    return project


@pytest.mark.parametrize("text", SPELLINGS)
def test_every_spelling_has_one_key(linked: Path, text: str) -> None:
    """And the key of a key is itself."""
    key = canonical_target(linked, text)
    assert key == SPELLINGS[text]
    assert canonical_target(linked, key) == key


@pytest.mark.parametrize("text", ESCAPES)
def test_what_leads_out_is_refused(linked: Path, text: str) -> None:
    """By a link, by dots, or from the root."""
    with pytest.raises(PathEscapes):
        canonical_target(linked, text)


@pytest.mark.parametrize("text", ["into_git/config", "a\0b", "C:\\x", "a\u202eb", "src/\n"])
def test_what_names_nothing_lockable_is_refused(linked: Path, text: str) -> None:
    """The folder of git behind a link; control and direction characters; other systems' spellings."""
    with pytest.raises(BadTarget):
        canonical_target(linked, text)


def test_a_circle_of_links_names_itself(linked: Path) -> None:
    """It resolves to nothing, and harms nobody."""
    assert canonical_target(linked, "loop") == "loop"


def test_two_names_of_one_file_are_one_key(project: Path) -> None:
    """The first in the alphabet, whichever is asked for first; also after a restart, which remembers nothing."""
    (project / "src" / "second.py").hardlink_to(project / "src" / "app.py")
    (project / "zebra.py").hardlink_to(project / "src" / "app.py")
    for name in ("zebra.py", "src/second.py", "src/app.py"):
        assert canonical_target(project, name) == "src/app.py"


def test_a_name_added_later_does_not_move_the_key(project: Path) -> None:
    """What is locked stays locked under the key it was locked by."""
    names = Canonicaliser(project)
    (project / "zebra.py").hardlink_to(project / "src" / "app.py")
    assert names.key("zebra.py") == "src/app.py"
    (project / "aardvark.py").hardlink_to(project / "src" / "app.py")
    assert names.key("aardvark.py") == "src/app.py"


def test_finding_the_names_of_a_file_is_not_done_where_it_may_take_long(project: Path) -> None:
    """It is asked for, and done once."""
    names = Canonicaliser(project)
    (project / "zebra.py").hardlink_to(project / "src" / "app.py")
    with pytest.raises(NeedsScan):
        names.key("zebra.py", scan=False)
    names.key("zebra.py")
    assert names.key("zebra.py", scan=False) == "src/app.py"


def test_whoever_locks_a_second_name_holds_both(project: Path) -> None:
    """The file everybody means, and the name that would land."""
    names = Canonicaliser(project)
    (project / "link.txt").symlink_to("a.txt")
    assert names.targets("link.txt") == ("a.txt", "link.txt")
    assert names.targets("a.txt") == ("a.txt",)
    assert names.targets("src") == ("src/",)


def test_letter_case_is_folded_where_the_volume_folds_it(project: Path) -> None:
    """Asked of this volume; and, as on others, told."""
    names = Canonicaliser(project)
    swapped = project.with_name(project.name.swapcase())
    assert names.folds is swapped.exists()
    names.folds = True
    assert names.key("SRC/App.py") == names.key("src/app.py")
    assert names.targets("New.TXT") == ("new.txt", "New.TXT")
