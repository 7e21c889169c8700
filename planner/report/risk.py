"""The band the frontier moves in over the risk draws, for the picture, and what it says in words."""

from __future__ import annotations

from typing import Any

from planner.frontier.frontier import Frontier
from planner.report.plan_words import RISK
from planner.report.text import Units, percent

_EDGES = ("p10", "p50", "p90")


def risk_band(frontier: Frontier, units: Units) -> dict[str, Any]:
    """Curves of the lowest headroom level: `{headroom, p10, p50, p90: [[cost, cx], ...], help}`; {} without draws."""
    table = frontier.tables.get("attainment")
    draws = (frontier.meta.get("risk") or {}).get("draws")
    if table is None or table.empty or not draws:
        return {}
    level = float(table["headroom"].min())
    own = table[table["headroom"] == level]
    curves = {
        edge: [
            [round(float(cost), units.money_digits), round(float(cx), units.cx_digits + 2)]
            for cost, cx in own.loc[own["curve"] == edge, ["cost", "cx"]].itertuples(index=False)
        ]
        for edge in _EDGES
    }
    words = RISK["band_help"].format(draws=draws, headroom=percent(level))
    return {"headroom": level, **curves, "help": words} if curves["p10"] else {}


def risk_words(frontier: Frontier) -> str:
    """Say how many draws there were and what they cannot tell; empty without draws."""
    return str((frontier.meta.get("risk") or {}).get("words") or "")
