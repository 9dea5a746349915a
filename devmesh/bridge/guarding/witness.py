"""The witness: reads each version of a file as soon as its writer is done with it. Knows bytes; not whose they are.

What it saw it also writes down, for those who have come later and were not there.

Linux tells of writes by inotify. Elsewhere, or in a project with more folders than the system lets one watch, there is
no witness, and it says so.
"""

from __future__ import annotations

import math
import os
import select
import stat
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final, Literal, NamedTuple

import msgspec

from devmesh.repository.staging import PREFIX

if sys.platform == "linux":
    from asyncinotify import Event, Inotify, Mask

    WRITTEN = Mask.CLOSE_WRITE | Mask.MOVED_TO
    GONE = Mask.MOVED_FROM | Mask.DELETE
    COME_OR_GONE = Mask.CREATE | Mask.MOVED_TO | GONE
    FOLDER = Mask.ONLYDIR | Mask.DONT_FOLLOW | Mask.EXCL_UNLINK

LARGEST = 4 * 2**20
"Bytes of a file that is read; of a larger one, only looks tell."
MOST = 8 * LARGEST
"Bytes kept in all; beyond them the oldest go."
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Sight(NamedTuple):
    """What a file was at one instant."""

    at: float
    "Seconds of CLOCK_MONOTONIC, which every process of the machine shares."
    content: bytes | None
    "None: it was gone."
    landed: bool = False
    "Whether it was the gate's doing."


Sights = dict[str, list[Sight]]
"By path, oldest first."


class _Entry(NamedTuple):
    """What is written down of one sight."""

    path: str
    at: float
    content: bytes | None
    landed: bool


class _Told(NamedTuple):
    """One event: of which file, what became of it, and the cookie of a rename."""

    path: str
    became: Literal["unfinished", "whole", "gone"]
    cookie: int = 0


_STIR = _Told("", "unfinished")
"Something is not as it was; there is nothing to be read."


