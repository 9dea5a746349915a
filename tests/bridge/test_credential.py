"""A bridge's own secret, on its way to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from devmesh.bridge.credential import leave_secret, take_secret
from devmesh.errors import MeshError


def test_the_file_of_a_secret_is_for_one_reader(tmp_path: Path) -> None:
    """0600, and gone once taken; one that others could have read is not taken."""
    path = leave_secret(tmp_path, "s" * 43)
    assert path.stat().st_mode & 0o777 == 0o600
    assert take_secret(path) == "s" * 43
    assert not path.exists()
    path.write_text("s" * 43)
    path.chmod(0o644)
    with pytest.raises(MeshError, match="read by others"):
        take_secret(path)
    with pytest.raises(MeshError):
        take_secret(tmp_path / "none")


def test_a_link_is_not_followed_to_a_secret(tmp_path: Path) -> None:
    """Somebody could have it read and removed another file."""
    real = leave_secret(tmp_path, "s" * 43)
    link = tmp_path / "link"
    link.symlink_to(real)
    with pytest.raises(MeshError):
        take_secret(link)
    assert real.exists()
