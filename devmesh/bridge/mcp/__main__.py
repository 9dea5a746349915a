"""`python -m devmesh.bridge.mcp`: the server, for the agent whose desk is named, else as one of its own."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from devmesh.bridge.mcp.starting import main

    sys.exit(main())
