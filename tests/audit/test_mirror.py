"""The mirror: always a prefix of the record, cut where it is torn, never in the way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from devmesh.audit import mirror as mirrors
from devmesh.audit.database import Damaged
from devmesh.audit.mirror import CATCH_UP, Mirror, read_mirror
from devmesh.errors import StorageError
from devmesh.vocabulary.codec import Recorded, encode
from tests.audit.samples import locking

FACTS = [one for batch in locking(40) for one in batch]


def source(after: int, most: int) -> list[Recorded]:
    """What a database would give."""
    return [one for one in FACTS if one.sequence > after][:most]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A whole mirror of all facts."""
    whole = tmp_path / "audit.jsonl"
    whole.write_bytes(b"".join(encode(one) + b"\n" for one in FACTS))
    whole.chmod(0o600)
    return whole


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    """A new one."""
    made = Mirror(tmp_path / "audit.jsonl")
    yield made
    made.close()


def test_it_takes_facts_as_they_come(mirror: Mirror) -> None:
    """Turn after turn, one line per fact, readable again."""
    mirror.append(FACTS[:3], 0.0, source)
    mirror.append(FACTS[3:10], 1.0, source)
    assert list(read_mirror(mirror.path)) == FACTS[:10]


@pytest.mark.parametrize("torn", [1, 40, 100_000])
def test_a_torn_tail_is_cut_and_written_again(path: Path, torn: int) -> None:
    """Whatever part of the end is missing, opening cuts at the last whole line and catching up makes it whole."""
    whole = path.read_bytes()
    path.write_bytes(whole[: max(0, len(whole) - torn)])
    opened = Mirror(path)
    assert opened.last_sequence < FACTS[-1].sequence
    opened.catch_up(source)
    opened.close()
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "garbage", [b"\0" * 5000, b"{}\n{}\n", b"\xff\xfe\n", b'{"sequence": 1, "fact": {"kind": "nothing"}}\n']
)
def test_garbage_at_the_end_is_cut(path: Path, garbage: bytes) -> None:
    """Lines that say nothing are not facts, whole lines or not."""
    whole = path.read_bytes()
    path.write_bytes(whole + garbage)
    opened = Mirror(path)
    assert opened.last_sequence == FACTS[-1].sequence
    opened.close()
    assert path.read_bytes() == whole


def test_a_long_last_line_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading backwards works whatever the size of a block."""
    for block in (1, 7, 64, 1000):
        monkeypatch.setattr(mirrors, "_BLOCK", block)
        path = tmp_path / f"{block}.jsonl"
        path.write_bytes(b"".join(encode(one) + b"\n" for one in FACTS[:20]) + b"torn")
        path.chmod(0o600)
        opened = Mirror(path)
        assert opened.last_sequence == FACTS[19].sequence
        opened.close()


def test_what_a_full_disk_refuses_is_owed(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed write and a short one are both made good later, in order, and never raise."""
    real = os.pwrite
    mirror.append(FACTS[:2], 0.0, source)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    mirror.append(FACTS[2:4], 0.0, source)
    assert mirror.problem is not None
    assert "No space" in mirror.problem
    monkeypatch.setattr(os, "pwrite", lambda file, text, at: real(file, text[:10], at))
    mirror.append(FACTS[4:6], 0.0, source)
    assert mirror.problem is not None
    monkeypatch.setattr(os, "pwrite", real)
    mirror.append(FACTS[6:8], 0.0, lambda after, most: [one for one in source(after, most) if one.sequence <= 8])
    assert list(read_mirror(mirror.path)) == FACTS[:8]


def test_a_long_lag_is_made_good_in_pieces(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    """No turn waits for more than a bounded piece."""
    monkeypatch.setattr(mirrors, "CATCH_UP", 10)
    mirror.append(FACTS[50:51], 0.0, lambda after, most: source(after, most) if after < 50 else [])
    assert (mirror.last_sequence, mirror.problem) == (10, "catching up")
    assert CATCH_UP > 10


def test_a_fault_in_the_middle_is_named(path: Path) -> None:
    """An edited, missing or exchanged line is reported with its number."""
    lines = path.read_bytes().splitlines(keepends=True)
    for spoilt, line in (
        ([*lines[:4], b"{}\n", *lines[5:]], 5),
        ([*lines[:4], *lines[5:]], 5),
        ([*lines[:4], lines[5], lines[4], *lines[6:]], 5),
    ):
        path.write_bytes(b"".join(spoilt))
        with pytest.raises(Damaged, match=f"line {line}:"):
            list(read_mirror(path))


def test_a_link_is_refused(tmp_path: Path, path: Path) -> None:
    """Nobody makes us write through a link."""
    link = tmp_path / "link.jsonl"
    link.symlink_to(path)
    with pytest.raises(StorageError, match="is a link, or no plain file"):
        Mirror(link)
