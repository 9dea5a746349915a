"""Runs other people's programs, and is sure they end. Knows processes, pipes and limits; no agents, tasks or locks."""

from devmesh.processes.command import Command, Ended
from devmesh.processes.detached import end, is_alive, spawn_detached
from devmesh.processes.environment import allowed_environment
from devmesh.processes.supervised import SupervisedProcess, run

__all__ = [
    "Command",
    "Ended",
    "SupervisedProcess",
    "allowed_environment",
    "end",
    "is_alive",
    "run",
    "spawn_detached",
]
