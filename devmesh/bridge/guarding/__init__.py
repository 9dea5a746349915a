"""What stands between a tool and the files: the hook it runs, the gates that decide, the sweep and the canary."""
