"""A plan's rules in at most so many rows, with the price of it in words for those who ask for few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.errors import PlanError
from planner.frontier.frontier import Frontier, Plan
from planner.operation.problem import FlowProblem
from planner.routing.compress import Compressed, compress, kept_gain, make_judge
from planner.routing.ruleset import RuleSet
from solvers.flow.network import Floats

PEOPLE_ITEMS = ("wages", "overtime premium", "hiring")
SAME = 1e-3
"""Of the scale: how far a plan's CX may lie from that of its rules on the network, which have rounded shares."""

BAR = 0.95
"""Share of the plan's gain over Today below which the report warns."""


@dataclass(frozen=True)
class Budgeted:
    """Fewer rules, what they keep (see `kept_gain`), the price of CX used and the currency."""

    compressed: Compressed
    kept: pd.DataFrame
    price: float
    currency: str
    most: int

    @property
    def share(self) -> float:
        """Share of the plan's gain over Today that is kept; NaN where the plan gains nothing."""
        return self.kept_of("gain")

    def kept_of(self, what: str) -> float:
        """Share of a plan's `gain`, `gain_cx` or `saving` over Today that is kept; NaN where the plan has none."""
        found = dict(zip(self.kept.index, self.kept[what].to_numpy(float), strict=True))
        return float(found["small"] / found["plan"]) if found["plan"] > 0 else float("nan")

    def words(self) -> str:
        """Say it as Markdown: what is kept, what is lost, and every simplification with its loss."""
        by = self.kept.to_dict("index")
        plan, small, found = by["plan"], by["small"], self.compressed
        rows = len(found.rules.rows)
        lines = [f"# {rows} rules instead of {int(plan['rows'])}", ""]
        lines += [] if found.reached else [f"The channels need more than {self.most} rules; these are the fewest.", ""]
        lines += [
            f"Exact merging alone gives {found.exact_rows} rules and changes nothing. Both routings are staffed anew "
            "for the plan's headroom:",
            "",
            f"- CX {small['cx']:.4f} instead of {plan['cx']:.4f} ({small['gain_cx']:+.4f} against Today instead of "
            f"{plan['gain_cx']:+.4f})",
            f"- cost {small['cost']:,.0f} instead of {plan['cost']:,.0f} {self.currency}",
            f"- every promise kept: {'yes' if small['kept_promises'] else '**no**'}",
            f"- {_percent(self.share)} of the plan's gain over Today is kept (a CX point is worth {self.price:,.0f} "
            f"{self.currency} at this plan)",
            f"- of its gain in CX alone {_percent(self.kept_of('gain_cx'))}, of its saving alone "
            f"{_percent(self.kept_of('saving'))}",
            "",
        ]
        if not self.share >= BAR:
            lost = plan["gain"] - small["gain"]
            lines += [
                f"**Lost: {lost:,.0f} {self.currency} of {plan['gain']:,.0f}; the largest losses are below.**",
                "",
            ]
        lines += [f"| rules left | simplification | loss, {self.currency} | CX |", "|---:|---|---:|---:|"]
        for step in found.steps.to_dict("records"):
            what = str(step["what"]).replace("|", "\\|")
            lines.append(f"| {step['rows']} | {what} | {step['loss']:,.0f} | {step['cx']:.4f} |")
        lines += ["", "Losses of single steps are estimated with the plan's people; a negative loss is a gain.", ""]
        return "\n".join(lines)


def _percent(share: float) -> str:
    return "nothing (the plan has none)" if share != share else f"{share:.1%}"  # noqa: PLR0124


def fewer_rules(frontier: Frontier, plan: Plan, problem: FlowProblem, rules: RuleSet, most: int) -> Budgeted:
    """Say the rules of a plan in at most so many rows.

    Parameters
    ----------
    problem
        The network the run was planned on.
    rules
        The plan's rules.
    most
        Rows allowed.

    Raises
    ------
    PlanError
        The network does not give the plan its CX again: other inputs, initiatives, or overflow by interval.
    """
    price = price_of_cx(frontier, plan)
    judge = make_judge(problem, rules, on_task_of(problem, plan), wages_of(problem, plan), price)
    again = judge.evaluation(rules).cx
    low, high = problem.scenario.experience.scale
    if abs(again - float(plan.cx)) > SAME * (high - low):
        raise PlanError(
            f"plan {plan.id} has CX {plan.cx:.4f} in the run and {again:.4f} on this network, so its rules cannot be "
            "weighed: it uses overflow by interval or initiatives, which fewer rules cannot say, or the inputs changed"
        )
    found = compress(judge, rules, most)
    today = (float(frontier.baseline["cx"]), float(frontier.baseline["cost"]))
    kept = kept_gain(judge, rules, found.rules, today, max(0.0, float(plan.headroom)))
    return Budgeted(found, kept, price, str(frontier.meta.get("currency", "")), most)


def price_of_cx(frontier: Frontier, plan: Plan) -> float:
    """Money per CX point at a plan: the master's dual, else the next point's, else what the plan pays over Today."""
    table = frontier.tables.get("prices", pd.DataFrame(columns=["plan", "price"]))
    known = table.loc[table["plan"] == plan.id, "price"].to_numpy(float)
    known = known[np.isfinite(known) & (known > 0)]
    if len(known):
        return float(known[-1])
    gain, cost = plan.cx - frontier.baseline["cx"], plan.cost - frontier.baseline["cost"]
    return float(cost / gain) if gain > 0 and cost > 0 else 0.0


def on_task_of(problem: FlowProblem, plan: Plan) -> Floats:
    """Agents on task of a plan, shape (pool, interval)."""
    starts = {start.isoformat(timespec="minutes"): t for t, start in enumerate(problem.starts)}
    on_task = np.zeros((len(problem.pools), len(starts)))
    rows = [problem.pools.index(pool) for pool in plan.staffing["pool"]]
    on_task[rows, plan.staffing["interval"].map(starts).to_numpy(np.int64)] = plan.staffing["on_task"].to_numpy(float)
    return on_task


def wages_of(problem: FlowProblem, plan: Plan) -> Floats:
    """Money for people of a plan, shape (pool,)."""
    people = plan.costs[plan.costs["item"].isin(PEOPLE_ITEMS)].groupby("pool")["amount"].sum()
    return people.reindex(problem.pools).fillna(0.0).to_numpy(float)
