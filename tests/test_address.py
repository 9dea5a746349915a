"""A mesh is found by its project, trusted only when its file is the owner's alone, and coordinated by one process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from devmesh.address import (
    CONNECTION_FILE,
    Connection,
    find_connection,
    fresh_tokens,
    home_of,
    live_connections,
    open_home,
    read_connection,
    remove_connection,
    single_coordinator,
    write_connection,
)
from devmesh.errors import AlreadyRunning, MeshError, NoMesh
from devmesh.settings import Settings
from devmesh.vocabulary.terms import Role

CLAIM = """
import os, sys, time
from pathlib import Path
from devmesh.address import single_coordinator
with single_coordinator(Path(sys.argv[1])):
    child = len(sys.argv) > 2 and os.fork()
    if not child:
        print(os.getpid(), flush=True)
    time.sleep(60)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose state lies in the test's own folder."""
    return Settings.load(home=tmp_path / "state")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project."""
    folder = tmp_path / "My Projekt"
    folder.mkdir()
    return folder


def a_connection(project: Path, settings: Settings, **changed: object) -> Connection:
    """A connection of this very process."""
    fields: dict[str, object] = {
        "project": str(project),
        "home": str(home_of(project, settings)),
        "url": "ws://127.0.0.1:7700",
        "port": 7700,
        "pid": os.getpid(),
        "pid_create_time": psutil.Process().create_time(),
        "epoch": 1,
        "version": "0.1.0",
        "tokens": fresh_tokens(),
    }
    return Connection(**(fields | changed))  # type: ignore[arg-type]


# ---- the folder ----


def test_a_project_has_one_home_however_it_is_reached(project: Path, settings: Settings, tmp_path: Path) -> None:
    """A link, a detour and the path itself lead to the same folder, named after the project."""
    (tmp_path / "link").symlink_to(project)
    homes = {home_of(path, settings) for path in (project, tmp_path / "link", project / ".." / project.name)}
    assert len(homes) == 1
    assert homes.pop().name.startswith("my-projekt-")


def test_projects_of_one_name_have_different_homes(settings: Settings, tmp_path: Path) -> None:
    """The path decides, the name is for the eye."""
    assert home_of(tmp_path / "a" / "app", settings) != home_of(tmp_path / "b" / "app", settings)


def test_a_name_without_letters_has_a_home_too(settings: Settings) -> None:
    """Even the root of the file system."""
    assert home_of(Path("/"), settings).name.startswith("project-")


def test_a_home_is_the_owners_alone(project: Path, settings: Settings) -> None:
    """It is made 0700, and brought back to it."""
    home = home_of(project, settings)
    assert open_home(home).stat().st_mode & 0o777 == 0o700
    home.chmod(0o755)
    assert open_home(home).stat().st_mode & 0o777 == 0o700


def test_a_home_that_is_a_link_is_refused(project: Path, settings: Settings, tmp_path: Path) -> None:
    """Somebody could have put it there to see our tokens."""
    home = home_of(project, settings)
    home.parent.mkdir(parents=True)
    home.symlink_to(tmp_path)
    with pytest.raises(MeshError, match="not a folder of yours"):
        open_home(home)


# ---- the connection file ----


def test_what_was_written_is_read_back(project: Path, settings: Settings) -> None:
    """Whole, 0600, and nothing else beside it."""
    connection = a_connection(project, settings)
    path = write_connection(connection)
    assert read_connection(path.parent) == connection
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == [CONNECTION_FILE]
    write_connection(a_connection(project, settings, epoch=2))
    assert read_connection(path.parent).epoch == 2


def test_every_role_has_a_long_secret_of_its_own() -> None:
    """256 bits each, never twice the same."""
    tokens = fresh_tokens()
    assert set(tokens) == set(Role)
    assert len({*tokens.values(), *fresh_tokens().values()}) == 2 * len(Role)
    assert min(map(len, tokens.values())) >= 43


def test_a_connection_never_shows_its_tokens(project: Path, settings: Settings) -> None:
    """Not as the last line of a cell, not in a traceback."""
    connection = a_connection(project, settings)
    assert not [token for token in connection.tokens.values() if token in repr(connection) or token in str(connection)]


def test_without_a_file_there_is_no_mesh(project: Path, settings: Settings) -> None:
    """And the error says how to start one."""
    with pytest.raises(NoMesh, match=r"devmesh\.start"):
        read_connection(home_of(project, settings))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_open_to_others_is_not_trusted(project: Path, settings: Settings, mode: int) -> None:
    """Its tokens may be known, or be somebody else's."""
    path = write_connection(a_connection(project, settings))
    path.chmod(mode)
    with pytest.raises(MeshError, match="open to others"):
        read_connection(path.parent)


def test_a_link_is_not_followed(project: Path, settings: Settings, tmp_path: Path) -> None:
    """However private the file at its end is."""
    path = write_connection(a_connection(project, settings))
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MeshError, match="is a link"):
        read_connection(path.parent)


