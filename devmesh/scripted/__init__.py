"""A coding CLI without a model: it does what the script inside its prompt says, and misbehaves on request.

A separate program (`python -m devmesh.scripted`, `devmesh-scripted`) that knows nothing of devmesh: the demo and the
tests run it as they would run any other CLI. `devmesh-scripted --help` shows the whole language.
"""
