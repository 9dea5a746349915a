"""`python -m devmesh.bridge TOOL --project DIR -- OPTIONS`: one bridge, in this process."""

from __future__ import annotations

import sys

from devmesh.bridge.join import main

if __name__ == "__main__":
    sys.exit(main())
