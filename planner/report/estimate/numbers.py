"""How numbers of the reading page are written: points, shares, counts, signs; a dash where nothing is known."""

from __future__ import annotations

import math

DASH = "–"


def known(value: float | None) -> bool:
    """True for a number that is neither missing nor infinite."""
    return value is not None and math.isfinite(value)


def points(value: float | None, digits: int = 2) -> str:
    """Write a value on the scale of a score."""
    return DASH if value is None or not known(value) else _proper(f"{value:,.{digits}f}")


def _proper(text: str) -> str:
    """Set a real minus; nothing is minus zero."""
    return text.lstrip("-+") if not text.strip("-+0.,") else text.replace("-", "−")


def signed(value: float | None, digits: int = 2) -> str:
    """Write a change with its sign."""
    return DASH if value is None or not known(value) else _proper(f"{value:+,.{digits}f}")


def share(value: float | None, digits: int = 0) -> str:
    """Write a ratio as a percentage."""
    return DASH if value is None or not known(value) else f"{value:.{digits}%}".replace("-", "−")


def count(value: float | None) -> str:
    """Write a number of contacts, answers or issues."""
    return DASH if value is None or not known(value) else f"{value:,.0f}"


def between(lower: float | None, upper: float | None, digits: int = 2) -> str:
    """Write an interval; a dash where neither end is known."""
    if (lower is None or not known(lower)) and (upper is None or not known(upper)):
        return DASH
    return f"{points(lower, digits)} to {points(upper, digits)}"


def seconds(value: float | None) -> str:
    """Write a duration in the unit people use for it."""
    if value is None or not known(value):
        return DASH
    for size, unit in ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min")):
        if value >= 2 * size:
            return f"{value / size:,.1f} {unit}"
    return f"{value:,.0f} s"