class Witness:
    """Sees with a thread of its own, from `begin` to `end`. Every method may be called from any thread."""

    def __init__(self, root: Path, notes: Path) -> None:
        """Of the files in `root`; what was seen is in the file `notes`, from the beginning to the end."""
        self.complete = False
        "Whether nothing that is written to the files followed goes unseen."
        self.since = math.inf
        "When it began to follow them, in seconds of CLOCK_MONOTONIC."
        self._root = root
        self._notes = notes
        self._told: Callable[[], object] | None = None
        self._guard = threading.Lock()
        self._folders: dict[int, str] = {}
        "Those that are watched, by the system's number."
        self._wanted: set[str] = set()
        "Those that files followed are in, whether they are there now or not."
        self._files: set[str] = set()
        "Those that are followed."
        self._fresh: set[str] = set()
        "Those that appeared beside them since anything was forgotten: they may be, soon."
        self._sights: deque[tuple[str, Sight]] = deque()
        self._size = 0
        self._landing: set[int] = set()
        "Cookies of renames that are the gate's, of those that are not dealt with."
        self._pending: Counter[str] = Counter()
        "Events that have come in of each file, and are not dealt with."
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Be ready to follow files. Where the system refuses, `complete` stays false."""
        if sys.platform != "linux":
            return
        with suppress(OSError):
            self._inotify = Inotify(cache_size=256)
            self._inotify.sync_timeout = 0
            self._over = os.eventfd(0, os.EFD_CLOEXEC)
            self._written = os.open(self._notes, _WRITE, 0o600)
            self.complete = True
            self._thread = threading.Thread(target=self._see, name="devmesh-witness", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """See nothing any more. Harmless to repeat."""
        if self._thread is not None:
            os.eventfd_write(self._over, 1)
            self._thread.join()
            self._thread = None
            self.complete = False
            self._inotify.close()
            os.close(self._over)
            os.close(self._written)
            self._notes.unlink(missing_ok=True)

    def follow(self, paths: Iterable[str]) -> None:
        """These files, too, and whatever appears beside them."""
        with self._guard:
            if self._thread is None:
                return
            named = set(paths) - self._files
            self._files |= named
            wanted = {".", *(str(above) for name in named for above in PurePosixPath(name).parents)} - self._wanted
            self._wanted |= wanted
            for folder in wanted:
                self._watch(folder)
            if self.since == math.inf:
                self.since = time.monotonic()
                self._note(self.since)

    def sights(self) -> Sights:
        """Everything that was seen up to this instant and is not forgotten."""
        with self._guard:
            stirred = self._thread is not None and self._take_in()
            seen: Sights = {}
            for path, sight in self._sights:
                seen.setdefault(path, []).append(sight)
        self._tell(stirred=stirred)
        return seen

    def _watch(self, folder: str) -> None:
        try:
            watch = self._inotify.add_watch(self._root / folder, Mask.MODIFY | WRITTEN | COME_OR_GONE | FOLDER)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError:  # the system has no watch left, or will not show the folder
            self.complete = False
            return
        self._folders[watch.wd] = folder

    def _see(self) -> None:
        waiting = select.poll()
        for descriptor in (self._inotify.fd, self._over):
            waiting.register(descriptor, select.POLLIN)
        while self._over not in dict(waiting.poll()):
            with self._guard:
                stirred = self._take_in()
            self._tell(stirred=stirred)

    def _tell(self, *, stirred: bool) -> None:
        if stirred and self._told is not None:
            self._told()

    def _take_in(self) -> bool:
        """Deal with everything the system has to tell; returns whether something of ours was written."""
        queue = deque(self._events())
        stirred = bool(queue)
        while queue:
            path, became, cookie = queue.popleft()
            self._pending[path] -= became != "gone"
            # of a version that another has followed there is nothing left to read
            if became == "unfinished" or self._pending[path]:
                continue
            at, file = time.monotonic(), self._root / path
            content = _read(file) if became == "whole" else None
            queue.extend(self._events())
            if self._pending[path] or (content is None and (became == "whole" or os.path.lexists(file))):
                continue  # it is half written, or there again, or none that is read
            self._keep(path, Sight(at, content, cookie in self._landing))
        self._pending.clear()
        self._landing.clear()
        return stirred

    def _events(self) -> Iterator[_Told]:
        while (event := self._inotify.sync_get()) is not None:
            told = self._meaning(event)
            if told is not None:
                self._pending[told.path] += told.became != "gone"
                yield told

    def _meaning(self, event: Event) -> _Told | None:
        if Mask.Q_OVERFLOW in event.mask:
            return _STIR  # nobody knows what was missed
        watch = event.watch
        folder = None if watch is None else self._folders.get(watch.wd)
        if watch is None or folder is None:
            return None
        if Mask.IGNORED in event.mask:
            del self._folders[watch.wd]
            return None
        name = str(PurePosixPath(folder, str(event.name or "")))
        if Mask.ISDIR in event.mask:
            self._of_folder(event, name)
            return _STIR
        return self._of_file(event, name)

    def _of_file(self, event: Event, path: str) -> _Told | None:
        if PurePosixPath(path).name.startswith(PREFIX):
            self._landing.add(event.cookie)
            return None
        if event.mask & COME_OR_GONE:
            self._fresh.add(path)
        elif path not in self._files and path not in self._fresh:
            return None
        became: Final = "gone" if event.mask & GONE else "whole" if event.mask & WRITTEN else "unfinished"
        return _Told(path, became, event.cookie)

    def _of_folder(self, event: Event, name: str) -> None:
        """One that has another name now is not the one it was; one that is there again is."""
        if Mask.MOVED_FROM in event.mask:
            watches = {watch.wd: watch for watch in self._inotify.watches}
            for number, _ in [one for one in self._folders.items() if _is_in(one[1], name)]:
                del self._folders[number]
                with suppress(OSError, KeyError):
                    self._inotify.rm_watch(watches[number])
        elif name in self._wanted and event.mask & COME_OR_GONE and Mask.DELETE not in event.mask:
            for folder in [one for one in self._wanted if _is_in(one, name)]:
                self._watch(folder)

    def listen(self, told: Callable[[], object] | None) -> None:
        """Call this, on a thread of the witness, whenever something of the project was written."""
        self._told = told

    def forget(self, until: float) -> None:
        """What was seen up to that instant is not needed any more."""
        with self._guard:
            self._fresh.clear()
            while self._sights and self._sights[0][1].at <= until:
                self._drop()
            if self._thread is not None and not self._sights:
                os.ftruncate(self._written, 0)
                self._note(self.since)

    def _keep(self, path: str, sight: Sight) -> None:
        self._sights.append((path, sight))
        self._size += len(sight.content or b"")
        self._note(_Entry(path, *sight))
        while self._size > MOST:
            self._drop()

    def _note(self, what: object) -> None:
        with suppress(OSError, UnicodeEncodeError):  # it is still in memory
            os.write(self._written, msgspec.json.encode(what) + b"\n")

    def _drop(self) -> None:
        _path, oldest = self._sights.popleft()
        self._size -= len(oldest.content or b"")


def written_down(notes: Path) -> tuple[float, Sights]:
    """What another witness has seen, and since when; as far as it has written that down."""
    seen: Sights = {}
    since = math.inf
    with suppress(OSError, msgspec.DecodeError):  # it may be writing this moment
        first, *lines = notes.read_bytes().splitlines()
        since = msgspec.json.decode(first, type=float)
        for line in lines:
            entry = msgspec.json.decode(line, type=_Entry)
            seen.setdefault(entry.path, []).append(Sight(entry.at, entry.content, entry.landed))
    return since, seen


def _is_in(name: str, folder: str) -> bool:
    return name == folder or name.startswith(f"{folder}/")


def _read(file: Path) -> bytes | None:
    """What is in it now; None where there is no such file, or too much of it."""
    with suppress(OSError):
        descriptor = os.open(file, _READ)
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode) and status.st_size <= LARGEST:
                return stream.read(LARGEST)
    return None
