"""The shell around the rules: sockets, timers, the write gate, and whose loop they run on.

Decides nothing. What the core wants is done here, and what happened is given back to it as events.
"""
