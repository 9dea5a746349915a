"""The CLIs a bridge can drive: data about each, and what turns that data into a command and its output into events.

Adapters are strangers to each other, and know neither the mesh nor the wire.
"""
