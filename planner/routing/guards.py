"""Guards of value routing: nobody starves, people serve whom they must, and what may not count does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2

from planner.errors import PlanError
from planner.frontier.frontier import Frontier, Plan
from planner.routing.areas import areas
from planner.routing.facts import CLOSED, CONDITIONS, OUTAGE, YES
from planner.routing.pools import Center
from planner.routing.replay import replay
from planner.routing.ruleset import RuleSet

UNKNOWN = "(unknown)"
_MOST_GROUPS, _PARTS = 12, 5

ALARM = 1e-3
"""Probability below which a difference between groups is called one."""


def must_human_faults(rules: RuleSet, center: Center) -> list[str]:
    """List every way in which rules would send a contact that people must serve to an automaton.

    Looked at are all must-human reasons, and the must-human flag, in every segment and channel that people serve, in
    ordinary hours, closed hours and an outage, identified or not.
    """
    robots = {name for name, pool in center.pools.items() if pool.automated}
    staffed = {pool.channel for pool in center.pools.values() if not pool.automated}
    faults = []
    asked: list[dict[str, str | None]] = [{"entry_reason": reason} for reason in center.must_human]
    asked += [{"must_human": YES, "entry_reason": reason} for reason in (*center.reasons, None)]
    for who in asked:
        for channel in sorted(staffed):
            for segment in (*center.segments, None):
                for hours in ({}, {"day_part": CLOSED}, {"queue_state": OUTAGE}):
                    facts = {"channel": channel, "segment": segment, **who, **hours}
                    for rule, part in areas(rules.table, facts):
                        if rule.actions["pool"] in robots and part > 0:
                            said = ", ".join(f"{k} {v}" for k, v in facts.items() if v is not None)
                            faults.append(f"rule {rule.number}: {said} goes to the automaton {rule.actions['pool']}")
    return list(dict.fromkeys(faults))


def floors(frontier: Frontier, plan: Plan, cx_min: Mapping[str, float]) -> pd.DataFrame:
    """Service and CX by segment under a plan, beside Today.

    Parameters
    ----------
    cx_min
        Segment -> least CX the scenario asks for.

    Returns
    -------
    DataFrame
        `segment, contacts, wait_s` (mean over contacts), `abandoned` (share), `cx`, and `..._today`; `cx_min`, `kept`:
        False where the floor is missed; `worst_wait_s` of any reason and channel of the segment.
    """
    parts = {name: _by_segment(one) for name, one in (("", plan), ("_today", frontier.plan("today")))}
    frame = parts[""].join(parts["_today"].add_suffix("_today"), how="left")
    frame["cx_min"] = [cx_min.get(str(segment), np.nan) for segment in frame.index]
    frame["kept"] = ~(frame["cx"] < frame["cx_min"] - 1e-9)
    return frame.reset_index()


def _by_segment(plan: Plan) -> pd.DataFrame:
    flows = plan.flows.assign(waited=plan.flows["contacts"] * plan.flows["wait_s"])
    total = flows.groupby("segment")[["contacts", "waited", "abandoned"]].sum()
    frame = pd.DataFrame({"contacts": total["contacts"], "wait_s": total["waited"] / total["contacts"]})
    frame["abandoned"] = total["abandoned"] / total["contacts"]
    cells = flows.groupby(["segment", "reason", "channel"])[["contacts", "waited"]].sum()
    cells = cells[cells["contacts"] > 1.0]
    frame["worst_wait_s"] = (cells["waited"] / cells["contacts"]).groupby("segment").max()
    return frame.join(plan.segments.set_index("segment")["cx"])


def guard_words(found: pd.DataFrame) -> str:
    """Say what `floors` found (Markdown): who waits how long, who gains, and which floor is missed."""
    lines = ["# Who gains, who waits: segments", ""]
    lines += [
        "| segment | contacts | CX | CX today | floor | mean wait | wait today | lost waiting | longest mean wait |"
    ]
    lines += ["|---|---:|---:|---:|---:|---:|---:|---:|---:|"]
    for row in found.to_dict("records"):
        floor = "" if np.isnan(row["cx_min"]) else f"{row['cx_min']:.2f}{'' if row['kept'] else ' **missed**'}"
        waits = [f"{row[name]:.0f} s" for name in ("wait_s", "wait_s_today", "worst_wait_s")]
        cells = [row["segment"], f"{row['contacts']:,.0f}", f"{row['cx']:.3f}", f"{row['cx_today']:.3f}", floor]
        cells += [*waits[:2], f"{row['abandoned']:.1%}", waits[2]]
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
    worse = found[found["cx"] < found["cx_today"] - 1e-6]
    lines += [""]
    for row in worse.to_dict("records"):
        lines.append(f"- **{row['segment']} loses {row['cx_today'] - row['cx']:.3f} points against Today.**")
    return "\n".join([*lines, ""])


@dataclass(frozen=True)
class Influence:
    """What an attribute that must not count has to do with decisions.

    `direct`: contacts whose decision changes when the attribute does (must be 0). `p_value` of the hypothesis that,
    within reason × segment × channel, pools do not depend on it; `groups`: `group, contacts, first_class` (share served
    in class 0), and the share of each pool.
    """

    attribute: str
    contacts: int
    direct: int
    p_value: float
    groups: pd.DataFrame

    @property
    def holds(self) -> bool:
        """True where the attribute has no influence."""
        return self.direct == 0 and not self.p_value < ALARM

    def words(self) -> str:
        """Say it in one sentence."""
        if self.direct:
            return f"{self.attribute} changes the decision of {self.direct:,} of {self.contacts:,} contacts"
        said = f"{self.attribute} changes no decision of {self.contacts:,} contacts"
        if self.p_value < ALARM:
            return (
                f"{said}, but within reason, segment and channel its groups reach other pools (p = {self.p_value:.1e})"
            )
        return (
            f"{said}, nor do its groups reach other pools within reason, segment and channel (p = {self.p_value:.2f})"
        )


def groups_of(values: pd.Series) -> pd.Series:
    """Group of each contact: its name, or the fifth it lies in where numbers are many; "(unknown)" where missing."""
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > _MOST_GROUPS:
        parts = pd.qcut(values, _PARTS, duplicates="drop")
        names = [f"{k}: {part.left:.4g} to {part.right:.4g}" for k, part in enumerate(parts.cat.categories, 1)]
        named = parts.cat.rename_categories(names).astype(object)
        values = named.astype(object)
    return values.astype(object).where(values.notna(), UNKNOWN).astype(str)


def influence(rules: RuleSet, contacts: pd.DataFrame, attribute: str, seed: int = 0) -> Influence:
    """Test that an attribute has no influence on decisions.

    Directly: the attribute is shuffled over contacts and every decision must stay. Indirectly: Pearson's chi-square,
    summed over strata of reason × segment × channel, compares the pools its groups reach; shares dealt by a hash of the
    contact's id must not tell groups apart.

    Raises
    ------
    PlanError
        Contacts do not have the attribute, or rules ask about it.
    """
    if attribute in CONDITIONS and any(attribute in rule.labels or attribute in rule.ranges for rule in rules.table):
        raise PlanError(f"{attribute!r} must not be used, but rules ask about it")
    if attribute not in contacts:
        raise PlanError(f"the contacts have no column {attribute!r}, so its influence cannot be tested")
    decided = replay(rules, contacts)
    order = np.random.default_rng(seed).permutation(len(contacts))
    other = contacts.assign(**{attribute: contacts[attribute].to_numpy()[order]})
    direct = int((decided.map(repr) != replay(rules, other).map(repr)).any(axis=1).sum())
    named = ["entry_reason", "segment", "channel"]
    strata = contacts.reindex(columns=named).groupby(named, dropna=False).ngroup()
    groups = groups_of(contacts[attribute])
    pools = decided["pool"].astype(str)
    first = (decided["priority"] == 0).groupby(groups).mean()
    shares = pd.crosstab(groups, pools, normalize="index")
    table = pd.DataFrame({"contacts": groups.value_counts(), "first_class": first}).join(shares)
    return Influence(
        attribute, len(contacts), direct, _p_value(strata, groups, pools), table.rename_axis("group").reset_index()
    )


def _p_value(strata: pd.Series, groups: pd.Series, pools: pd.Series) -> float:
    """Sum of Pearson's chi-square over strata, on groups whose every cell expects 5 contacts at least."""
    total, freedom = 0.0, 0
    for _, rows in pd.DataFrame({"s": strata, "g": groups, "p": pools}).groupby("s"):
        seen = pd.crosstab(rows["g"], rows["p"]).to_numpy(float)
        seen = seen[_expected(seen).min(axis=1) >= 5]
        if min(seen.shape) < 2 or seen.sum(axis=0).min() <= 0:
            continue
        expected = _expected(seen)
        total += float(((seen - expected) ** 2 / expected).sum())
        freedom += (seen.shape[0] - 1) * (seen.shape[1] - 1)
    return float(chi2.sf(total, freedom)) if freedom else 1.0


def _expected(seen: np.ndarray) -> np.ndarray:
    return np.outer(seen.sum(axis=1), seen.sum(axis=0)) / max(seen.sum(), 1.0)


def not_to_be_used(rules: RuleSet, attributes: Sequence[str]) -> list[str]:
    """List the rules that ask about an attribute that must not be used."""
    return [
        f"rule {rule.number} asks about {attribute}, which must not be used"
        for rule in rules.table
        for attribute in attributes
        if attribute in rule.labels or attribute in rule.ranges
    ]
