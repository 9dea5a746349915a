"""The way below a root is written in one way, made folder by folder, and never through a link."""

from __future__ import annotations

from pathlib import Path

import pytest

from devmesh.errors import BadTarget, PathEscapes
from devmesh.repository import beneath
from devmesh.repository.beneath import make_folders, nearest_folder, open_folder, parts_of, root_folder


@pytest.mark.parametrize("path", ["", "a//b", "./a", "a/", "a\0b"])
def test_a_path_is_written_in_one_way_only(path: str) -> None:
    """Anything but the canonical form is refused by name."""
    with pytest.raises(BadTarget):
        parts_of(path)


@pytest.mark.parametrize("way", ["openat2", "walk"])
def test_folders_are_made_and_found_but_not_behind_a_link(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the kernel's help or without; the nearest folder that exists is passed a file by."""
    monkeypatch.setattr(beneath._Kernel, "has_openat2", way == "openat2")
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(".")
    with root_folder(tmp_path) as root:
        make_folders(root, ["a", "b"])
        make_folders(root, ["a", "b"])
        assert nearest_folder(root, "a/b/c/d/name") == ["a", "b"]
        assert nearest_folder(root, "file/name") == []
        for behind in (["link"], ["link", "a"]):
            with pytest.raises(PathEscapes):
                open_folder(root, behind)
        with pytest.raises(PathEscapes):
            make_folders(root, ["link", "made"])
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a", "file", "link"]
