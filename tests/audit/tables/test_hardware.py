"""The machine's memory over time."""

from __future__ import annotations

from devmesh.audit.tables.hardware import fold_hardware
from tests.audit.samples import working


def test_each_event_has_its_figures() -> None:
    """Reserved and released with what is free; measured for machine and agents; exceeded with what was declared."""
    made = fold_hardware(working().recorded)
    assert [
        (row.event, row.agent, row.ram_gb, row.free_ram_gb, row.total_ram_gb, row.declared_ram_gb) for row in made
    ] == [
        ("reserved", "claude-1", 2.0, 6.0, None, None),
        ("released", "claude-1", 2.0, 8.0, None, None),
        ("sampled", None, 5.0, None, 16.0, None),
        ("sampled", "claude-1", 3.0, None, None, None),
        ("exceeded", "claude-1", 3.0, None, None, 2.0),
    ]
    assert made[0].task == 1
    assert made[-1].action == "warned"
