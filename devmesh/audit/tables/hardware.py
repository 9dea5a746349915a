"""One row per measurement, reservation, release and excess: memory over time. Folded from the facts alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from devmesh.audit.columns import Count, Figure, Moment, Word
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded


class HardwareRow(Struct):
    """Gigabytes. A measurement makes one row for the machine (no agent) and one for each agent."""

    sequence: Count
    time: Moment
    event: Word
    "sampled, reserved, released or exceeded."
    agent: Word = None
    task: Count = None
    ram_gb: Figure = None
    "In use when sampled or exceeded, else the amount reserved or released."
    vram_gb: Figure = None
    free_ram_gb: Figure = None
    "What the ledger has left after a reservation or release."
    free_vram_gb: Figure = None
    total_ram_gb: Figure = None
    total_vram_gb: Figure = None
    declared_ram_gb: Figure = None
    declared_vram_gb: Figure = None
    action: Word = None
    "What was done about an excess."


def fold_hardware(recorded: Iterable[Recorded]) -> list[HardwareRow]:
    """Every row, in order."""
    return [row for one in recorded for row in _rows(one)]


def _rows(one: Recorded) -> Iterator[HardwareRow]:
    match one.fact:
        case facts.HardwareSampled() as fact:
            row = _row(one, "sampled", fact.used.ram_gb, fact.used.vram_gb)
            row.total_ram_gb, row.total_vram_gb = fact.total.ram_gb, fact.total.vram_gb
            yield row
            for usage in fact.agents:
                row = _row(one, "sampled", usage.used.ram_gb, usage.used.vram_gb)
                row.agent = usage.agent
                yield row
        case facts.HardwareReserved() | facts.HardwareReleased() as fact:
            event = "reserved" if isinstance(fact, facts.HardwareReserved) else "released"
            row = _row(one, event, fact.amount.ram_gb, fact.amount.vram_gb)
            row.agent, row.task = fact.agent, fact.task
            row.free_ram_gb, row.free_vram_gb = fact.free.ram_gb, fact.free.vram_gb
            yield row
        case facts.HardwareExceeded() as fact:
            row = _row(one, "exceeded", fact.used.ram_gb, fact.used.vram_gb)
            row.agent, row.action = fact.agent, fact.action
            row.declared_ram_gb, row.declared_vram_gb = fact.declared.ram_gb, fact.declared.vram_gb
            yield row
        case _:
            pass


def _row(one: Recorded, event: str, ram_gb: float, vram_gb: float) -> HardwareRow:
    return HardwareRow(sequence=one.sequence, time=one.at, event=event, ram_gb=ram_gb, vram_gb=vram_gb)


HARDWARE_FACTS: Final = (
    facts.HardwareSampled,
    facts.HardwareReserved,
    facts.HardwareReleased,
    facts.HardwareExceeded,
)
"All that the hardware's rows are made of."
