"""Network disks: known by what the system says of them, warned of, and refused where SQLite cannot work on them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from devmesh.audit.volumes import REMOTE, remote_kind

ROOT = Path(__file__).resolve().parents[2]


def mounted(monkeypatch: pytest.MonkeyPatch, **kinds: str) -> None:
    """Have the system say that these are mounted, `_` for `/`."""
    found = [SimpleNamespace(mountpoint=name.replace("_", "/"), fstype=kind) for name, kind in kinds.items()]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: found)


@pytest.mark.parametrize("kind", sorted(REMOTE))
def test_the_nearest_mount_decides(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A folder below a network disk is on it, unless a local one is mounted in between."""
    mounted(monkeypatch, _="ext4", _far=kind, _far_near="ext4")
    assert remote_kind(Path("/far/home/mesh")) == kind
    assert remote_kind(Path("/far/near/mesh")) == ""
    assert remote_kind(Path("/farther")) == ""


WITHOUT_SHARED_MEMORY = """
import ctypes, ctypes.util, sys
from pathlib import Path
from devmesh.audit.journal import Journal
from devmesh.errors import StorageError
library = ctypes.CDLL(ctypes.util.find_library("sqlite3"))
library.sqlite3_vfs_find.restype = ctypes.c_void_p
library.sqlite3_vfs_find.argtypes = [ctypes.c_char_p]
library.sqlite3_vfs_register.argtypes = [ctypes.c_void_p, ctypes.c_int]
assert library.sqlite3_vfs_register(library.sqlite3_vfs_find(b"unix-dotfile"), 1) == 0
try:
    Journal.open(Path(sys.argv[1]), now_wall=0.0)
except StorageError as error:
    print(error)
"""


@pytest.mark.slow
def test_a_disk_without_shared_memory_is_refused(tmp_path: Path) -> None:
    """SQLite's own way for disks that cannot do it takes the place of the usual one; the folder to change is named."""
    command = [sys.executable, "-c", WITHOUT_SHARED_MEMORY, str(tmp_path / "home")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=50)
    if "vfs" in ended.stderr or "AttributeError" in ended.stderr:
        pytest.skip("this Python carries an SQLite of its own, which cannot be reached")
    assert "cannot share memory" in ended.stdout, ended.stdout + ended.stderr
    assert "DEVMESH_HOME" in ended.stdout
