"""Tools kept within their limits and out of what is not theirs, with the real kernel."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from devmesh.errors import ToolNotFound
from devmesh.processes import Command, run
from devmesh.processes.confinement import Confinement, confinement_of, lacking
from devmesh.processes.landlock import version
from devmesh.settings import Settings

needs_landlock = pytest.mark.skipif(not version(), reason="this kernel has no Landlock")

ATTEMPTS = """
echo x > {closed}/kept 2>/dev/null && echo wrote-kept
echo x > {closed}/new 2>/dev/null && echo wrote-new
rm {closed}/kept 2>/dev/null && echo removed
mv {closed}/kept {opened}/kept 2>/dev/null && echo moved
ln -s {closed} {opened}/link; echo x > {opened}/link/kept 2>/dev/null && echo wrote-by-link
truncate -s 0 {closed}/kept 2>/dev/null && echo truncated
setsid sh -c 'echo x > {closed}/kept' 2>/dev/null && echo wrote-by-child
cat {closed}/kept
echo fine > {opened}/mine && echo x > /dev/null && echo wrote-mine
"""


def said(script: str, cwd: Path, confinement: Confinement) -> tuple[int | None, str]:
    """What a shell says under this confinement."""
    command = Command(("sh", "-c", script), cwd, {"PATH": "/usr/bin:/bin"}, confinement=confinement, time_limit=30)
    ended = asyncio.run(run(command))
    return ended.exit_code, ended.stdout_tail.decode()


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """One that is closed, with a file in it, and one below it that is open."""
    closed = tmp_path / "project"
    (closed / "inside" / "workspace").mkdir(parents=True)
    (closed / "kept").write_text("as it was\n")
    return closed, closed / "inside" / "workspace"


@needs_landlock
def test_a_closed_folder_is_read_and_never_written(folders: tuple[Path, Path]) -> None:
    """Not made, changed, cut short, moved or removed; not through a link, nor by a child that went its own way."""
    closed, opened = folders
    confinement = Confinement(closed=(closed,), opened=(opened,), required=True)
    _, out = said(ATTEMPTS.format(closed=closed, opened=opened), opened, confinement)
    assert out.split() == ["as", "it", "was", "wrote-mine"]
    assert (closed / "kept").read_text() == "as it was\n"
    assert not (closed / "new").exists()


@needs_landlock
def test_what_a_file_is_said_to_be_is_not_covered(folders: tuple[Path, Path]) -> None:
    """Its mode and its times can be changed, as SECURITY.md says: the kernel's rules are about content and names."""
    closed, opened = folders
    confinement = Confinement(closed=(closed,), opened=(opened,), required=True)
    said(f"chmod 751 {closed}/kept; touch -d @1000000000 {closed}/kept", opened, confinement)
    assert (closed / "kept").stat().st_mode & 0o777 == 0o751
    assert (closed / "kept").stat().st_mtime == 1_000_000_000
    assert (closed / "kept").read_text() == "as it was\n"


def test_of_what_a_run_works_in_only_what_is_closed_is_opened(tmp_path: Path) -> None:
    """A project that is not closed needs no opening, and must not open the mesh's folder, should that lie in it."""
    project = tmp_path / "project"
    home = project / "mesh"
    shared, own = Confinement(closed=(home,)), Confinement(closed=(project, home))
    workspace = home / "workspaces" / "me-1-1"
    assert shared.opening(project, workspace).opened == (workspace,)
    assert own.opening(project, home, workspace).opened == (workspace,)
    assert Confinement().opening(workspace) == Confinement()


def test_without_it_the_same_attempts_succeed(folders: tuple[Path, Path]) -> None:
    """Otherwise the test above would show nothing."""
    closed, opened = folders
    _, out = said(ATTEMPTS.format(closed=closed, opened=opened), opened, Confinement())
    assert "wrote-new" in out
    assert "wrote-by-child" in out


def test_where_the_kernel_cannot_a_required_one_starts_nothing(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that is not required starts as it is. A folder that is not there stands in for a kernel that cannot."""
    closed, opened = folders
    everything = Path("/")
    with pytest.raises(ToolNotFound):
        said("echo x", opened, Confinement(closed=(closed, everything / "no" / "such" / "way"), required=True))
    assert said("echo x", opened, Confinement(closed=(everything / "no" / "such" / "way",)))[1] == "x\n"


def test_the_largest_file_and_the_address_space_are_limited(tmp_path: Path) -> None:
    """By the numbers of the settings, for every process of the tool."""
    limited = Confinement({"FSIZE": 1_000_000, "AS": 400_000_000})
    code, _ = said("head -c 3000000 /dev/zero > big", tmp_path, limited)
    assert code != 0
    assert (tmp_path / "big").stat().st_size <= 1_000_000
    eat = f"{sys.executable} -c \"x = bytearray(10**9); print('ate it')\""
    assert "ate it" not in said(eat, tmp_path, limited)[1]
    assert "ate it" in said(eat, tmp_path, Confinement())[1]


def test_the_settings_say_what_is_limited_and_closed(tmp_path: Path) -> None:
    """Nothing by default; in the project itself only the mesh's own folder is closed."""
    project, home = tmp_path / "p", tmp_path / "h"
    assert confinement_of(Settings(), project, home, own_workspace=True).words() == ()
    assert lacking(Settings()) == ""
    chosen = Settings(tool_memory_gb=2.0, tool_processes=100, tool_file_gb=0.5, tool_confine="on")
    own = confinement_of(chosen, project, home, own_workspace=True)
    assert own.limits == {"AS": 2_000_000_000, "NPROC": 100, "FSIZE": 500_000_000}
    assert own.closed == (project, home)
    assert own.opened == ()
    assert own.required
    assert confinement_of(chosen, project, home, own_workspace=False).closed == (home,)
    assert bool(lacking(chosen)) is not bool(version())
