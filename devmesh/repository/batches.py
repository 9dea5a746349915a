"""Many objects read through one git process. Knows what `git cat-file` says; no files, no content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devmesh.errors import RepositoryError

if TYPE_CHECKING:
    from collections.abc import Collection

    from devmesh.repository.git import Git


def read_batch(git: Git, oids: Collection[str]) -> dict[str, bytes]:
    """The content of every blob named, byte for byte. Raises RepositoryError when one is missing, or is no blob."""
    if not oids:
        return {}
    said = git.run("cat-file", "--batch", given="".join(f"{oid}\n" for oid in oids).encode())
    found: dict[str, bytes] = {}
    at = 0
    for oid in oids:
        end = said.index(b"\n", at)
        words = said[at:end].decode().split()
        if words[1:2] != ["blob"]:
            msg = f"git cat-file: no such blob: {oid} is {' '.join(words[1:2]) or 'nothing'}"
            raise RepositoryError(msg)
        begins, at = end + 1, end + 2 + int(words[2])
        found[oid] = said[begins : at - 1]
    return found


def kinds_in_batch(git: Git, oids: Collection[str]) -> dict[str, str | None]:
    """What every object named is: `blob`, `tree`, `commit`, `tag`, or None where there is none."""
    if not oids:
        return {}
    said = git.run("cat-file", "--batch-check=%(objecttype)", given="".join(f"{oid}\n" for oid in oids).encode())
    kinds = (line.split()[-1] for line in said.decode().splitlines())
    return {oid: None if kind == "missing" else kind for oid, kind in zip(oids, kinds, strict=True)}
