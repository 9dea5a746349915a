"""Which fields of a request are paths, and what is said of one that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from devmesh.coordinator.canonical import Canonicaliser
from devmesh.coordinator.paths import Paths, refuse_a_place_that_is_no_project
from devmesh.errors import Code, MeshError
from devmesh.vocabulary.requests import Heartbeat, OfferChange, PostTask, ProposeFramework, ReportWrite, RequestLock
from devmesh.vocabulary.terms import FileChange, FileKind, LockMode, PlannedTask


@pytest.fixture
def paths(project: Path) -> Paths:
    """Those of the project, with a link in it."""
    (project / "link.txt").symlink_to("a.txt")
    (project / "out").symlink_to("..")
    return Paths(Canonicaliser(project), str(project))


def offer(path: str) -> OfferChange:
    """A change of one file."""
    file = FileChange(path=path, kind=FileKind.ADDED, after="a" * 40)
    return OfferChange(task=1, attempt=1, base="b" * 40, head="c" * 40, files=(file,))


def test_targets_of_a_lock_become_keys(paths: Paths) -> None:
    """Each once; a link brings its own name along."""
    asked = RequestLock(targets=("./a.txt", "a.txt", "link.txt", "src"), mode=LockMode.READ)
    understood = paths.understand(asked)
    assert understood.objection is None
    assert isinstance(understood.request, RequestLock)
    assert understood.request.targets == ("a.txt", "link.txt", "src/")


def test_files_of_tasks_become_keys(paths: Paths) -> None:
    """Of a posted one, and of those in a framework."""
    posted = paths.understand(PostTask(prompt="x", files=("link.txt", "src"))).request
    assert isinstance(posted, PostTask)
    assert posted.files == ("a.txt", "src/")
    planned = PlannedTask(key="k", title="t", prompt="p", files=("link.txt",))
    proposed = paths.understand(ProposeFramework(overview="o", tasks=(planned,))).request
    assert isinstance(proposed, ProposeFramework)
    assert proposed.tasks[0].files == ("a.txt",)


def test_an_objection_names_the_field_and_leaves_the_request(paths: Paths) -> None:
    """With the code, so that a program can tell why."""
    asked = RequestLock(targets=("a.txt", "out/x"), mode=LockMode.READ)
    understood = paths.understand(asked)
    assert understood.request is asked
    assert understood.objection is not None
    assert (understood.objection.code, understood.objection.field) == (Code.PATH_ESCAPES, "targets[1]")
    planned = PlannedTask(key="k", title="t", prompt="p", files=("/etc/passwd",))
    objection = paths.understand(ProposeFramework(overview="o", tasks=(planned,))).objection
    assert objection is not None
    assert objection.field == "tasks[0].files[0]"


@pytest.mark.parametrize("path", ["./a.txt", "a//b", "src/", "../x", ".git/config", "/etc/passwd"])
def test_a_changed_file_is_named_plainly_or_not_at_all(paths: Paths, path: str) -> None:
    """No detour and no way out."""
    for asked, field in ((offer(path), "files[0].path"), (ReportWrite(path=path), "path")):
        objection = paths.understand(asked).objection
        assert objection is not None
        assert objection.field == field


@pytest.mark.parametrize("path", ["a.txt", "app/[id]/page.tsx", "what*.txt", "link.txt"])
def test_a_changed_file_keeps_its_own_name(paths: Paths, path: str) -> None:
    """Brackets and stars are letters in it, and a link means the link itself."""
    asked = offer(path)
    assert paths.understand(asked).request == asked
    assert paths.understand(asked).objection is None


def test_only_requests_with_paths_need_the_disk(paths: Paths) -> None:
    """A heartbeat never waits for a slow volume."""
    assert paths.needs_disk(RequestLock(targets=("a",), mode=LockMode.READ))
    assert not paths.needs_disk(Heartbeat())
    assert not paths.slow


@pytest.mark.parametrize("folder", [Path("/"), Path.home()], ids=["the root", "home"])
def test_a_place_that_is_no_project_is_refused(folder: Path) -> None:
    """Its whole content would be copied for every agent."""
    with pytest.raises(MeshError, match="is no project"):
        refuse_a_place_that_is_no_project(folder)


def test_a_place_where_nothing_can_land_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any tool has worked for nothing."""
    # the system's answer is changed here: root may write everywhere
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(MeshError, match="no change could land"):
        refuse_a_place_that_is_no_project(tmp_path)


def test_any_other_folder_is_a_project(tmp_path: Path) -> None:
    """Whatever is in it."""
    refuse_a_place_that_is_no_project(tmp_path)
