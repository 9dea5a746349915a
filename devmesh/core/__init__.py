"""The rules: pure and deterministic. State changes only by applying facts.

Knows no clock, loop, disk, thread, randomness or hash order; `now` is an argument, numbers are counters,
ties break by a stated total order.
"""
