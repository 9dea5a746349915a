"""The journal on its one thread, as the loop sees it: awaitable, in order, never blocking. Knows no rule.

Recovery is here too, because it is reading the record back: the newest snapshot, and every fact after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from devmesh import logs
from devmesh.audit import knowledge
from devmesh.audit.database import Damaged
from devmesh.audit.failpoints import Failpoint, passing
from devmesh.audit.journal import Journal
from devmesh.audit.replay import recover
from devmesh.audit.volumes import remote_kind
from devmesh.core.snapshot import freeze
from devmesh.core.state import MeshState
from devmesh.errors import StorageError
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import Discovery

T = TypeVar("T")

SNAPSHOT_EVERY = 5_000
"Facts between two snapshots, taken when nothing else waits."
SNAPSHOT_AT_LAST = 4 * SNAPSHOT_EVERY
"Facts after which one is taken although others wait."
_SHARE = 0.02
"Of all time, at most this much is spent on freezing states."

_log = logs.logger("coordinator")


class Recording:
    """The open journal. Made by `open`; calls are done in the order they are made."""

    def __init__(self, executor: ThreadPoolExecutor, journal: Journal, failpoint: Failpoint = passing) -> None:
        self._executor = executor
        self.journal = journal
        self._failpoint = failpoint
        self._damaged = False
        "Whether the journal is to be opened anew: it is closed, and was not rebuilt yet."
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="devmesh-search")
        self._saved = journal.last_sequence
        self._not_before = 0.0

    @classmethod
    async def open(cls, home: Path, *, now_wall: float, failpoint: Failpoint = passing) -> Recording:
        """Open, check and, where needed, rebuild the record. Raises AlreadyRunning and StorageError."""
        executor = ThreadPoolExecutor(1, thread_name_prefix="devmesh-journal")
        loop = asyncio.get_running_loop()
        try:
            journal = await loop.run_in_executor(
                executor, lambda: Journal.open(home, now_wall=now_wall, failpoint=failpoint)
            )
        except BaseException:
            executor.shutdown(wait=False)
            raise
        _tell_of_recovery(journal)
        if kind := await loop.run_in_executor(executor, remote_kind, home):
            _log.warning("the record lies on a network disk; set DEVMESH_HOME to a local folder", kind=kind)
        for note in journal.notes:
            (_log.warning if note in journal.doubts else _log.info)("a note on the record", note=note)
        return cls(executor, journal, failpoint)

    async def recover(self, now_wall: float) -> MeshState:
        """The state as of the last fact. A snapshot that cannot be thawed is passed by. Raises StorageError.

        A record that turned out to be damaged is looked through and rebuilt first, as at any start.
        """
        return await self._on_its_thread(lambda: self._recover(now_wall))

    async def append(self, recorded: Sequence[Recorded], at: float) -> None:
        """Keep them, all or none, before anybody is told. Raises StorageError."""
        await self._on_its_thread(lambda: self.journal.append(recorded, at))

    def search(self, query: str, limit: int) -> asyncio.Future[tuple[Discovery, ...]]:
        """Full text search over the discoveries, beside the journal: who searches much delays nobody's record."""
        return asyncio.get_running_loop().run_in_executor(
            self._beside, knowledge.search, self.journal.home, query, limit
        )

    def snapshot(self, state: MeshState, now: float, seconds: Callable[[], float], *, idle: bool) -> None:
        """Save the whole state, which must be as on record, if it is time to. Does not wait; failing costs nothing."""
        behind = state.sequence - self._saved
        if behind < (SNAPSHOT_EVERY if idle else SNAPSHOT_AT_LAST) or now < self._not_before:
            return
        begun = seconds()
        frozen = freeze(state)
        self._not_before = now + (seconds() - begun) / _SHARE
        self._saved = state.sequence
        sequence = state.sequence
        saving = self._on_its_thread(lambda: self.journal.save_snapshot(sequence, frozen))
        saving.add_done_callback(_note_failure)

    async def close(self, state: MeshState | None) -> None:
        """Say goodbye, with a last snapshot of the state as on record; without a state, just let go."""
        try:
            await self._on_its_thread(lambda: self._close(state))
        finally:
            self._executor.shutdown(wait=False)
            self._beside.shutdown(wait=False, cancel_futures=True)

    # ---- on the journal's thread ----

    def _recover(self, now_wall: float) -> MeshState:
        if not self._damaged:
            try:
                return self._folded()
            except Damaged:
                self._damaged = True
                self.journal.close(clean=False)
        home, failpoint = self.journal.home, self._failpoint
        self.journal = Journal.open(home, now_wall=now_wall, failpoint=failpoint, check_whole=True)
        self._damaged = False
        _tell_of_recovery(self.journal)
        return self._folded()

    def _folded(self) -> MeshState:
        state = recover(self.journal)
        self._saved = state.sequence
        return state

    def _close(self, state: MeshState | None) -> None:
        clean = state is not None and self.journal.failed is None
        try:
            if clean and state is not None and 0 < state.sequence == self.journal.last_sequence:
                self.journal.save_snapshot(state.sequence, freeze(state))
        except StorageError as error:
            _log.warning("the last snapshot could not be kept", error=str(error))
        finally:
            self.journal.close(clean=clean)

    def _on_its_thread(self, doing: Callable[[], T]) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._executor, doing)


def _tell_of_recovery(journal: Journal) -> None:
    if journal.recovery is not None:
        _log.error("the record was damaged and has been rebuilt", story=str(journal.recovery))


def _note_failure(saving: asyncio.Future[None]) -> None:
    if not saving.cancelled() and (error := saving.exception()) is not None:
        _log.warning("a snapshot could not be kept", error=str(error))
