"""`python -m devmesh.terminal`: the same as `devmesh`."""

from __future__ import annotations

import sys

from devmesh.terminal.app import main

sys.exit(main())
