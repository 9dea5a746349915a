"""Which variables a tool may see. Everything else of the notebook's environment, its secrets first, stays behind."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ALLOWED = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TZ",
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "CONDA_DEFAULT_ENV",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "CUDA_VISIBLE_DEVICES",
    "LD_LIBRARY_PATH",
)
"Names, and globs of names, that say where things are and nothing about who may use them."

SHORTEST_SECRET = 8
"Characters of a value that is looked for wherever it stands: shorter ones are words and numbers, too."
_NAMED = re.compile(r"(?i)(?:key|token|secret|pass|pass(?:word|wd|phrase)|pwd|credential|auth)s?(?:_|\d|\Z)")


def allowed_environment(extra: Mapping[str, str], keep: Iterable[str] = ()) -> dict[str, str]:
    """The variables of `ALLOWED` and `keep` (names or globs) that are set here, then `extra`, which wins."""
    patterns = (*ALLOWED, *keep)
    return {name: value for name, value in os.environ.items() if _matches(name, patterns)} | dict(extra)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def secrets_in(variables: Mapping[str, str]) -> tuple[str, ...]:
    """The values of those that are named like a secret, and long enough to be one. A path or a number is none."""
    return tuple(value for name, value in variables.items() if _NAMED.search(name) and _may_be_secret(value))


def _may_be_secret(value: str) -> bool:
    folder = Path(value).parent
    is_path = value.startswith(("~", "./")) or (folder.is_absolute() and folder != folder.parent and folder.is_dir())
    return len(value) >= SHORTEST_SECRET and not value.isdecimal() and not is_path
