"""The command line `planner`; `main` is what tests call, `entry` what the installed script calls."""

from planner.cli.app import entry, main

__all__ = ["entry", "main"]
