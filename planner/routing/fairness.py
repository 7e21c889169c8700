"""Who waits and whom it serves well, by an attribute that rules must not use: what the plan does, and what was seen."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from planner.errors import PlanError
from planner.frontier.frontier import Frontier, Plan
from planner.routing.guards import groups_of
from planner.routing.replay import replay
from planner.routing.ruleset import RuleSet

_CELL = ["reason", "segment", "channel"]
_FEW = 30
"""Contacts below which a group is only counted."""


def fairness(
    frontier: Frontier, plan: Plan, rules: RuleSet, contacts: pd.DataFrame, attribute: str, today: RuleSet
) -> pd.DataFrame:
    """Waits and CX by the groups of an attribute that rules must not use.

    Past contacts are decided by the rules; each counts with the mean wait, losses and CX that first contacts of its
    reason, segment and channel have in the pool it gets. `even` is what a group would get if every cell's contacts
    shared the pools alike: groups differ there only because they ask other things, and what a group has beyond that is
    what the rules do to it.

    Parameters
    ----------
    contacts
        From `past_contacts`, with the attribute, and with `wait_s` and `score` where history has them.
    today
        Today's rules, weighed by the run's figures of Today.

    Returns
    -------
    DataFrame
        `group` (of many numbers: fifths), `contacts, wait_s, wait_even_s, lost` (share), `cx, cx_even, wait_today_s,
        cx_today, seen_wait_s, seen_score`; NaN where nothing is known or the group has fewer than 30 contacts.

    Raises
    ------
    PlanError
        Contacts do not have the attribute.
    """
    if attribute not in contacts:
        raise PlanError(f"the contacts have no column {attribute!r}, so nobody can tell how fair the rules are to it")
    groups = groups_of(contacts[attribute])
    own = _figures(frontier, plan, replay(rules, contacts), contacts)
    then = _figures(frontier, frontier.plan("today"), replay(today, contacts), contacts)
    frame = own.assign(wait_today_s=then["wait_s"], cx_today=then["cx"])
    for name, source in (("seen_wait_s", "wait_s"), ("seen_score", "score")):
        frame[name] = pd.to_numeric(contacts[source], errors="coerce") if source in contacts else np.nan
    found = frame.groupby(groups).mean()
    found.insert(0, "contacts", groups.value_counts())
    found.loc[found["contacts"] < _FEW, found.columns != "contacts"] = np.nan
    return found.rename_axis("group").reset_index()


def _figures(frontier: Frontier, plan: Plan, decided: pd.DataFrame, contacts: pd.DataFrame) -> pd.DataFrame:
    """`wait_s, wait_even_s, lost, cx, cx_even` of contacts by their decisions; NaN where the plan has no such flow."""
    known = plan_figures(frontier, plan)
    cells = contacts.reindex(columns=["entry_reason", "segment", "channel"]).set_axis(_CELL, axis=1)
    frame = cells.assign(pool=decided["pool"].astype(str)).merge(known, on=[*_CELL, "pool"], how="left")
    for name in ("wait_s", "cx"):
        even = frame.groupby(_CELL, dropna=False)[name].transform("mean")
        frame[f"{name.removesuffix('_s')}_even{'_s' if name.endswith('_s') else ''}"] = even
    return frame.set_index(contacts.index)[["wait_s", "wait_even_s", "lost", "cx", "cx_even"]]


def plan_figures(frontier: Frontier, plan: Plan) -> pd.DataFrame:
    """Mean wait, share lost and CX of first contacts by reason, segment, channel and pool.

    CX of a served contact is its score at zero wait less what its mean wait costs, that of a lost one the run's score
    of those who abandon (the lowest of the scale where the run does not hold it).
    """
    first = plan.flows[(plan.flows["stage"] == "first") & (plan.flows["contacts"] > 0)]
    keys = [*_CELL, "pool"]
    weighed = first.assign(
        waited=first["wait_s"] * first["contacts"], points=first["score"].fillna(0.0) * first["contacts"]
    )
    total = weighed.groupby(keys)[["contacts", "waited", "abandoned", "points"]].sum()
    found = pd.DataFrame(
        {"wait_s": total["waited"] / total["contacts"], "lost": total["abandoned"] / total["contacts"]}
    )
    score = total["points"] / total["contacts"] - _wait_cost(frontier.tables, found["wait_s"])
    found["cx"] = (1 - found["lost"]) * score + found["lost"] * _lost_score(frontier)
    return found.reset_index()


def _wait_cost(tables: Mapping[str, pd.DataFrame], wait_s: pd.Series) -> pd.Series:
    """Points that the mean wait costs, on the index of `wait_s`; 0 for runs without curves."""
    curves = tables.get("center_waits")
    if curves is None or curves.empty:
        return pd.Series(0.0, index=wait_s.index)
    frame = wait_s.reset_index().merge(curves, on=["pool", "reason", "segment"], how="inner")
    frame["cost"] = frame["bend"] * (frame["wait_s"] - frame["knot_s"]).clip(lower=0.0)
    return frame.groupby(list(wait_s.index.names))["cost"].sum().reindex(wait_s.index).fillna(0.0)


def _lost_score(frontier: Frontier) -> float:
    flows, pools = frontier.tables.get("center_flows"), frontier.tables.get("center_pools")
    if flows is not None and pools is not None and "lost_points" in flows:
        first = flows[flows["stage"] == "first"].merge(pools[["pool", "redial"]], on="pool")
        stays = first[first["redial"] < 1.0]
        if len(stays):
            return float((stays["lost_points"] / (1.0 - stays["redial"])).iloc[0])
    return float((frontier.meta.get("scale") or (1.0, 5.0))[0])


def fairness_words(attribute: str, found: pd.DataFrame, tested: str) -> str:
    """Say it as Markdown: who waits, what they would wait if rules took no part in it, and what was seen.

    Parameters
    ----------
    tested
        What the test of influence says.
    """
    heads = [
        "group",
        "contacts",
        "wait",
        "even",
        "lost",
        "CX",
        "even",
        "wait today",
        "CX today",
        "seen wait",
        "seen score",
    ]
    lines = [f"# {_safe(attribute)}: must not count", "", f"- {_safe(tested)}"]
    lines += [f"- Largest distance of a group from even: {_largest(found)}.", ""]
    lines += ["| " + " | ".join(heads) + " |", "|---" + "|---:" * (len(heads) - 1) + "|"]
    for row in found.to_dict("records"):
        cells = [_safe(str(row["group"])), f"{row['contacts']:,.0f}"]
        for name, form in (
            ("wait_s", "{:.1f} s"), ("wait_even_s", "{:.1f} s"), ("lost", "{:.1%}"), ("cx", "{:.3f}"),
            ("cx_even", "{:.3f}"), ("wait_today_s", "{:.1f} s"), ("cx_today", "{:.3f}"), ("seen_wait_s", "{:.1f} s"),
            ("seen_score", "{:.2f}"),
        ):  # fmt: skip
            cells.append("" if np.isnan(row[name]) else form.format(row[name]))
        lines.append("| " + " | ".join(cells) + " |")
    lines += [
        "",
        "Even: if all contacts of a reason, segment and channel shared its pools alike. Seen: in history.",
        "",
    ]
    return "\n".join(lines)


def _largest(found: pd.DataFrame) -> str:
    wait, cx = (found["wait_s"] - found["wait_even_s"]).abs().max(), (found["cx"] - found["cx_even"]).abs().max()
    return "not known" if np.isnan(wait) else f"{wait:.2f} s of wait, {cx:.4f} points of CX"


def _safe(text: str) -> str:
    """Keep a name from ending a cell or beginning a tag or a link."""
    for char, safe in (("\\", "\\\\"), ("|", "\\|"), ("<", "&lt;"), ("[", "\\["), ("`", "\\`"), ("*", "\\*")):
        text = text.replace(char, safe)
    return " ".join(text.split())
