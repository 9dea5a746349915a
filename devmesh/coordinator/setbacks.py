"""What is made of a turn that failed: whether going on is of any use. Knows no loop and no record."""

from __future__ import annotations

from devmesh.audit.database import Damaged
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

        A full disk is neither: it is waited out, however often it fills up. A damaged record is rebuilt.
        """
        if isinstance(cause, StorageError) and cause.code is not Code.INTERNAL and not passes(cause):
            raise cause
        self._times = [*(time for time in self._times if now - time < _WITHIN), now]
        if len(self._times) > _FAULTS and not is_full(cause):
            raise MeshError("the coordinator failed again and again; its log says at what") from cause


def is_full(cause: BaseException | None) -> bool:
    """Whether there was no room on the disk."""
    return isinstance(cause, StorageError) and cause.code is Code.STORAGE_FULL


def passes(cause: BaseException | None) -> bool:
    """Whether no request is to blame, and it goes well again: once there is room, or once the record is rebuilt."""
    return is_full(cause) or isinstance(cause, Damaged)
