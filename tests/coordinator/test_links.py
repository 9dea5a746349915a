"""Where links lead, and which names lead to a file: as the system does it, not as a target is spelled."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from devmesh.coordinator.links import LONGEST, MOST_STEPS, Links, leading_out, obeyed_names

ROOT = "/srv/them/project"


def tree(**targets: str) -> Links:
    """Links by path; `__` in a name is a `/`."""
    return Links({path.replace("__", "/"): target for path, target in targets.items()}, ROOT)


NOTHING = tree()


@pytest.mark.parametrize(
    ("target", "place"),
    [
        *(("x.md", "a/b/x.md"), ("../x.md", "a/x.md"), ("../../x/./y//", "x/y"), ("../..", ""), (".", "a/b")),
        *(("../../mine/..", ""), (f"{ROOT}/x.md", "x.md"), ("../../../project/x.md", "x.md")),
        *(("/etc/passwd", None), ("../../..", None)),
    ],
)
def test_a_link_leads_from_its_own_folder_on(target: str, place: str | None) -> None:
    """Also by way of a folder above the project, or by an absolute path into it."""
    assert tree(a__b__l=target).place("a/b/l").path == place


def test_links_on_the_way_are_followed_before_what_comes_after_them() -> None:
    """`a/b/up/..` is not `a/b` where `up` leads elsewhere."""
    links = tree(a__b__up="../..", out="a/b/up/..", far="c/d", c="a/b", beyond="far/../x")
    assert links.place("a/b/up").path == ""
    assert links.place("out") == (None, True)
    assert links.place("far").path == "a/b/d"
    assert links.place("beyond").path == "a/b/x"


@pytest.mark.parametrize(
    "target",
    ["/", "/x", "..", "a/../..", "../project/x", f"{ROOT}/x", ".git/hooks", "a/.GIT/../x", ".devmesh-x", "a/.DevMesh"],
)
def test_what_leaves_the_project_at_any_step_leads_out(target: str) -> None:
    """Also where it comes back, for the project may be moved; and git's and the mesh's own folders count as outside."""
    assert leading_out(NOTHING, tree(link=target)) == ("link",)


@pytest.mark.parametrize("target", ["x", "a/b/../../x", "missing/../x", ".gitignore", "git", "."])
def test_what_stays_inside_leads_nowhere_else(target: str) -> None:
    """Missing names are taken for folders, which they may become."""
    assert leading_out(NOTHING, tree(link=target)) == ()


def test_two_links_of_one_change_are_followed_together() -> None:
    """The first leads to the project's folder, the second through it and out; each would do alone."""
    up, out = {"a__b__up": "../.."}, {"out": "a/b/up/../.."}
    assert leading_out(NOTHING, tree(**up, **out)) == ("out",)
    assert leading_out(NOTHING, tree(**up)) == leading_out(NOTHING, tree(**out)) == ()


def test_two_links_of_two_changes_are_followed_together_in_either_order() -> None:
    """Whichever came second is what is not let through, and the one that is there goes by its name."""
    up, out = {"a__b__up": "../.."}, {"out": "a/b/up/../.."}
    assert leading_out(tree(**up), tree(**up, **out)) == ("out",)
    assert leading_out(tree(**out), tree(**up, **out)) == ("out",)


def test_what_led_out_before_is_left_as_it_is() -> None:
    """A person's own link; but no change may make it anew, or turn it to another place outside."""
    mine = {"mine": "/etc/hosts"}
    assert leading_out(tree(**mine), tree(**mine, other="a")) == ()
    assert leading_out(tree(**mine), tree(mine="/etc/passwd")) == ("mine",)
    assert leading_out(tree(**mine), NOTHING) == ()


def test_a_circle_and_what_takes_too_long_lead_out() -> None:
    """Nobody can tell where; and it comes to an end."""
    assert leading_out(NOTHING, tree(a="b", b="a")) == ("a", "b")
    assert leading_out(NOTHING, tree(self="self/x")) == ("self",)
    assert leading_out(NOTHING, tree(long="x/../" * MOST_STEPS)) == ("long",)


@pytest.mark.parametrize("target", ["", "a\0b", "a" * (LONGEST + 1)])
def test_what_the_system_would_not_take_leads_out(target: str) -> None:
    """Git keeps it, nobody can make it: the agent is told, before the disk is."""
    assert leading_out(NOTHING, tree(link=target)) == ("link",)


