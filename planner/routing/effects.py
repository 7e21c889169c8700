"""What a plan's rules change for whom: expected effect per cell with its interval, and the evidence behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from planner.frontier.frontier import Frontier, Plan
from planner.routing.answers import Cell

_KEYS = ["reason", "segment", "channel"]


def cells_of(plan: Plan) -> dict[Cell, float]:
    """First contacts of a plan by reason × segment × the channel customers choose, contacts per horizon."""
    first = plan.flows[(plan.flows["stage"] == "first") & (plan.flows["from_channel"] != "")]
    total = first.groupby(["reason", "segment", "from_channel"])["contacts"].sum()
    return {(str(r), str(s), str(c)): float(n) for (r, s, c), n in total.items()}


def effects(frontier: Frontier, plan: Plan) -> pd.DataFrame:
    """Expected change of the score of first contacts against Today, cell by cell.

    Both scores are means of the flows' scores (resolved, zero wait) weighted by contacts. Its interval is made of the
    estimates' own: half-widths of the cells between which customers move, root of the sum of squares, times the share
    that moves; a change of pool alone takes the half-width of its cell. A 95 % interval of estimates, not of what a
    single week will show.

    Returns
    -------
    DataFrame
        `reason, segment, channel, contacts, wait_s, wait_today_s, effect, lower, upper` (points), `evidence` (effective
        answers behind the thinnest estimate used; NaN where scores are stated).
    """
    now, then = _first(plan.flows), _first(frontier.plan("today").flows)
    known = {tuple(row[k] for k in _KEYS): row for row in _estimates(frontier)}
    rows = []
    for cell, here in now.groupby(["reason", "segment", "from_channel"], sort=False):
        before = then[(then[["reason", "segment", "from_channel"]] == list(cell)).all(axis=1)]
        half, evidence = _half_width(cell, here, before, known)
        effect = _mean(here, "score") - _mean(before, "score")
        contacts = float(here["contacts"].sum())
        waits = (_mean(here, "wait_s"), _mean(before, "wait_s"))
        rows.append((*cell, contacts, *waits, effect, effect - half, effect + half, evidence))
    columns = [*_KEYS, "contacts", "wait_s", "wait_today_s", "effect", "lower", "upper", "evidence"]
    return pd.DataFrame(rows, columns=columns)


def _first(flows: pd.DataFrame) -> pd.DataFrame:
    return flows[(flows["stage"] == "first") & (flows["from_channel"] != "") & (flows["contacts"] > 0)]


def _estimates(frontier: Frontier) -> list[dict[str, Any]]:
    return list(frontier.meta.get("experience_table") or [])


def _mean(flows: pd.DataFrame, name: str) -> float:
    weight = flows["contacts"].to_numpy(float)
    return float(flows[name].to_numpy(float) @ weight / weight.sum()) if weight.sum() > 0 else float("nan")


def _half_width(
    cell: Any, here: pd.DataFrame, before: pd.DataFrame, known: Mapping[tuple[Any, ...], Mapping[str, Any]]
) -> tuple[float, float]:
    """Half-width of the effect and the effective answers of the thinnest estimate in it."""
    reason, segment, channel = cell
    own, own_n = _estimate(known, (reason, segment, channel))
    total, evidence = here["contacts"].sum(), own_n
    squares = 0.0
    for other, part in here.groupby("channel"):
        if other != channel:
            half, n = _estimate(known, (reason, segment, other))
            squares += (float(part["contacts"].sum() / total) * float(np.hypot(half, own))) ** 2
            evidence = float(np.nanmin([evidence, n])) if not (np.isnan(evidence) and np.isnan(n)) else evidence
    pools = [part[part["channel"] == channel].groupby("pool")["contacts"].sum() for part in (here, before)]
    if len(pools[0]) and len(pools[1]):
        shares = [one / one.sum() for one in pools]
        moved = float(shares[0].sub(shares[1], fill_value=0.0).abs().sum()) / 2
        squares += (moved * own) ** 2
    return float(np.sqrt(squares)), evidence


def _estimate(known: Mapping[tuple[Any, ...], Mapping[str, Any]], cell: tuple[Any, ...]) -> tuple[float, float]:
    row = known.get(cell)
    if row is None or row.get("lower") is None or row.get("upper") is None:
        return 0.0, float("nan")
    n = row.get("n_effective")
    return (float(row["upper"]) - float(row["lower"])) / 2, float("nan") if n is None else float(n)
