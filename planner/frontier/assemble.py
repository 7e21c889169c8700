"""From found plans to a `Frontier`: judge again, certify, name, weigh risk, explain, and fill every table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from planner.frontier.assumptions import swings
from planner.frontier.bridge import bridge_table, bridge_words
from planner.frontier.carry_over import carry_over_tables
from planner.frontier.certificate import OuterSurface, certify
from planner.frontier.explain import certificate_words, explain_plan, largest_moves, next_point_price, prices_table
from planner.frontier.frontier import Frontier
from planner.frontier.objectives import described
from planner.frontier.overflow import overflow_table, overflow_types_table
from planner.frontier.plan_rows import headline_of, plans_table
from planner.frontier.rescore import (
    SecondLook,
    add_gains,
    optimism,
    optimism_words,
    problem_with,
    rescored_cx,
    sampling_sd,
)
from planner.frontier.risk import Stand, draw_world, risk_of
from planner.frontier.risk_tables import attainment_table, risk_facts, risk_table
from planner.frontier.rounding import rounding_words
from planner.frontier.says import add_sayings
from planner.frontier.search import Found
from planner.frontier.tables import (
    Shown,
    costs_table,
    demand_table,
    flows_table,
    hires_table,
    mix_table,
    promises_table,
    rules_table,
    segments_table,
    service_table,
    shifts_table,
    show_solution,
    show_today,
    stack,
    staffing_table,
)
from planner.frontier.work import Work
from planner.operation.problem import FlowProblem
from planner.operation.today import Today
from planner.simulation.center import center_tables
from solvers.flow.evaluate import evaluate
from solvers.flow.solution import Solution


def assemble(
    problem: FlowProblem, today: Today, found: Found, work: Work, meta: Mapping[str, Any], look: SecondLook
) -> Frontier:
    """Assemble the frontier of found plans; Today comes first."""
    solutions = [record.judged(problem.instance) for record in found.records]
    keys = [f"p{k + 1:03d}" for k in range(len(solutions))]
    shown = [show_today(problem, today)] + [
        show_solution(key, problem, s) for key, s in zip(keys, solutions, strict=True)
    ]
    draws = draw_world(problem, problem.scenario.frontier.risk_draws, work.seed)
    stands = _stands(today, solutions, shown)
    risk = risk_of(problem, stands, draws, work)
    plans = plans_table(problem, today, solutions, shown, risk, found)
    second = _second_look(problem, shown, plans, look, work.seed)
    certificate = _certificate(found, plans)
    tables = _detail_tables(problem, today, solutions, shown)
    tables |= carry_over_tables([view for view, name in zip(shown, plans["name"], strict=True) if name])
    tables["plans"] = plans
    tables["risk"] = risk_table(plans, risk)
    tables["attainment"] = attainment_table(risk, problem.scenario.frontier.headroom_levels)
    tables["prices"] = prices_table(plans, found.surface, problem.scenario.currency, _cx_step(problem))
    tables["assumptions"] = _assumptions(problem, solutions, plans)
    tables["bound"] = _bound_table(found.surface)
    tables["demand"] = demand_table(problem)
    tables["bridge"] = _bridge(problem, shown[0], look)
    add_sayings(problem, shown, tables, headline_of(plans), work)
    tables |= center_tables(problem)
    explanations = _explanations(problem, plans, tables["channel_mix"])
    why = "" if found.enumerated else rounding_words(problem, solutions, found.surface)
    explanations["today"] = "\n".join([explanations["today"], *bridge_words(tables["bridge"])])
    facts = dict(meta) | {
        "certificate_words": " ".join(
            filter(None, (certificate_words(certificate, keys, enumerated=found.enumerated), why))
        ),
        "skipped": list(work.skipped),
        "enumerated": found.enumerated,
        "objectives": described(found.objectives),
        "rescored": second,
        "risk": risk_facts(risk, problem.scenario.frontier.headroom_levels),
    }
    return Frontier(tables, certificate, explanations, facts)


def _stands(today: Today, solutions: list[Solution], shown: list[Shown]) -> list[Stand]:
    routing = today.routing
    decision = routing.with_people(today.on_task)
    stands = [Stand(decision, today.scheduled, today.cost - today.evaluation.variable_cost)]
    stands += [Stand(s.decision, s.scheduled, p.people_cost.money) for s, p in zip(shown[1:], solutions, strict=True)]
    return stands


def _second_look(
    problem: FlowProblem, shown: list[Shown], plans: pd.DataFrame, look: SecondLook, seed: int
) -> dict[str, Any]:
    """Score plans again with the customers who did not choose them; `{}` where nobody was left to do so."""
    if look.rescored is None:
        add_gains(plans, None)
        return {}
    other = problem_with(problem, look.rescored)
    before = [view.evaluation for view in shown]
    add_gains(plans, rescored_cx(other, [view.decision for view in shown], before))
    chosen = plans[plans["origin"] != "today"]
    found = optimism(
        chosen["gain"].to_numpy(float),
        chosen["gain_rescored"].to_numpy(float),
        sampling_sd(problem, other, before, seed),
    )
    return {**found, "plans": len(chosen), "words": optimism_words(found, plans)}


def _bridge(problem: FlowProblem, today: Shown, look: SecondLook) -> pd.DataFrame:
    """From the survey's mean to Today's CX; with the scores of all customers up to the last step."""
    whole, now = problem, today.evaluation
    if look.rescored is not None:
        whole = problem_with(problem, look.whole)
        now = evaluate(whole.network, whole.instance.promises, today.decision, known_headroom=np.nan, guess=now.state)
    return bridge_table(look.survey, whole, today.decision, now, today.evaluation.cx)


def _certificate(found: Found, plans: pd.DataFrame) -> Mapping[str, Any]:
    """The certificate; an enumerated grid is complete by construction."""
    rows = plans[plans["origin"] != "today"]
    if found.surface is None or rows.empty:
        return {}
    certificate = certify(found.surface, rows[["cx", "cost", "headroom"]].to_numpy(float))
    if found.enumerated:
        return {"model": 1.0, "resolution": 1.0, "ratio": 1.0, "reference": certificate["reference"]}
    return certificate


def _detail_tables(
    problem: FlowProblem, today: Today, solutions: list[Solution], shown: list[Shown]
) -> dict[str, pd.DataFrame]:
    none = np.zeros(len(problem.pools), dtype=np.int64)
    payroll = problem.instance.payroll
    heads = np.nan_to_num(np.where(payroll.rostered, payroll.heads, 0)).astype(np.int64)
    hires = [hires_table(shown[0], heads, none, none * 0.0, today.paid_h)]
    for view, solution in zip(shown[1:], solutions, strict=True):
        cost = solution.people_cost
        hires.append(hires_table(view, cost.heads_needed, cost.hires, cost.overtime_h, cost.paid_h))
    makers = {
        "staffing": staffing_table,
        "shifts": shifts_table,
        "flows": flows_table,
        "channel_mix": mix_table,
        "service": service_table,
        "costs": costs_table,
        "promises": promises_table,
        "segments": segments_table,
        "rules": rules_table,
        "overflow": overflow_table,
        "overflow_types": overflow_types_table,
    }
    tables = {name: stack([make(view) for view in shown]) for name, make in makers.items()}
    tables["hires"] = stack(hires)
    return tables


def _assumptions(problem: FlowProblem, solutions: list[Solution], plans: pd.DataFrame) -> pd.DataFrame:
    """Swings of the headline plan (cheapest no worse than Today, else the first)."""
    columns = ["input", "value", "low", "high", "source", "swing_cx", "swing_cost", "swing_headroom"]
    if not solutions:
        return pd.DataFrame(columns=columns)
    headline = solutions[plans["plan"].tolist().index(headline_of(plans)) - 1]
    rows = [
        (a.path, a.value, a.low, a.high, a.source or "stated", a.swing_cx, a.swing_cost, a.swing_headroom)
        for a in swings(problem, headline)
    ]
    return pd.DataFrame(rows, columns=columns)


def _bound_table(surface: OuterSurface | None) -> pd.DataFrame:
    rows = []
    if surface is not None:
        for k, level in enumerate(surface.levels):
            rows.append((level, np.nan, surface.cheapest[k]))
            rows += [(level, s, i) for s, i in zip(surface.slopes[k], surface.intercepts[k], strict=True)]
    return pd.DataFrame(rows, columns=["headroom", "slope", "intercept"])


def _cx_step(problem: FlowProblem) -> float:
    """A step of CX worth talking about: an eightieth of the scale (0.05 points on 1-5)."""
    low, high = problem.scenario.experience.scale
    return (high - low) / 80


def _explanations(problem: FlowProblem, plans: pd.DataFrame, mix: pd.DataFrame) -> dict[str, str]:
    today = plans.iloc[0]
    words = {"today": _today_words(today)}
    by_plan = dict(tuple(mix.groupby("plan")))
    for _, row in plans.iloc[1:].iterrows():
        price = next_point_price(plans, str(row["plan"]), problem.scenario.currency, _cx_step(problem))[0]
        moves = largest_moves(by_plan[row["plan"]])
        words[str(row["plan"])] = explain_plan(row, today, moves, price, problem.scenario.currency)
    return words


def _today_words(today: pd.Series) -> str:
    spare = (
        f"it could take {today['headroom']:.0%} more demand"
        if today["headroom"] >= 0
        else f"it keeps its caps and promises only at {-today['headroom']:.0%} less demand"
    )
    lost = f"{today['abandon_rate']:.1%} of waiting contacts abandon"
    return f"Today, evaluated by the same rules as every plan: {spare}; {lost}."