def test_links_are_followed_in_both_ways_of_comparing_names() -> None:
    """On a volume that folds them `UP` is the link; on another it may become a folder: neither may lead out."""
    assert leading_out(NOTHING, tree(a__b__up="../..", out="a/b/UP/..")) == ("out",)
    assert leading_out(NOTHING, tree(a__b__up="../../deep/er/x/y", out="a/b/UP/../../../..")) == ("out",)


def test_places_are_the_systems_own(tmp_path: Path) -> None:
    """Random trees, put on a disk: wherever the system can follow a link, it comes to the same place."""
    random = Random(4)
    compared = 0
    for number in range(200):
        root = tmp_path.resolve() / str(number)
        folders = ["a", "a/b", "a/b/c", "d"]
        for folder in folders:
            (root / folder).mkdir(parents=True)
        targets = {}
        for name in ("l", "m", "n", "o"):
            path = f"{random.choice(folders)}/{name}"
            words = random.choices(["..", "..", "a", "b", "c", "d", "l", "m", "n", "o", "."], k=random.randint(1, 5))
            if path not in targets:
                targets[path] = "/".join(words)
                (root / path).symlink_to(targets[path])
        links = Links(targets, str(root))
        for path in targets:
            if (root / path).exists():
                assert links.place(path).path == _inside(os.path.realpath(root / path), str(root))
                compared += 1
    assert compared > 30


def _inside(real: str, root: str) -> str | None:
    if real == root:
        return ""
    return real.removeprefix(f"{root}/") if real.startswith(f"{root}/") else None


def names(path: str, links: Links) -> tuple[str, ...]:
    """What the file is obeyed as, where the change has no link in it."""
    return obeyed_names([path], links, links)


def test_a_file_is_obeyed_by_its_own_name_and_by_every_link_to_it() -> None:
    """A linked file, a linked folder, one link through another, one in a linked folder."""
    assert names("sub/CLAUDE.md", NOTHING) == ("sub/CLAUDE.md",)
    assert names("GUIDE.md", tree(**{"CLAUDE.md": "GUIDE.md"})) == ("CLAUDE.md",)
    assert names("config/tasks.json", tree(**{".vscode": "config"})) == (".vscode/tasks.json",)
    assert names("etc/gh/workflows/ci.yml", tree(**{".github": "x", "x": "etc/gh"})) == (".github/workflows/ci.yml",)
    inner = tree(**{".github": "gh", "gh__hooks": "../run"})
    assert names("run/a.json", inner) == (".github/hooks/a.json",)
    assert names("tasks.json", tree(**{".vscode": "."}))[0] == ".vscode/tasks.json"
    assert names("guide.MD", tree(**{"sub__agents.md": "../GUIDE.md"})) == ("sub/agents.md",)


def test_what_no_delicate_name_leads_to_is_free() -> None:
    """Other links to it, delicate links to something else, and what is beside it."""
    links = tree(**{"CLAUDE.md": "GUIDE.md", "README": "docs/a.md", ".github": "gh"})
    for path in ("docs/a.md", "GUIDE.md.txt", "gh/README.md", "src/app.py"):
        assert names(path, links) == ()


def test_circles_of_links_come_to_an_end() -> None:
    """A link to the folder that it is in gives every file names without end; two of a kind tell all that there is."""
    links = tree(a__self="..", b__self="..", c="a", d="c/self/b", loop="loop", **{".github": "a/self/gh"})
    assert names("src/app.py", links) == ()
    assert names("gh/workflows/ci.yml", links)[0] == ".github/workflows/ci.yml"


def test_a_link_that_leads_elsewhere_since_the_change_counts_as_written() -> None:
    """`CLAUDE.md` is what it was, a link to `docs/a.md`; but `docs` is another folder now."""
    kept = {"CLAUDE.md": "docs/a.md"}
    before, after = tree(**kept, docs="one"), tree(**kept, docs="two")
    assert obeyed_names(["docs"], before, after) == ("CLAUDE.md",)
    assert obeyed_names(["docs"], tree(docs="one"), tree(docs="two")) == ()


def test_a_link_that_the_change_makes_or_takes_away_counts() -> None:
    """In one change the link and what it leads to; and a file that was obeyed until the change took its link."""
    with_link = tree(**{"sub__.claude": "../conf"})
    assert set(obeyed_names(["sub/.claude", "conf/x.json"], NOTHING, with_link)) == {
        "sub/.claude",
        "sub/.claude/x.json",
    }
    assert "sub/.claude/x.json" in obeyed_names(["conf/x.json"], with_link, NOTHING)
