"""What can be said: requests in the imperative, facts in the past tense, one codec.

Knows no rule, clock, loop, disk or socket. The wire, the audit and the dashboards all read these types.
"""
