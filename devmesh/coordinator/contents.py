"""What requests name of the mesh's own repository: it must be there, and be what it is named as. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator

from devmesh.core.events import Objection
from devmesh.errors import Code, RepositoryError
from devmesh.repository import Repository
from devmesh.vocabulary.requests import AnyRequest, OfferChange, ReportWrite


class Contents:
    """Asks the repository for what a request names. Blocking: belongs on a thread of its own."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def objection(self, request: AnyRequest) -> Objection | None:
        """The first object that is not there, or is something else, with its field.

        None where the repository cannot be asked: then the gate will meet it, and nothing that was found is lost.
        """
        named = tuple(_named(request))
        try:
            kinds = self._repository.kinds({oid for _, oid, _ in named})
        except (RepositoryError, OSError):
            return None
        for field, oid, wanted in named:
            if (kind := kinds[oid]) != wanted:
                found = f"{oid} is a {kind}, no {wanted}" if kind else f"there is no {wanted} {oid}"
                return Objection(code=Code.UNKNOWN, message=f"{found} in the mesh's repository", field=field)
        return None


def names_contents(request: AnyRequest) -> bool:
    """Whether the repository must be asked about it."""
    return next(_named(request), None) is not None


def _named(request: AnyRequest) -> Iterator[tuple[str, str, str]]:
    """Field, name, and what it must be. What a change was made from the gate itself compares with its base."""
    match request:
        case OfferChange():
            yield "base", request.base, "commit"
            yield "head", request.head, "commit"
            for number, file in enumerate(request.files):
                if file.after is not None:
                    yield f"files[{number}].after", file.after, "blob"
        case ReportWrite():
            if request.before is not None:
                yield "before", request.before, "blob"
            if request.after is not None:
                yield "after", request.after, "blob"
