"""Where a mesh lives: its folder, and the connection file through which others find it and get in.

Knows nothing of what is said once connected.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import sys
import tempfile
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from devmesh.errors import AlreadyRunning, MeshError, NoMesh
from devmesh.vocabulary import known
from devmesh.vocabulary.terms import Role

if TYPE_CHECKING:
    from devmesh.settings import Settings

CONNECTION_FILE = "connection.json"
LOCK_FILE = "coordinator.lock"
SOCKET_FILE = "mesh.sock"

_MAX_BYTES = 65_536
_LONGEST_SOCKET = 100
"Bytes of a Unix socket's path; the systems allow 103 or 107."
_SAME_START = 2.0
"Seconds two readings of one process's start may differ: the system's clock can be set in between."

_LETTING_GO = 1.0
"Seconds a dead coordinator's claim may outlive it: in a child it was just forking, until that lets go."

_HOW_TO_START = "Start one with devmesh.start() in a notebook, or `devmesh serve` in a terminal."


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach one running coordinator, with the secret of each role. Kept in one 0600 file, shown nowhere."""

    project: str
    home: str
    url: str
    port: int
    pid: int
    pid_create_time: float
    "Seconds since the epoch; with `pid` it names one process for ever."
    epoch: int
    "Raised at every start of this mesh."
    version: str
    tokens: dict[Role, str]
    socket: str = ""
    "The file of its Unix socket, where it listens on one; then there is no port."

    def __repr__(self) -> str:
        """All but the tokens."""
        return f"Connection(project={self.project!r}, url={self.url!r}, pid={self.pid}, epoch={self.epoch})"

    def is_alive(self) -> bool:
        """Whether the very process that wrote this still runs. A later process with its number does not count."""
        return is_running(self.pid, self.pid_create_time)


def fresh_tokens() -> dict[Role, str]:
    """A new secret of 256 bits for each role, known for one in this process."""
    tokens = {role: secrets.token_urlsafe(32) for role in Role}
    known.hide(*tokens.values())
    return tokens


def is_running(pid: int, create_time: float) -> bool:
    """Whether process `pid`, started at `create_time` (seconds since the epoch), still runs. A zombie does not."""
    import psutil

    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - create_time) < _SAME_START and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


# ---- the folder ----


def home_of(project: Path, settings: Settings) -> Path:
    """The folder of that project's mesh: one per canonical path, readable by eye. Not created here."""
    canonical = os.path.realpath(project)
    digest = sha256(os.fsencode(canonical)).hexdigest()[:8]
    return settings.home / f"{_slug(Path(canonical).name)}-{digest}"


