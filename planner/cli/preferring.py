"""Plans in the order of a user's preference: a wish, or weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from planner.errors import PlanError
from planner.frontier.frontier import Frontier
from planner.frontier.wish import AXES, Wish, meets, parse_levels
from planner.report.text import Units, percent, units_of

_MOST_DIGITS = 6


def preferred(
    frontier: Frontier, chosen: pd.DataFrame, levels: tuple[str, str], weights: tuple[str, str]
) -> tuple[pd.DataFrame, list[str]]:
    """Return the chosen plans in the order of a preference, the best first, and what to say of it.

    Parameters
    ----------
    levels
        Wish (aspiration) and reservation as text; weights then are empty.
    weights
        Weights and those of peak hours as text.

    Raises
    ------
    PlanError
        The preference cannot be read, or there are two.
    """
    if any(levels) and any(weights):
        raise PlanError("frontier: give --wish or --weights, not both")
    try:
        if any(levels):
            return _by_wish(frontier, chosen, *levels)
        return _by_weights(frontier, chosen, *weights)
    except ValueError as err:
        raise PlanError(f"frontier: {err}") from err


def _by_wish(frontier: Frontier, chosen: pd.DataFrame, wish: str, reservation: str) -> tuple[pd.DataFrame, list[str]]:
    if not wish:
        raise ValueError("--reservation needs a --wish")
    known = {name: sense for name, sense in frontier.senses.items() if name in frontier.table}
    ways = {**AXES, **{name: ">=" if sense > 0 else "<=" for name, sense in known.items()}}
    asked, floor = (parse_levels(text, ways) if text else None for text in (wish, reservation))
    reached = frontier.reached(asked or {}, floor)
    table = chosen.assign(achievement=chosen["plan"].map(reached))
    table = table[table["origin"] != "today"].sort_values("achievement", ascending=False, kind="stable")
    return table, [wish_words(frontier, asked or {}, str(plan)) for plan in table["plan"].head(1)]


def wish_words(frontier: Frontier, limits: Mapping[str, float], nearest: str) -> str:
    """Say of the plan that is nearest to a wish what it misses or has to spare."""
    units, plan = units_of(frontier), frontier.plan(nearest)
    parts = []
    for name, level in limits.items():
        value = float(plan.summary[name])
        if name in AXES:
            short = not meets((plan.cx, plan.cost, plan.headroom), Wish(**{name: level}))
        else:
            short = frontier.senses[name] * (value - level) < -1e-9 * abs(level)
        usual = [_written(units, name, v) for v in (value, level)]
        there, wished = _told_apart(units, name, value, level) if short else usual
        parts.append(f"{name} {there} ({'misses' if short else 'reaches'} {wished})")
    return f"Nearest to this wish is {plan.id}: {', '.join(parts)}."


def _written(units: Units, name: str, value: float, more: int = 0) -> str:
    """Write a value of an axis, with `more` digits than usual."""
    if name == "headroom":
        return percent(value, 1 + more)
    if name not in AXES:
        return f"{value:,.{2 + more}f}"
    finer = replace(units, cx_digits=units.cx_digits + more, money_digits=units.money_digits + more)
    return finer.cx(value) if name == "cx" else finer.money(value)


def _told_apart(units: Units, name: str, *values: float) -> list[str]:
    """Write values that differ with as many digits as show it."""
    for more in range(_MOST_DIGITS):
        words = [_written(units, name, value, more) for value in values]
        if len(set(words)) > 1:
            break
    return words


def _by_weights(
    frontier: Frontier, chosen: pd.DataFrame, weights: str, peak_weights: str
) -> tuple[pd.DataFrame, list[str]]:
    if peak_weights and not weights:
        raise ValueError("--peak-weights need --weights, those of the other hours")
    usual = parse_weights(weights)
    ranked = frontier.ranked({"peak": parse_weights(peak_weights), "off_peak": usual} if peak_weights else usual)
    table = ranked[ranked["plan"].isin(chosen["plan"])]
    words = [
        f"Best by these weights is {best['plan']}: {best['effectiveness']:.0f} of 100."
        for best in table.head(1).to_dict("records")
    ]
    return table, [*words, "Weights cannot find a plan in a dent of the frontier; a --wish can."]


def parse_weights(text: str) -> dict[str, float]:
    """Read "cx=4,cost=3,headroom=2"."""
    found: dict[str, float] = {}
    for term in text.split(","):
        name, equals, value = (part.strip() for part in term.partition("="))
        try:
            weight = float(value)
        except ValueError:
            equals = ""
        if not equals or not name or name in found:
            raise ValueError(f"weights {term.strip()!r} — must be AXIS=NUMBER, each axis once")
        found[name] = weight
    return found
