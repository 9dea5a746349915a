"""The README tells of every setting there is, and of none that is not."""

from __future__ import annotations

import re

import pytest

from devmesh.settings import VARIABLES
from tests.architecture.walls import ROOT

README = ROOT / "README.md"

#: Named in the README, and set by devmesh for its tools rather than read by it.
TOLD_TO_TOOLS = {"DEVMESH_TASK_ATTEMPT", "DEVMESH_TASK_ID", "DEVMESH_RUN"}


@pytest.fixture(scope="module")
def readme() -> str:
    """Its text."""
    return README.read_text(encoding="utf-8")


def test_every_variable_is_in_the_readme(readme: str) -> None:
    """The configuration table is complete."""
    missing = [f"{row.name} (default: {row.default}): {row.meaning}" for row in VARIABLES if row.name not in readme]
    assert not missing, "README.md does not mention:\n" + "\n".join(missing)


def test_the_readme_names_no_variable_that_is_not_read(readme: str) -> None:
    """A setting that was renamed is renamed there too."""
    named = set(re.findall(r"DEVMESH_[A-Z][A-Z_]+[A-Z]", readme))
    assert named <= {row.name for row in VARIABLES} | TOLD_TO_TOOLS
