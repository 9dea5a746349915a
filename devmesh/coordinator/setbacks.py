"""What is made of a turn that failed: whether going on is of any use. Knows no loop and no record."""

from __future__ import annotations

from devmesh.errors import Code, MeshError, StorageError

_FAULTS = 5
"Failed turns in `_WITHIN` seconds of mesh time after which going on is no use."
_WITHIN = 60.0


class Setbacks:
    """Counts them."""

    def __init__(self) -> None:
        self._times: list[float] = []

    def refuse_to_go_on(self, cause: BaseException | None, now: float) -> None:
        """Raises `cause` where the record cannot be trusted any more, MeshError where it fails again and again.

        A full disk is neither: it is waited out, however often it fills up.
        """
        if isinstance(cause, StorageError) and cause.code not in {Code.STORAGE_FULL, Code.INTERNAL}:
            raise cause
        self._times = [*(time for time in self._times if now - time < _WITHIN), now]
        if len(self._times) > _FAULTS and not is_full(cause):
            raise MeshError("the coordinator failed again and again; its log says at what") from cause


def is_full(cause: BaseException | None) -> bool:
    """Whether there was no room on the disk."""
    return isinstance(cause, StorageError) and cause.code is Code.STORAGE_FULL
