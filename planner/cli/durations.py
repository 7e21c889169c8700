"""Durations as people type them: 90, 60s, 5min, 1h."""

from __future__ import annotations

import re

from planner.errors import RunError

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(s|min|m|h|)\s*$")


def seconds_of(text: str) -> float:
    """Return the seconds of a duration such as "60s", "5min" or "1h"; a bare number is seconds."""
    match = _DURATION.match(text)
    seconds = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if seconds <= 0:
        raise RunError(f'--time-limit {text}: is not a duration above zero; write "60s", "5min" or "1h"')
    return seconds