def open_home(home: Path) -> Path:
    """`home`, created 0700 where missing. Raises MeshError when it is not a folder of the current user's alone."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = home.lstat()
    except OSError as error:
        reason = f"the state folder {home} cannot be made: {error.strerror}"
        raise MeshError(reason, hint="Set DEVMESH_HOME to a folder that you may write to.") from error
    if not stat.S_ISDIR(found.st_mode) or not _is_ours(found):
        raise MeshError(f"{home} is not a folder of yours", hint="Set DEVMESH_HOME to a folder that is.")
    if os.name == "posix" and stat.S_IMODE(found.st_mode) & 0o077:
        home.chmod(0o700)
    return home


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "project"


def socket_of(home: Path) -> Path:
    """Where the Unix socket of that home belongs: in it, or where its path is too long for one, in a short place.

    The folder is the current user's alone (0700). Raises MeshError where it is not.
    """
    inside = open_home(home) / SOCKET_FILE
    if len(os.fsencode(inside)) <= _LONGEST_SOCKET:
        return inside
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    place = Path(runtime, "devmesh") if runtime else Path(tempfile.gettempdir(), f"devmesh-{os.geteuid()}")
    return open_home(place) / f"{sha256(os.fsencode(home)).hexdigest()[:16]}.sock"


# ---- the connection file ----


def write_connection(connection: Connection) -> Path:
    """Publish it in its home, whole or not at all, readable by the current user only. Replaces an older one."""
    home = open_home(Path(connection.home))
    draft = home / f".{CONNECTION_FILE}.{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        with os.fdopen(os.open(draft, flags, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(connection), indent=1))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(home / CONNECTION_FILE)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return home / CONNECTION_FILE


def read_connection(home: Path) -> Connection:
    """The connection published in that home, whether or not its process still lives.

    Raises NoMesh when there is none, and MeshError when the file is a link, another user's, open to others, or damaged.
    """
    path = home / CONNECTION_FILE
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise NoMesh(f"no mesh runs in {home}", hint=_HOW_TO_START) from None
    except OSError as failed:
        raise MeshError(f"{path} cannot be opened, or is a link: {failed.strerror}") from None
    with os.fdopen(descriptor, "rb") as file:
        _refuse_strangers(path, os.fstat(file.fileno()))
        text = file.read(_MAX_BYTES)
    try:
        connection = msgspec.json.decode(text, type=Connection)
    except msgspec.DecodeError as wrong:
        raise MeshError(f"{path} is damaged: {wrong}", hint="Remove it and start the mesh again.") from None
    known.hide(*connection.tokens.values())
    return connection


def find_connection(project: Path, settings: Settings) -> Connection:
    """The live mesh of `project` or of the nearest folder above it. Raises NoMesh, or MeshError as above."""
    canonical = Path(os.path.realpath(project))
    for place in (canonical, *canonical.parents):
        with suppress(NoMesh):
            connection = read_connection(home_of(place, settings))
            if connection.is_alive():
                return connection
    raise NoMesh(f"no mesh runs for {canonical}", hint=_HOW_TO_START)


def live_connections(settings: Settings) -> tuple[Connection, ...]:
    """Every mesh of this user that runs now, by home. Files that cannot be trusted are passed over."""
    found = []
    for path in sorted(settings.home.glob(f"*/{CONNECTION_FILE}")):
        with suppress(MeshError):
            found.append(read_connection(path.parent))
    return tuple(connection for connection in found if connection.is_alive())


def remove_connection(connection: Connection) -> None:
    """Take it back at a clean stop. Does nothing when a later coordinator has published its own."""
    with suppress(MeshError):
        if read_connection(Path(connection.home)) == connection:
            (Path(connection.home) / CONNECTION_FILE).unlink(missing_ok=True)


def _refuse_strangers(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise MeshError(f"{path} is not a plain file")
    if not _is_ours(found):
        raise MeshError(f"{path} belongs to another user", hint="It may have been put there to mislead you; remove it.")
    mode = stat.S_IMODE(found.st_mode)
    if os.name == "posix" and mode & 0o077:
        raise MeshError(
            f"{path} is open to others (mode {mode:04o})", hint="Its tokens may be known: restart the mesh."
        )


def _is_ours(found: os.stat_result) -> bool:
    return os.name != "posix" or found.st_uid == os.geteuid()


# ---- one coordinator per mesh ----


@contextmanager
def single_coordinator(home: Path) -> Iterator[None]:
    """While inside, no other process coordinates this home; the system itself lets go when the process dies.

    Raises AlreadyRunning with the other's pid and start. On Windows the claim is made by msvcrt (not run in our tests).
    """
    descriptor = os.open(
        open_home(home) / LOCK_FILE,
        os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0),
        0o600,
    )
    try:
        _claim(descriptor, home)
        _claims.add(descriptor)
        yield
    finally:
        _claims.discard(descriptor)
        os.close(descriptor)


_claims: set[int] = set()
"Descriptors that carry a claim. A forked child must not keep one alive after its parent's death."


def _forget_claims() -> None:
    for descriptor in _claims:
        os.close(descriptor)
    _claims.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_claims)


def _claim(descriptor: int, home: Path) -> None:
    import psutil

    last = time.monotonic() + _LETTING_GO
    while not _locked(descriptor):
        found = _already_running(os.pread(descriptor, 200, 0), home)
        if found.pid is None or is_running(found.pid, found.since or 0.0) or time.monotonic() > last:
            raise found
        time.sleep(0.02)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()} {psutil.Process().create_time()}\n".encode(), 0)


def _already_running(text: bytes, home: Path) -> AlreadyRunning:
    hint = "Join it with devmesh.connect(), or stop it first."
    words = text.split()
    if len(words) != 2:  # noqa: PLR2004 - pid and start; the other may not have written them yet
        return AlreadyRunning(f"another process coordinates {home}", hint=hint)
    pid, since = int(words[0]), float(words[1])
    whose = "this process" if pid == os.getpid() else f"process {pid}"
    return AlreadyRunning(f"{whose} already coordinates {home}", pid=pid, since=since, hint=hint)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, 1_000_000, os.SEEK_SET)  # a byte beyond the text, so that others can still read who it is
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _locked(descriptor: int) -> bool:
    try:
        _lock(descriptor)
    except OSError:
        return False
    return True
