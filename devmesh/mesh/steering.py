"""What a person decides in a mesh: the half of `Mesh` that pauses, judges, answers, shares and overrules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devmesh.mesh.waiting import Done, Several

if TYPE_CHECKING:
    from devmesh.mesh.door import Door
    from devmesh.mesh.operations import Operations, Which
    from devmesh.mesh.task import Task
    from devmesh.vocabulary.facts import Discovery


class Steering:
    """Each waits for the mesh's answer and raises its refusals."""

    _door: Door
    _operations: Operations

    # ---- tasks and agents ----

    def pause(self, which: Which) -> Done:
        """Stop a task's tool where it is, or (by name) all that an agent does."""
        return self._door.call(self._operations.pause(which))

    def resume(self, which: Which) -> Done:
        """Let a paused task or agent go on."""
        return self._door.call(self._operations.resume(which))

    def cancel(self, task: Which, reason: str = "") -> Done:
        """End a task; its tool is stopped and nothing of it lands."""
        return self._door.call(self._operations.cancel(task, reason))

    def retry(self, task: Which) -> Done:
        """Queue a failed or cancelled task again, its attempts counted from zero."""
        return self._door.call(self._operations.retry(task))

    def reprioritise(self, task: Which, priority: int) -> Done:
        """Give a task another priority: 1 is the most urgent, 5 the least."""
        return self._door.call(self._operations.reprioritise(task, priority))

    # ---- judging, sharing, overruling ----

    def answer(self, question: int, answer: str) -> Done:
        """Answer a question of the inbox, once."""
        return self._door.call(self._operations.answer(question, answer))

    def budget(self, *, usd: float | None = None, tokens: int | None = None, task: Which | None = None) -> Done:
        """Limit what the mesh, or one task, may spend from now on. What is not given is not limited."""
        return self._door.call(self._operations.budget(usd=usd, tokens=tokens, task=task))

    def approve(self, change: Task | int, remarks: str = "") -> Done:
        """Let a change in review land."""
        return self._door.call(self._operations.approve(change, remarks))

    def send_back(self, change: Task | int, remarks: str) -> Done:
        """Give a change back to its agent, with remarks."""
        return self._door.call(self._operations.send_back(change, remarks))

    def goal(self, text: str) -> Done:
        """Ask the architect for a plan towards a goal; its tasks are posted."""
        return self._door.call(self._operations.goal(text))

    def share(self, title: str, text: str, *, task: Which | None = None) -> int:
        """Leave something found out, for agents and people to find. Its number."""
        return self._door.call(self._operations.share(title, text, task=task))

    def search(self, query: str, limit: int = 10) -> Several[Discovery]:
        """Search what was shared, best first."""
        return self._door.call(self._operations.search(query, limit))

    def force_release(self, token: int, reason: str) -> Done:
        """Take a lock from its holder; the reason goes on record, and the holder is told."""
        return self._door.call(self._operations.force_release(token, reason))
