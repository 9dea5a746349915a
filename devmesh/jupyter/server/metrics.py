"""The state of every mesh in Prometheus' text format. Counts; names no task and no file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from devmesh.mesh.status import Status, status_of
from devmesh.vocabulary.terms import AgentState, TaskState

if TYPE_CHECKING:
    from devmesh.jupyter.server.meshes import Held

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LABEL = ("project",)


def metrics(counted: Iterable[tuple[str, Held | None]]) -> bytes:
    """One exposition for all meshes; those that did not answer (None) are down."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Meshes([(name, status_of(held.door, host=False) if held else None) for name, held in counted]))
    return generate_latest(registry)


class _Meshes(Collector):
    def __init__(self, counted: list[tuple[str, Status | None]]) -> None:
        self._counted = counted

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("devmesh_up", "Whether the mesh answers.", labels=_LABEL)
        agents = GaugeMetricFamily("devmesh_agents", "Agents in the mesh, by state.", labels=("project", "state"))
        tasks = GaugeMetricFamily("devmesh_tasks", "Tasks ever posted, by state.", labels=("project", "state"))
        locks = GaugeMetricFamily("devmesh_locks_held", "Locks held.", labels=_LABEL)
        waiting = GaugeMetricFamily("devmesh_lock_requests_waiting", "Lock requests in the queue.", labels=_LABEL)
        landed = CounterMetricFamily("devmesh_changes_landed", "Changes that landed.", labels=_LABEL)
        facts = CounterMetricFamily("devmesh_facts", "Facts on record.", labels=_LABEL)
        for name, status in self._counted:
            up.add_metric([name], 0 if status is None or not status.running else 1)
            if status is None:
                continue
            for agent_state in AgentState:
                agents.add_metric([name, agent_state.value], status.agents.get(agent_state.value, 0))
            for task_state in TaskState:
                tasks.add_metric([name, task_state.value], status.tasks.get(task_state.value, 0))
            locks.add_metric([name], status.locks)
            waiting.add_metric([name], status.waiting)
            landed.add_metric([name], status.landed)
            facts.add_metric([name], status.sequence)
        yield from (up, agents, tasks, locks, waiting, landed, facts)
