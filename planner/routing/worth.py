"""Why a rule is worth it: value gained − cost − shadow price × handle time, per minute of scarce agent time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from planner.frontier.frontier import Frontier, Plan
from planner.routing.areas import areas
from planner.routing.effects import cells_of
from planner.routing.ruleset import RuleSet

WAGES = "what the plan pays people per minute of handling"
"""Words for the price of a minute where no dual is known."""


def rule_worth(
    frontier: Frontier,
    plan: Plan,
    rules: RuleSet,
    price: float,
    score_unserved: float | None = None,
    minutes: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Weigh every rule by the plan's flows and prices.

    value gained = price of a point for one issue × (score of being served − score of being lost); cost = what the pool
    charges per contact; the shadow price of a minute is the dual of the pool's work in the master (`minutes`), else
    what the plan pays people per minute of handling (zero for automata); index = what remains per minute of people (cμ
    rule, Cox & Smith 1961): within a pool the larger index deserves the lower class number.

    Parameters
    ----------
    price
        Money per point of CX of the whole horizon (see `planner.routing.budget.price_of_cx`).
    score_unserved
        Score of a customer who is lost; left out: the lowest score of the scale.
    minutes
        `pool, reason, segment, price` (money per minute), from `planner.frontier.pool_price.minute_prices`; left out:
        mean wages.

    Returns
    -------
    DataFrame
        One row per rule that decides contacts of the plan: `rule, contacts` (first contacts per horizon), `value,
        cost, shadow_price` (money per minute), `handle_min`, `worth` (money per contact), `index` (money per minute of
        people; NaN where none are needed).
    """
    pools = _pools(frontier, plan)
    flows = _flows(frontier, plan)
    duals = _duals(minutes)
    low = float((frontier.meta.get("scale") or (1.0, 5.0))[0]) if score_unserved is None else score_unserved
    per_point = price / max(float(plan.segments["issues"].sum()), 1e-9)
    rows = []
    for (reason, segment, channel), contacts in cells_of(plan).items():
        facts = {"entry_reason": reason, "segment": segment, "channel": channel}
        for rule, part in areas(rules.table, facts):
            pool = str(rule.actions["pool"])
            known = flows.get((reason, segment, channel, pool))
            if known is not None and pool in pools:
                score, handled = known
                cost, wages = pools[pool]
                shadow = duals.get((pool, reason, segment), wages)
                rows.append((rule.number, contacts * part, per_point * (score - low), cost, shadow, handled))
    frame = pd.DataFrame(rows, columns=["rule", "contacts", "value", "cost", "shadow_price", "handle_min"])
    names = ["value", "cost", "shadow_price", "handle_min"]
    frame[names] = frame[names].mul(frame["contacts"], axis=0)
    total = frame.groupby("rule").sum()
    total[names] = total[names].div(total["contacts"], axis=0)
    total["worth"] = total["value"] - total["cost"] - total["shadow_price"] * total["handle_min"]
    scarce = (total["shadow_price"] > 0) & (total["handle_min"] > 0)
    total["index"] = np.where(scarce, total["worth"] / total["handle_min"].where(scarce), np.nan)
    return total.reset_index()


def reason_values(frontier: Frontier, plan: Plan, price: float) -> tuple[dict[str, float], dict[str, float]]:
    """Money per served contact, and mean patience in seconds where contacts wait, by reason.

    Value as in `rule_worth`: the price of a point for one issue times the score above the lowest of the scale.
    """
    per_point = price / max(float(plan.segments["issues"].sum()), 1e-9)
    low = float((frontier.meta.get("scale") or (1.0, 5.0))[0])
    patience = frontier.tables["center_pools"].set_index("pool")["patience_s"]
    flows = plan.flows[(plan.flows["contacts"] > 0) & plan.flows["score"].notna()]
    flows = flows.assign(value=per_point * (flows["score"] - low), patience=flows["pool"].map(patience).astype(float))
    values, waits = {}, {}
    for reason, part in flows.groupby("reason"):
        values[str(reason)] = float(np.average(part["value"], weights=part["contacts"]))
        live = part[np.isfinite(part["patience"])]
        if len(live):
            waits[str(reason)] = float(np.average(live["patience"], weights=live["contacts"]))
    return values, waits


def with_worth(rules: RuleSet, worth: pd.DataFrame, currency: str) -> RuleSet:
    """Say in the `why` of every rule what it is worth per contact, and per minute of people."""
    known = {int(row["rule"]): row for row in worth.to_dict("records")}
    rows = rules.rows.copy()
    rows["why"] = [
        _words(str(why or ""), known.get(int(n)), currency) for n, why in zip(rows["rule"], rows["why"], strict=True)
    ]
    return replace(rules, rows=rows)


def _words(why: str, row: Mapping[Any, Any] | None, currency: str) -> str:
    if row is None:
        return why
    said = (
        f"value {row['value']:.2f} - cost {row['cost']:.2f} - {row['shadow_price']:.2f} x {row['handle_min']:.1f} min"
    )
    per = "" if np.isnan(row["index"]) else f", {row['index']:.2f} per minute of people"
    return f"{why}; {said} = {row['worth']:.2f} {currency} per contact{per}"


def _duals(minutes: pd.DataFrame | None) -> dict[tuple[str, str, str], float]:
    if minutes is None:
        return {}
    keys = minutes[["pool", "reason", "segment"]].itertuples(index=False, name=None)
    return dict(zip(keys, minutes["price"].to_numpy(float).tolist(), strict=True))


def _pools(frontier: Frontier, plan: Plan) -> dict[str, tuple[float, float]]:
    """Cost per contact and price of a minute of people, by pool."""
    aht = frontier.tables["center_flows"].groupby("pool")["aht_s"].mean()
    contacts = plan.flows.groupby("pool")["contacts"].sum()
    amount = plan.costs.pivot_table(index="pool", columns="item", values="amount", aggfunc="sum").reindex(
        contacts.index
    )
    people = amount.reindex(columns=["wages", "overtime premium", "hiring"]).fillna(0.0).sum(axis=1)
    minutes = (contacts * aht.reindex(contacts.index) / 60).clip(lower=1e-9)
    charged = amount.reindex(columns=["contacts"]).fillna(0.0)["contacts"] / contacts.clip(lower=1e-9)
    prices = people / minutes
    return {str(pool): (float(charged[pool]), float(prices[pool])) for pool in contacts.index}


def _flows(frontier: Frontier, plan: Plan) -> dict[tuple[str, str, str, str], tuple[float, float]]:
    """Score and handle time (minutes) of first contacts by reason, segment, channel and pool."""
    keys = ["reason", "segment", "channel", "pool"]
    center = frontier.tables["center_flows"]
    minutes = center[center["stage"] == "first"].groupby(keys)["aht_s"].mean() / 60
    scores = plan.flows[plan.flows["stage"] == "first"].groupby(keys)["score"].mean()
    joined = pd.DataFrame({"score": scores, "minutes": minutes}).dropna()
    return {tuple(map(str, key)): (float(s), float(m)) for key, s, m in joined.itertuples(name=None)}  # type: ignore[misc]
