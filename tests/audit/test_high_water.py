"""The mark: whole or as before, ours alone, never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from devmesh.audit.high_water import HIGH_WATER_FILE, HighWater, read_high_water, write_high_water
from devmesh.errors import StorageError

MARK = HighWater(install_id="mine", epoch=3, sequence=77)


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    """And 0600, with nothing left beside it."""
    assert read_high_water(tmp_path) is None
    write_high_water(tmp_path, MARK)
    write_high_water(tmp_path, HighWater(install_id="mine", epoch=4, sequence=78))
    assert read_high_water(tmp_path) == HighWater(install_id="mine", epoch=4, sequence=78)
    assert [path.name for path in tmp_path.iterdir()] == [HIGH_WATER_FILE]
    assert (tmp_path / HIGH_WATER_FILE).stat().st_mode & 0o777 == 0o600


def test_a_draft_left_by_a_crash_is_replaced(tmp_path: Path) -> None:
    """Half a mark is never read."""
    write_high_water(tmp_path, MARK)
    (tmp_path / f".{HIGH_WATER_FILE}.new").write_bytes(b'{"install_')
    assert read_high_water(tmp_path) == MARK
    write_high_water(tmp_path, MARK)
    assert [path.name for path in tmp_path.iterdir()] == [HIGH_WATER_FILE]


def test_garbage_is_no_mark(tmp_path: Path) -> None:
    """What cannot be read says nothing."""
    (tmp_path / HIGH_WATER_FILE).write_bytes(b"\0\0\0")
    (tmp_path / HIGH_WATER_FILE).chmod(0o600)
    assert read_high_water(tmp_path) is None


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    """In our own words."""
    with pytest.raises(StorageError):
        write_high_water(tmp_path / "gone", MARK)
