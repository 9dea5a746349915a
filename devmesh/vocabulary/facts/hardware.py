"""Facts about the GPU and RAM ledger."""

from __future__ import annotations

from devmesh.vocabulary.record import Fact, Record
from devmesh.vocabulary.terms import Line, Name, Number, Resources


class HardwareReserved(Fact):
    """Set aside for one attempt of one task, from its award to its end (Rule 6)."""

    agent: Name
    task: Number
    amount: Resources
    free: Resources
    "What is left for others."


class HardwareReleased(Fact):
    agent: Name
    task: Number
    amount: Resources
    free: Resources


class Usage(Record):
    agent: Name
    used: Resources


class HardwareSampled(Fact):
    """Measured, not declared: the machine, and each agent's process tree."""

    total: Resources
    used: Resources
    agents: tuple[Usage, ...] = ()


class HardwareExceeded(Fact):
    """An agent uses more than it declared. `action` says what was done about it."""

    agent: Name
    declared: Resources
    used: Resources
    action: Line = "warned"
