"""The log: coloured on a terminal, JSON lines in a file, and never a word in a notebook.

Set up by whoever runs the process, not by importing it. Knows nothing of what is logged, but makes it harmless.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import MutableMapping
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import structlog

from devmesh.vocabulary.plain import REDACTED, plain, redact

if TYPE_CHECKING:
    from devmesh.settings import Settings

Logger = structlog.stdlib.BoundLogger
Event = MutableMapping[str, Any]

FILE_NAME = "devmesh.log"

_ROOT = "devmesh"
_MAX_BYTES = 5_000_000
_KEPT_FILES = 2

logging.getLogger(_ROOT).addHandler(logging.NullHandler())


def logger(room: str) -> Logger:
    """The log of one room (`coordinator`, `bridge` ...). Silent until `configure` was called."""
    made = structlog.wrap_logger(
        logging.getLogger(f"{_ROOT}.{room}"),
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=Logger,
        cache_logger_on_first_use=True,
    )
    return cast("Logger", made)


def configure(settings: Settings, *, home: Path | None = None) -> Path | None:
    """Send the log where the settings say; returns the file it goes to, if any. May be called again.

    On a terminal, standard error gets it in colour; piped, as plain text. In a notebook nothing is ever printed:
    without a LOG_FILE it goes to `devmesh.log` in `home`. A file is for one process, 0600, and rotates at 5 MB.
    """
    close()
    file = settings.log_file or (home / FILE_NAME if home and in_kernel() else None)
    root = logging.getLogger(_ROOT)
    root.setLevel(settings.log_level)
    root.propagate = False
    if file is not None:
        root.addHandler(_formatted(_PrivateFile(file), structlog.processors.JSONRenderer(ensure_ascii=False)))
    if not in_kernel():
        colours = sys.stderr.isatty() and "NO_COLOR" not in os.environ
        root.addHandler(_formatted(logging.StreamHandler(), structlog.dev.ConsoleRenderer(colors=colours)))
    return file


def close() -> None:
    """Let go of the file and of standard error; the log is silent again."""
    root = logging.getLogger(_ROOT)
    for handler in list(root.handlers):
        if not isinstance(handler, logging.NullHandler):
            root.removeHandler(handler)
            handler.close()
    root.propagate = True


def in_kernel() -> bool:
    """Whether this process is a notebook's kernel, where whatever a thread prints lands in some cell."""
    shell = sys.modules.get("IPython")  # looked up, not imported: where it is not loaded there is no kernel
    return shell is not None and getattr(shell.get_ipython(), "kernel", None) is not None


# ---- how a line is made ----


def _formatted(handler: logging.Handler, renderer: structlog.typing.Processor) -> logging.Handler:
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _harmless,
                renderer,
            ],
        )
    )
    return handler


def _harmless(_: object, __: str, event: Event) -> Event:
    """Every text in the event, at any depth, without terminal control and without secrets."""
    return {plain(str(name)): _cleaned(value, str(name)) for name, value in event.items()}


def _cleaned(value: object, name: str = "") -> object:
    match value:
        case bool() | int() | float() | None:
            return value
        case dict():
            return {plain(str(key)): _cleaned(inner, str(key)) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_cleaned(inner) for inner in value]
    text = plain(str(value))
    is_named_secret = bool(name) and redact(f"{name}={text}") == f"{name}={REDACTED}"
    return REDACTED if is_named_secret else redact(text)


class _PrivateFile(RotatingFileHandler):
    """A log file that only its owner can read, every generation of it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(path, maxBytes=_MAX_BYTES, backupCount=_KEPT_FILES, encoding="utf-8", delay=True)

    def _open(self) -> TextIOWrapper:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
        return os.fdopen(os.open(self.baseFilename, flags, 0o600), "a", encoding="utf-8")
