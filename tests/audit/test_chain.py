"""Seals: each covers its row, its place and all before it; the key is private and made once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from devmesh.audit.chain import FIRST, KEY_FILE, Chain, Sealed, make_key, read_key
from devmesh.errors import StorageError

CHAIN = Chain(b"k" * 32)

rows = st.tuples(
    st.integers(1, 2**53),
    st.floats(allow_nan=False),
    st.floats(allow_nan=False),
    st.none() | st.integers(0, 2**53),
    st.none() | st.integers(0, 2**53),
    st.text(),
)


@given(rows, rows, st.binary(min_size=32, max_size=32))
def test_two_rows_have_two_seals(one: Sealed, other: Sealed, head: bytes) -> None:
    """No two different rows, heads or keys give the same seal; the same give the same."""
    assert (CHAIN.seal(one) == CHAIN.seal(other)) is (list(map(repr, one)) == list(map(repr, other)))
    assert (CHAIN.at(head).seal(one) == CHAIN.seal(one)) is (head == FIRST)
    assert Chain(b"q" * 32).seal(one) != CHAIN.seal(one)


def test_many_are_sealed_as_one_after_the_other() -> None:
    """Each seal is of the row and of the seal before."""
    first, second = (1, 1.0, 2.0, None, 3, "{}"), (2, 1.0, 2.0, None, 3, "{}")
    seal = CHAIN.seal(first)
    assert CHAIN.seals([first, second]) == [seal, CHAIN.at(seal).seal(second)]
    assert CHAIN.seals([second, first]) != [CHAIN.seal(second), seal]


def test_the_key_is_private(tmp_path: Path) -> None:
    """32 bytes in a file of 0600, read back as they are; None where there is none."""
    assert read_key(tmp_path) is None
    key = make_key(tmp_path)
    assert (len(key), read_key(tmp_path)) == (32, key)
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


def test_a_key_that_is_none_is_refused(tmp_path: Path) -> None:
    """A short one, one that others may read, and a link."""
    make_key(tmp_path)
    path = tmp_path / KEY_FILE
    path.write_bytes(b"short")
    with pytest.raises(StorageError, match="5 bytes, not 32"):
        read_key(tmp_path)
    path.chmod(0o644)
    with pytest.raises(StorageError, match="open to others"):
        read_key(tmp_path)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="is a link"):
        read_key(tmp_path)
