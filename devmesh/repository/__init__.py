"""The mesh's private repository, and the atomic exchange of files. Knows git and files; no agents, tasks or locks."""

from devmesh.repository.git import GitMissing
from devmesh.repository.loose import blob_id
from devmesh.repository.merging import MergeResult
from devmesh.repository.objects import LineCount, TreeEntry
from devmesh.repository.repository import Repository
from devmesh.repository.snapshots import Snapshot
from devmesh.repository.tree_lock import tree_lock

__all__ = ["GitMissing", "LineCount", "MergeResult", "Repository", "Snapshot", "TreeEntry", "blob_id", "tree_lock"]
