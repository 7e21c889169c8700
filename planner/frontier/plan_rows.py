"""The table of plans: axes, proof, money, risk and names, one row per plan, Today first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from planner.frontier.certificate import gaps
from planner.frontier.leading import name_plans
from planner.frontier.risk import RiskOfPlans
from planner.frontier.risk_tables import add_risk
from planner.frontier.search import Found
from planner.frontier.shown import Shown
from planner.frontier.tables import kept_all
from planner.operation.problem import FlowProblem, closing_words
from planner.operation.today import Today
from solvers.flow.doubt import axis_of, tail_mean
from solvers.flow.solution import Solution

PROVEN_GAP = 1e-4


def plans_table(
    today: Today, solutions: list[Solution], shown: list[Shown], risk: RiskOfPlans, found: Found
) -> pd.DataFrame:
    """Return one row per plan: Today, then the found plans in their order."""
    problem = shown[0].problem
    doubt = problem.instance.doubt
    now = axis_of(doubt, today.evaluation)
    rows = [_summary(shown[0], now, today.cost, today.evaluation.headroom, "today")]
    for view, solution in zip(shown[1:], solutions, strict=True):
        cx, cost, headroom = solution.objectives
        rows.append(_summary(view, cx, cost, headroom, solution.origin))
    plans = pd.DataFrame(rows)
    points = plans[["cx", "cost", "headroom"]].to_numpy(float)
    bound = np.full(len(plans), np.nan)
    if found.surface is not None:
        bound = found.surface.cost_bound(points[:, 0], points[:, 2])
    if found.enumerated:
        bound = points[:, 1].copy()
    plans["cost_bound"] = bound
    gap = gaps(points[:, 1], bound)
    plans["gap"] = gap
    proven = found.enumerated | (gap <= PROVEN_GAP)
    status = np.where(proven, "proven", np.where(np.isfinite(gap), "within_gap", "found"))
    plans["status"] = np.where(plans["origin"] == "today", "", status)
    plans.loc[plans["origin"] == "today", ["gap", "cost_bound"]] = np.nan
    _add_objectives(found, plans)
    _add_money(problem, today, solutions, plans)
    add_risk(plans, risk)
    if doubt is not None:
        plans["cx_expected"] = [view.evaluation.cx for view in shown]
        plans["cx_tail"] = [tail_mean(cx, doubt.share) if len(cx) else np.nan for cx in risk.cx]
    names = name_plans(points[1:], (points[0, 0], points[0, 1], points[0, 2])) if solutions else {}
    plans["name"] = ""
    plans.loc[0, "name"] = "today"
    for name, k in names.items():
        plans.loc[k + 1, "name"] = name
    first = ["plan", "name", "cx", "cost", "headroom", "peak_fte", "p_shortfall", "status", "gap", "origin"]
    return plans[first + [c for c in plans.columns if c not in first]]


def _add_objectives(found: Found, plans: pd.DataFrame) -> None:
    """Add the further objectives plans were chosen by; Today's are not known, for it has no shifts.

    Only what is gained against Today is: nothing. P(shortfall) as reported comes from draws of its own: what the
    choosing draws said is kept beside it.
    """
    for k, name in enumerate(found.objectives.names):
        column = "p_shortfall_choosing" if name == "p_shortfall" else name
        today = 0.0 if name == "retained_value" else np.nan
        plans[column] = [today, *(record.extra[k] for record in found.records)]


def _summary(shown: Shown, cx: float, cost: float, headroom: float, origin: str) -> dict[str, Any]:
    state = shown.evaluation.state
    network = shown.problem.network
    waiting = network.pools.waits[network.flows.pool]
    offered = float(state.volume[waiting].sum())
    lost = float((state.volume * state.lost[network.flows.pair])[waiting].sum())
    return {
        "plan": shown.key,
        "cx": cx,
        "cost": cost,
        "headroom": headroom,
        "origin": origin,
        "initiatives": ", ".join(shown.problem.initiatives),
        "closed": ", ".join(closing_words(*one) for one in shown.problem.closed),
        "peak_fte": float(shown.scheduled.sum(axis=0).max(initial=0.0)),
        "abandon_rate": lost / offered if offered > 0 else 0.0,
        "promises_kept": kept_all(shown),
    }


def _add_money(problem: FlowProblem, today: Today, solutions: list[Solution], plans: pd.DataFrame) -> None:
    """Committed money is paid to people on the payroll and to vendors whatever the plan; the rest is avoidable.

    Doable: the people on the payroll are enough, with overtime; hires may still save some of that.
    """
    payroll, wage = problem.instance.payroll, problem.network.pools.wage_per_h
    heads = np.where(payroll.rostered, payroll.heads, 0.0)
    owed_h = heads * np.maximum(np.where(payroll.rostered, payroll.contract_h - payroll.time_off_h, 0.0), 0.0)
    floor = wage * owed_h
    paid = [today.paid_h, *(s.people_cost.paid_h for s in solutions)]
    committed = [float(np.minimum(wage * hours, floor).sum()) for hours in paid]
    least = float(problem.network.pools.contract_money(np.zeros(len(wage))).sum())
    plans["committed"] = [money + least for money in committed]
    plans["avoidable"] = plans["cost"] - plans["committed"]
    plans["idle_payroll"] = [float(floor.sum()) - c for c in committed]
    plans["hires"] = [0, *(int(s.people_cost.hires.sum()) for s in solutions)]
    plans["overtime_h"] = [float(today.overtime_h.sum()), *(float(s.people_cost.overtime_h.sum()) for s in solutions)]
    plans["time_off_h"] = [_time_off_h(problem, hours) for hours in paid]
    enough = [(s.people_cost.heads_needed <= heads)[payroll.rostered] for s in solutions]
    plans["doable"] = [True, *(bool(one.all()) for one in enough)]


def _time_off_h(problem: FlowProblem, paid_h: np.ndarray) -> float:
    """Voluntary unpaid time off that people on the payroll could take, hours: what is not scheduled, within its cap."""
    payroll, rostered = problem.instance.payroll, problem.instance.payroll.rostered
    heads = payroll.heads[rostered]
    spare = np.maximum(heads * payroll.contract_h[rostered] - paid_h[rostered], 0.0)
    return float(np.minimum(spare, heads * payroll.time_off_h[rostered]).sum())


def headline_of(plans: pd.DataFrame) -> str:
    """Return the plan that answers first: the cheapest no worse than Today, else the first; Today if there is none."""
    named = plans.loc[plans["name"] == "cheapest", "plan"]
    return str(named.iloc[0] if len(named) else plans["plan"].iloc[min(1, len(plans) - 1)])
