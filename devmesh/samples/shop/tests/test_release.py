import unittest
from pathlib import Path

import shop

CHANGES = Path(__file__).parents[1] / "CHANGELOG.md"


class Release(unittest.TestCase):
    def test_the_changelog_tells_of_this_version(self) -> None:
        self.assertEqual(shop.__version__, "1.0.0")
        released = CHANGES.read_text(encoding="utf-8").split("## 1.0.0")[1].split("## 0.9.0")[0]
        self.assertEqual(sum(line.startswith("- ") for line in released.splitlines()), 8)
