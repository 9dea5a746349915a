"""On what kind of disk a folder lies, as far as it matters to a record. Knows mounts; no file of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import psutil

REMOTE: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afpfs", "webdav", "ceph", "glusterfs"}
)
"File systems that other machines write, too: their locks may not reach them, and a sync may not be one."


def remote_kind(folder: Path) -> str:
    """The kind of network disk that folder is on; empty on a local one, and where the system does not say."""
    try:
        mounts = {found.mountpoint: found.fstype for found in psutil.disk_partitions(all=True)}
    except (OSError, psutil.Error):
        return ""
    place = folder.resolve()
    kind = next((mounts[str(one)] for one in (place, *place.parents) if str(one) in mounts), "")
    return kind if kind in REMOTE else ""