def test_a_fifo_does_not_hang_the_reader(project: Path, settings: Settings) -> None:
    """What is no plain file is refused at once."""
    home = open_home(home_of(project, settings))
    os.mkfifo(home / CONNECTION_FILE, 0o600)
    with pytest.raises(MeshError, match="not a plain file"):
        read_connection(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_another_users_file_is_not_trusted(project: Path, settings: Settings) -> None:
    """Whoever wrote it would see what we say."""
    path = write_connection(a_connection(project, settings))
    os.chown(path, 65534, 65534)
    with pytest.raises(MeshError, match="another user"):
        read_connection(path.parent)


@pytest.mark.parametrize("text", ["", "{", "{}", '{"port": "many"}', "[" * 10_000])
def test_a_damaged_file_is_an_error_that_says_so(project: Path, settings: Settings, text: str) -> None:
    """Never a traceback of the decoder."""
    path = write_connection(a_connection(project, settings))
    path.write_text(text)
    with pytest.raises(MeshError, match="damaged"):
        read_connection(path.parent)


def test_a_file_is_taken_back_only_by_who_wrote_it(project: Path, settings: Settings) -> None:
    """A late goodbye does not remove the next coordinator's file."""
    old, new = a_connection(project, settings), a_connection(project, settings, epoch=2)
    path = write_connection(new)
    remove_connection(old)
    assert path.exists()
    remove_connection(new)
    assert not path.exists()
    remove_connection(new)


# ---- finding a live one ----


def test_a_mesh_is_found_from_below_its_project(project: Path, settings: Settings) -> None:
    """`devmesh status` works in any folder of the project."""
    connection = a_connection(project, settings)
    write_connection(connection)
    (project / "src" / "deep").mkdir(parents=True)
    assert find_connection(project / "src" / "deep", settings) == connection
    assert live_connections(settings) == (connection,)


def test_a_dead_mesh_is_no_mesh(project: Path, settings: Settings) -> None:
    """Neither when its process is gone nor when another has its number now."""
    write_connection(a_connection(project, settings, pid_create_time=psutil.Process().create_time() - 60))
    with pytest.raises(NoMesh):
        find_connection(project, settings)
    write_connection(a_connection(project, settings, pid=2**22 + 5))
    with pytest.raises(NoMesh):
        find_connection(project, settings)
    assert live_connections(settings) == ()


def test_a_zombie_is_not_alive(project: Path, settings: Settings) -> None:
    """A process that only waits for its parent coordinates nothing."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    created = psutil.Process(child.pid).create_time()
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert not a_connection(project, settings, pid=child.pid, pid_create_time=created).is_alive()
    child.wait()


def test_files_that_cannot_be_trusted_are_passed_over(project: Path, settings: Settings) -> None:
    """One bad file does not hide the others."""
    write_connection(a_connection(project, settings)).chmod(0o666)
    assert live_connections(settings) == ()


def test_a_state_folder_that_cannot_be_made_is_a_setting_to_mend() -> None:
    """Named with the reason and the variable."""
    with pytest.raises(MeshError, match="/dev/null/state cannot be made: Not a directory") as caught:
        open_home(Path("/dev/null/state"))
    assert "DEVMESH_HOME" in (caught.value.hint or "")


# ---- one coordinator ----


def test_a_second_coordinator_is_told_who_the_first_is(tmp_path: Path) -> None:
    """Even in the same process: two meshes in one kernel would be two truths."""
    with single_coordinator(tmp_path / "home"), pytest.raises(AlreadyRunning, match="this process") as caught:
        single_coordinator(tmp_path / "home").__enter__()
    assert caught.value.pid == os.getpid()
    assert caught.value.since == pytest.approx(psutil.Process().create_time(), abs=1)
    with single_coordinator(tmp_path / "home"):
        pass


@pytest.mark.slow
@pytest.mark.parametrize("forked", [False, True], ids=["alone", "with a forked child that lives on"])
def test_kill_9_gives_the_claim_back(tmp_path: Path, forked: bool) -> None:  # noqa: FBT001 - the case
    """At once, with nothing to clean up, and whatever the dead process had forked."""
    home = tmp_path / "home"
    options = ["fork"] if forked else []
    holder = subprocess.Popen([sys.executable, "-c", CLAIM, str(home), *options], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        child = int(holder.stdout.readline())
        with pytest.raises(AlreadyRunning, match=f"process {holder.pid}"), single_coordinator(home):
            pass
        holder.kill()
        holder.wait()
        with single_coordinator(home):
            pass
    finally:
        holder.kill()
        if holder.stdout is not None:
            holder.stdout.close()
    if forked:
        os.kill(child, signal.SIGKILL)


LEND = """
import subprocess, sys, time
from pathlib import Path
from devmesh import address
with address.single_coordinator(Path(sys.argv[1])):
    subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], pass_fds=list(address._claims))
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="descriptors are passed on by POSIX")
def test_a_claim_that_a_dead_processs_child_is_letting_go_of_is_waited_for(tmp_path: Path) -> None:
    """As one does that was just being forked: until it has let go, the dead one's claim is there."""
    home = tmp_path / "home"
    command = [sys.executable, "-c", LEND, str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"
        holder.kill()
        holder.wait()
        soon = threading.Timer(0.2, holder.stdin.close)
        soon.start()
        with single_coordinator(home):
            pass
        soon.join()
