"""The kinds of fact, as the vocabulary has them."""

from __future__ import annotations

import pytest

from devmesh.audit.columns import DTYPES
from devmesh.audit.kinds import FLAT, KINDS, fields_of, matching
from devmesh.errors import Malformed
from devmesh.vocabulary import facts


def test_only_what_is_kept_has_a_kind() -> None:
    """Facts that are told but not kept cannot be asked for."""
    assert "leases_renewed" not in KINDS
    assert KINDS["lock_granted"] is facts.LockGranted


def test_a_glob_selects_kinds() -> None:
    """One, several, all; known ones of other versions too."""
    assert matching("lock_granted") == ("lock_granted",)
    assert len(matching("task_*")) <= FLAT < len(matching("*"))
    assert matching("*_admired", known=["lock_admired"]) == ("lock_admired",)


def test_a_glob_that_selects_nothing_is_answered_with_a_guess() -> None:
    """The person is told what was probably meant."""
    with pytest.raises(Malformed, match="Did you mean task_") as guess:
        matching("tsk_*")
    assert guess.value.field == "pattern"
    with pytest.raises(Malformed, match="try lock_"):
        matching("zzzzzz")


def test_every_field_has_a_column() -> None:
    """Of every kind of fact, of a kind that exists."""
    for kind, fact in KINDS.items():
        columns = fields_of((kind,))
        assert set(columns) == set(fact.__struct_fields__)
        assert set(columns.values()) <= set(DTYPES)


def test_kinds_that_disagree_make_an_object() -> None:
    """A name that means text in one kind and a number in another is neither."""
    disagreeing = {
        name
        for name, column in fields_of(("task_posted", "framework_read", "hardware_sampled")).items()
        if column == "object"
    }
    assert {"files", "needs", "total", "used"} <= disagreeing
    assert fields_of(("lock_granted",))["mode"] == "category"
    assert fields_of(("task_failed",))["attempt"] == "number"
