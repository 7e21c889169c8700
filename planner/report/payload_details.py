"""What the page knows about single plans: channels, staffing maps, promises, cost, risk, prices and explanations.

items, channels, pools, promises     labels of the columns below
costs[plan]     amount per item                      mix[plan]      issues per channel
kept[plan]      per promise [worst value, periods missed, periods]
risk[plan]      [p10, p90] of CX, cost and headroom, then the share of draws in which it is still efficient
segments, prices, hires, why         per plan, as text
says            per plan, topics with their sentences
heat            maps of people and service, see `heat`
gains           {segments, reasons, change: {plan: [[points against Today per segment] per reason]}}, named plans only
moves           largest channel moves of the named plans
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from planner.frontier.frontier import TOPICS, Frontier
from planner.report.heat import heat_maps, written_short
from planner.report.strings import PAGE
from planner.report.text import Units, is_ceiling, label_of, named_rows

_WHY_CHARACTERS = 30_000
_REASONS = 15
_MOVES = 6


def detail_tables(frontier: Frontier, units: Units) -> dict[str, Any]:
    """Collect the details of plans; a table that is missing leaves its part empty."""
    named = [str(row["plan"]) for row in named_rows(frontier).values()]
    return {
        **_costs(frontier, units),
        **_mix(frontier, named),
        **_promises(frontier),
        "risk": _risk(frontier, units),
        "heat": written_short(heat_maps(frontier, named)),
        "segments": _segments(frontier, units),
        "gains": _gains(frontier, units, named),
        "prices": _prices(frontier, units, named),
        "why": _why(frontier, named),
        "says": _says(frontier),
    }


def _table(frontier: Frontier, name: str) -> pd.DataFrame:
    table = frontier.tables.get(name)
    return pd.DataFrame() if table is None else table


def _costs(frontier: Frontier, units: Units) -> dict[str, Any]:
    costs = _table(frontier, "costs")
    if costs.empty:
        return {"items": [], "costs": {}}
    wide = _wide(costs, "item", "amount")
    order = wide.sum().sort_values(ascending=False, kind="stable").index
    return {"items": [str(item) for item in order], "costs": _rows(wide[order], units.money_digits)}


def _mix(frontier: Frontier, named: list[str]) -> dict[str, Any]:
    mix = _table(frontier, "channel_mix")
    if mix.empty:
        return {"channels": [], "mix": {}, "moves": {}}
    wide = _wide(mix, "channel", "issues")
    moved = mix[(mix["from_channel"] != mix["channel"]) & (mix["issues"] > 0.5) & mix["plan"].isin(named)]
    moves = {
        str(plan): [
            PAGE["move"]
            .replace("{from}", label_of(frontier.meta, "channels", row["from_channel"]))
            .replace("{to}", label_of(frontier.meta, "channels", row["channel"]))
            .replace("{reason}", label_of(frontier.meta, "reasons", row["reason"]))
            .replace("{segment}", label_of(frontier.meta, "segments", row["segment"]))
            .replace("{issues}", f"{row['issues']:,.0f}")
            for row in rows.nlargest(_MOVES, "issues").to_dict("records")
        ]
        for plan, rows in moved.groupby("plan", sort=False)
    }
    return {
        "channels": [label_of(frontier.meta, "channels", channel) for channel in wide],
        "mix": _rows(wide, 0),
        "moves": moves,
    }


def _wide(table: pd.DataFrame, label: str, value: str) -> pd.DataFrame:
    """Sum `value` per plan and label, labels in order of appearance."""
    wide = table.pivot_table(index="plan", columns=label, values=value, aggfunc="sum", observed=True)
    return wide.reindex(columns=list(dict.fromkeys(table[label]))).fillna(0.0)


def _rows(wide: pd.DataFrame, digits: int) -> dict[str, list[float]]:
    values = wide.to_numpy(float).round(digits)
    return {
        str(plan): [int(v) if float(v).is_integer() else float(v) for v in row]
        for plan, row in zip(wide.index, values, strict=True)
    }


def _promises(frontier: Frontier) -> dict[str, Any]:
    """Give the worst period of each promise: the missed one farthest from its target, else the closest."""
    promises = _table(frontier, "promises")
    if promises.empty:
        return {"promises": [], "kept": {}}
    names = list(dict.fromkeys(promises["promise"]))
    targets = promises.groupby("promise")["target"].first()
    at_most = {name: is_ceiling(promises[promises["promise"] == name]) for name in names}
    kept: dict[str, list[Any]] = {}
    for plan, rows in promises.groupby("plan", sort=False):
        entries: list[Any] = []
        for name in names:
            own = rows[rows["promise"] == name]
            values = own["value"].dropna()
            worst = math.nan if values.empty else float(values.max() if at_most[name] else values.min())
            missed = int((~own["kept"].astype(bool)).sum())
            entries.append([_json(worst, 4), missed, len(own)] if len(own) else None)
        kept[str(plan)] = entries
    stated = _table(frontier, "center_promises")
    waits = set() if stated.empty else set(stated.loc[stated["measure"] == "asa_s", "promise"])
    labels = [
        {
            "name": str(name),
            "target": _json(float(targets[name]), 4),
            "atMost": at_most[name],
            "seconds": name in waits if len(stated) else bool(targets[name] > 1),
        }
        for name in names
    ]
    return {"promises": labels, "kept": kept}


def _risk(frontier: Frontier, units: Units) -> dict[str, Any]:
    risk = _table(frontier, "risk")
    if risk.empty:
        return {}
    digits = {"cx": units.cx_digits + 1, "cost": units.money_digits, "headroom": 4}
    answer: dict[str, list[Any]] = {}
    for plan, axis, low, middle, high in risk[["plan", "axis", "p10", "p50", "p90"]].itertuples(index=False):
        own = answer.setdefault(str(plan), [None, None, None, None])
        if axis in digits:
            own[list(digits).index(axis)] = [_json(v, digits[axis]) for v in (low, high)]
        elif axis == "p_efficient":
            own[3] = _json(middle, 3)
    return answer


def _segments(frontier: Frontier, units: Units) -> dict[str, Any]:
    segments = _table(frontier, "segments")
    if segments.empty or segments["segment"].nunique() < 2:
        return {"names": [], "cx": {}}
    wide = segments.pivot_table(index="plan", columns="segment", values="cx", observed=True)
    wide = wide.reindex(columns=list(dict.fromkeys(segments["segment"])))
    cx = {
        str(plan): [_json(v, units.cx_digits + 1) for v in row]
        for plan, row in zip(wide.index, wide.to_numpy(float), strict=True)
    }
    return {"names": [label_of(frontier.meta, "segments", name) for name in wide], "cx": cx}


def _gains(frontier: Frontier, units: Units, named: list[str]) -> dict[str, Any]:
    """Change of CX by reason and segment of the named plans, for the reasons where most is at stake."""
    gains = _table(frontier, "gains")
    own = gains[gains["plan"].isin(named) & (gains["plan"] != frontier.baseline["plan"])] if len(gains) else gains
    if own.empty:
        return {"segments": [], "reasons": [], "change": {}, "left": 0}
    stake = (own["change"].abs() * own["issues"]).groupby(own["reason"], sort=False).sum()
    reasons = list(stake.sort_values(ascending=False, kind="stable").index)
    segments = list(dict.fromkeys(own["segment"]))
    change = {}
    for plan, rows in own.groupby("plan", sort=False):
        wide = rows.pivot_table(index="reason", columns="segment", values="change", observed=True)
        wide = wide.reindex(index=reasons[:_REASONS], columns=segments)
        change[str(plan)] = [[_json(v, units.cx_digits) for v in row] for row in wide.to_numpy(float)]
    return {
        "segments": [label_of(frontier.meta, "segments", name) for name in segments],
        "reasons": [label_of(frontier.meta, "reasons", name) for name in reasons[:_REASONS]],
        "change": change,
        "left": max(0, len(reasons) - _REASONS),
    }


def _prices(frontier: Frontier, units: Units, named: list[str]) -> dict[str, list[str]]:
    prices = _table(frontier, "prices")
    if prices.empty:
        return {}
    answer: dict[str, list[str]] = {}
    for row in prices[prices["plan"].isin(named)].to_dict("records"):
        lines = answer.setdefault(str(row["plan"]), [])
        line = _price_words(str(row["what"]), float(row["price"]), str(row["unit"]), units)
        if line and len(lines) < _MOVES:
            lines.append(line)
    return answer


def _price_words(what: str, price: float, unit: str, units: Units) -> str:
    """Say a price; a whole sentence stands for itself, and a price that is not known says nothing."""
    if what.endswith("."):
        return what
    if not math.isfinite(price):
        return ""
    symbol = "" if unit[:3].isupper() else units.symbol
    return f"{what}: {symbol}{price:,.{0 if abs(price) >= 1000 else 2}f} {unit}"


def _why(frontier: Frontier, named: list[str]) -> dict[str, str]:
    """Keep all explanations while they are small, else those of the named plans; tables below a text stay out."""
    texts = {str(plan): str(text).partition("\n")[0] for plan, text in frontier.explanations.items()}
    if sum(map(len, texts.values())) <= _WHY_CHARACTERS:
        return texts
    return {plan: text for plan, text in texts.items() if plan in named}


def _says(frontier: Frontier) -> dict[str, list[Any]]:
    """Return what is said of plans: [[title, sentences], ...] per plan, in the order of the topics."""
    says = _table(frontier, "says")
    answer: dict[str, list[Any]] = {}
    if says.empty:
        return answer
    for plan, own in says.groupby("plan", sort=False):
        by_topic = {topic: [str(w) for w in own.loc[own["topic"] == topic, "words"]] for topic in TOPICS}
        answer[str(plan)] = [[TOPICS[topic], lines] for topic, lines in by_topic.items() if lines]
    return answer


def _json(value: Any, digits: int) -> float | int | None:
    number = math.nan if value is None else float(value)
    if not math.isfinite(number):
        return None
    number = round(number, digits)
    return int(number) if number.is_integer() else number
