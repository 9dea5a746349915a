"""Files that tell other tools, the editor or git what to do: nobody but the person lets them be written. A table."""

from __future__ import annotations

import re
from typing import Final

DELICATE: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?:^|/)(?:claude|agents|gemini|qwen|copilot)(?:\.local)?\.md$",
        r"(?:^|/)\.(?:claude|codex|gemini|qwen|factory|opencode|continue|aider[^/]*)(?:/|$)",
        r"(?:^|/)\.cursor[^/]*(?:/|$)",
        r"(?:^|/)\.github/(?:copilot-instructions\.md|hooks/|instructions/)",
        r"(?:^|/)\.vscode/(?:tasks|launch|settings)\.json$",
        r"(?:^|/)(?:\.mcp\.json|opencode\.jsonc?|\.husky/.*|\.pre-commit-config\.yaml|\.envrc)$",
    )
)


def is_delicate(path: str) -> bool:
    """Whether a file of that path, from the project's folder on, would be obeyed by somebody."""
    return any(pattern.search(path) for pattern in DELICATE)
