"""Which Chromium the tests drive: the system's. None is downloaded."""

from __future__ import annotations

import shutil
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MISSING = "needs Chromium on PATH (Debian: apt-get install chromium)"

LAUNCH: dict[str, Any] = {"executable_path": PROGRAM, "args": ["--no-sandbox", "--disable-dev-shm-usage"]}
